package stripe

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// behavior is what a test card makes of payments.
type behavior struct {
	code, reason string // how it declines; empty: it does not
	later        bool   // it declines only what follows its first use on a page
	authenticate string // "once" or "always": each payment must be confirmed until one was, or each must be
	confirmed    bool   // the next payment has been confirmed
	after        string // "dispute" or "warning": what follows a payment
	refund       string // "succeeded" or "failed": what a refund becomes some seconds later
	bank         bool   // a bank account, which takes days to pay
}

// testCards are those numbers of Stripe's list that mean something; every other number with a right check digit pays.
var testCards = map[string]behavior{
	"4000000000000002": {code: "card_declined", reason: "generic_decline"},
	"4000000000009995": {code: "card_declined", reason: "insufficient_funds"},
	"4000000000009987": {code: "card_declined", reason: "lost_card"},
	"4000000000000069": {code: "expired_card"},
	"4000000000000127": {code: "incorrect_cvc"},
	"4000000000000119": {code: "processing_error"},
	"4000000000000341": {code: "card_declined", reason: "generic_decline", later: true},
	"4000002500003155": {authenticate: "once"},
	"4000002760003184": {authenticate: "always"},
	"4000000000000259": {after: "dispute"},
	"4000000000005423": {after: "warning"},
	"4000000000007726": {refund: "succeeded"},
	"4000000000005126": {refund: "failed"},
}

// readyMade are the payment methods that Stripe knows by name, with the card behind each.
var readyMade = map[string]string{
	"pm_card_visa":                   "4242424242424242",
	"pm_card_chargeDeclined":         "4000000000000002",
	"pm_card_chargeCustomerFail":     "4000000000000341",
	"pm_card_authenticationRequired": "4000002760003184",
	"pm_card_createDispute":          "4000000000000259",
}

// declines are what people are told, by the reason or the code of a decline.
var declines = map[string]string{
	"generic_decline":         "Your card was declined.",
	"insufficient_funds":      "Your card has insufficient funds.",
	"lost_card":               "Your card was declined.",
	"expired_card":            "Your card has expired.",
	"incorrect_cvc":           "Your card's security code is incorrect.",
	"processing_error":        "An error occurred while processing your card. Try again in a little bit.",
	"authentication_required": "Your card was declined. This transaction requires authentication.",
}

func declined(code, reason string) *apiError {
	told := object{}
	words := declines[code]
	if reason != "" {
		told["decline_code"], words = reason, declines[reason]
	}
	return &apiError{status: http.StatusPaymentRequired, kind: "card_error", code: code, message: words, more: told}
}

// entered is what somebody entered on a page. It never outlives the request: a payment method keeps the brand, the last
// four digits and the expiry.
type entered struct {
	number, country string
	name, email     string // may be empty
	month, year     int
	bank            bool
}

// readCard reads the fields card, expiry, cvc, country, name and e-mail, and tells mistakes in the words of Stripe's pages.
func readCard(values url.Values, now time.Time) (entered, *apiError) {
	card := entered{country: strings.ToUpper(strings.TrimSpace(values.Get("country"))), name: values.Get("name"), email: values.Get("email")}
	if len(card.country) != 2 {
		return card, coded("incomplete_country", "country", "Choose your country.")
	}
	if values.Get("method") == "bank" {
		card.bank = true
		return card, nil
	}
	card.number = strings.NewReplacer(" ", "", "-", "").Replace(values.Get("card"))
	if !luhn(card.number) {
		return card, coded("invalid_number", "card", "Your card number is invalid.")
	}
	month, year, _ := strings.Cut(strings.ReplaceAll(values.Get("expiry"), " ", ""), "/")
	card.month, _ = strconv.Atoi(month)
	card.year, _ = strconv.Atoi(year)
	if card.year < 100 {
		card.year += 2000
	}
	if card.month < 1 || card.month > 12 || year == "" {
		return card, coded("invalid_expiry", "expiry", "Your card's expiration date is incomplete.")
	}
	if !now.Before(time.Date(card.year, time.Month(card.month)+1, 1, 0, 0, 0, 0, time.UTC)) {
		return card, coded("invalid_expiry_year_past", "expiry", "Your card's expiration year is in the past.")
	}
	if code := values.Get("cvc"); len(code) < 3 || len(code) > 4 || strings.Trim(code, "0123456789") != "" {
		return card, coded("incomplete_cvc", "cvc", "Your card's security code is incomplete.")
	}
	return card, nil
}

// luhn says whether it is a card number by its length and check digit.
func luhn(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	sum := 0
	for i := range len(digits) {
		digit := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// paymentMethod makes a payment method of what was entered; customer may be empty.
func (w *world) paymentMethod(card entered, customer string) object {
	method := object{"id": newID("pm_"), "object": "payment_method", "customer": orNil(customer), "metadata": object{},
		"billing_details": object{"address": address(card.country), "email": orNil(card.email), "name": orNil(card.name), "phone": nil}}
	id := text(method, "id")
	if card.bank {
		method["type"] = "us_bank_account"
		method["us_bank_account"] = object{"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
			"financial_connections_account": nil, "fingerprint": newHex(8), "last4": "6789",
			"networks": object{"preferred": "ach", "supported": []any{"ach"}}, "routing_number": "110000000", "status_details": object{}}
		w.cards[id] = behavior{bank: true}
		return w.add(method)
	}
	brand := "visa"
	switch card.number[0] {
	case '5', '2':
		brand = "mastercard"
	case '3':
		brand = "amex"
	}
	method["type"] = "card"
	method["card"] = object{"brand": brand, "country": card.country, "display_brand": brand, "exp_month": card.month, "exp_year": card.year,
		"checks":      object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		"fingerprint": newHex(8), "funding": "credit", "generated_from": nil, "last4": card.number[len(card.number)-4:],
		"networks": object{"available": []any{brand}, "preferred": nil}, "three_d_secure_usage": object{"supported": true}, "wallet": nil}
	w.cards[id] = testCards[card.number]
	return w.add(method)
}

func address(country string) object {
	return object{"city": nil, "country": orNil(country), "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
}

func methodRoutes() map[string]handler {
	of := func(c *call, customer string) (any, *apiError) {
		return c.page("/v1/payment_methods", c.w.list("payment_method", func(o object) bool {
			return customer != "" && o["customer"] == customer && c.filter("type")(o)
		}))
	}
	return map[string]handler{
		"GET /v1/payment_methods":                func(c *call) (any, *apiError) { return of(c, c.form.text("customer")) },
		"GET /v1/customers/{id}/payment_methods": func(c *call) (any, *apiError) { return of(c, c.path["id"]) },
		"GET /v1/payment_methods/{id}":           retrieve("payment_method"),
		"POST /v1/payment_methods/{id}/attach":   attachMethod,
		"POST /v1/payment_methods/{id}/detach":   detachMethod,
	}
}

// attachMethod gives a customer a payment method; one that Stripe knows by name ("pm_card_visa") becomes a new one.
func attachMethod(c *call) (any, *apiError) {
	customer, failure := c.given("customer", "customer")
	if failure != nil {
		return nil, failure
	}
	var method object
	if digits, known := readyMade[c.path["id"]]; known {
		method = c.w.paymentMethod(entered{number: digits, country: "US", month: 12, year: c.w.now().Year() + 3}, "")
	} else if method, failure = c.named("payment_method"); failure != nil {
		return nil, failure
	}
	method["customer"] = customer["id"]
	card := c.w.cards[text(method, "id")]
	card.later = false // it declines from now on
	c.w.cards[text(method, "id")] = card
	c.w.emit("payment_method.attached", method)
	return method, nil
}

func detachMethod(c *call) (any, *apiError) {
	method, failure := c.named("payment_method")
	if failure != nil {
		return nil, failure
	}
	if method["customer"] == nil {
		return nil, invalid("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	c.w.detach(method)
	return method, nil
}

func (w *world) detach(method object) {
	previous := object{"customer": method["customer"]}
	method["customer"] = nil
	w.emitChange("payment_method.detached", method, previous)
}

// money writes an amount for people: $9.00, or 9.00 EUR.
func money(amount int64, currency string) string {
	if currency == "usd" {
		return fmt.Sprintf("$%d.%02d", amount/100, amount%100)
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, strings.ToUpper(currency))
}
