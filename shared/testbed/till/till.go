// Package till lets tests be everybody at Stripe's side of the counter: who pays, who refunds, which bank disputes.
package till

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed"
)

// Cards of Stripe's test mode.
const (
	Visa      = "4242424242424242"
	Declined  = "4000000000000002"
	NoFunds   = "4000000000009995"
	Challenge = "4000002500003155"
	Disputed  = "4000000000000259"
	Warned    = "4000000000005423"
)

// Till is an account at Stripe of the test's own, with the catalogue set up in it.
type Till struct {
	testbed.StripeAddress
	Stripe *payment.Stripe
	Prices offer.Prices
	t      testing.TB
	clock  string
}

// Object is one of Stripe's objects as its JSON.
type Object map[string]any

// Text is a field at a path such as "data.object.id", "" if it is none.
func (o Object) Text(path string) string {
	text, _ := o.at(path).(string)
	return text
}

// Number is a field at a path, 0 if it is none.
func (o Object) Number(path string) int64 {
	number, _ := o.at(path).(float64)
	return int64(number)
}

func (o Object) at(path string) any {
	var value any = map[string]any(o)
	for name := range strings.SplitSeq(path, ".") {
		in, _ := value.(map[string]any)
		value = in[name]
	}
	return value
}

// Open sets up the catalogue in an empty account.
func Open(t testing.TB) *Till {
	t.Helper()
	till := &Till{StripeAddress: testbed.Stripe(t), t: t}
	till.Stripe = payment.Open(till.URL, till.Key)
	made, err := till.Stripe.Setup(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if till.Prices, err = offer.Parse(made.Prices); err != nil {
		t.Fatal(err)
	}
	return till
}

// Post asks Stripe's API for something; names and values alternate.
func (till *Till) Post(path string, pairs ...string) Object {
	till.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return till.do(http.MethodPost, path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// Get reads from Stripe's API.
func (till *Till) Get(path string) Object {
	till.t.Helper()
	return till.do(http.MethodGet, path, "", nil)
}

// Delete ends something by Stripe's API.
func (till *Till) Delete(path string) Object {
	till.t.Helper()
	return till.do(http.MethodDelete, path, "", nil)
}

// Arrange asks the stand-in for what Stripe, a bank or a person does by itself.
func (till *Till) Arrange(path string, asked any) Object {
	till.t.Helper()
	body, err := json.Marshal(asked)
	if err != nil {
		till.t.Fatal(err)
	}
	return till.do(http.MethodPost, "/_control/"+path, "application/json", body)
}

func (till *Till) do(method, path, contentType string, body []byte) Object {
	till.t.Helper()
	request, err := http.NewRequestWithContext(till.t.Context(), method, till.URL+path, bytes.NewReader(body))
	if err != nil {
		till.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+till.Key)
	request.Header.Set("Stripe-Version", "2023-10-16")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		till.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		till.t.Fatal(err)
	}
	var object Object
	if response.StatusCode >= 300 || json.Unmarshal(text, &object) != nil {
		till.t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
	}
	return object
}

// Customer makes the customer of an account.
func (till *Till) Customer(account string) string {
	till.t.Helper()
	id, err := till.Stripe.CreateCustomer(till.t.Context(), account, "customer-of-"+account)
	if err != nil {
		till.t.Fatal(err)
	}
	return id
}

// Buy lets a customer pay for an offer by card, as our checkout asks for it, and gives the finished session.
func (till *Till) Buy(customer, account, offerID, card string) payment.Session {
	till.t.Helper()
	session := till.Order(customer, account, offerID)
	till.Arrange("pay", map[string]string{"session": session.ID, "card": card})
	session, err := till.Stripe.Session(till.t.Context(), session.ID)
	if err != nil {
		till.t.Fatal(err)
	}
	return session
}

// Order opens a checkout for an offer.
func (till *Till) Order(customer, account, offerID string) payment.Session {
	till.t.Helper()
	o, _ := offer.Find(offerID)
	session, err := till.Stripe.Checkout(till.t.Context(), payment.CheckoutOrder{
		Customer: customer, Account: account, Offer: o.ID, Price: till.Prices.Price(o.ID), Plan: o.Kind == offer.Plan,
		SuccessURL: "https://nanoflux.ai/checkout/return?session_id={CHECKOUT_SESSION_ID}", CancelURL: "https://nanoflux.ai/checkout/return?canceled=1",
	})
	if err != nil {
		till.t.Fatal(err)
	}
	return session
}

// Change puts a subscription on another price, as the portal does: at once, and invoiced.
func (till *Till) Change(subscription, offerID string) {
	till.t.Helper()
	item := till.Get("/v1/subscriptions/" + subscription)
	items := item.at("items.data").([]any)
	till.Post("/v1/subscriptions/"+subscription, "items[0][id]", Object(items[0].(map[string]any)).Text("id"),
		"items[0][price]", till.Prices.Price(offerID), "proration_behavior", "always_invoice")
}

// Refund gives money of a payment back.
func (till *Till) Refund(paymentID string, amount string) Object {
	till.t.Helper()
	return till.Post("/v1/refunds", "payment_intent", paymentID, "amount", amount)
}

// Advance lets time pass at Stripe: renewals, retries, trials' ends.
func (till *Till) Advance(to time.Time) {
	till.t.Helper()
	seconds := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	if till.clock == "" {
		till.clock = till.Post("/v1/test_helpers/test_clocks", "frozen_time", seconds(time.Now())).Text("id")
	}
	till.Post("/v1/test_helpers/test_clocks/"+till.clock+"/advance", "frozen_time", seconds(to))
}

// Events are all that happened, in order, as Stripe tells them.
func (till *Till) Events() []Object {
	till.t.Helper()
	var events []Object
	for _, event := range till.do(http.MethodGet, "/_control/events", "", nil).at("events").([]any) {
		events = append(events, event.(map[string]any)["event"].(map[string]any))
	}
	return events
}
