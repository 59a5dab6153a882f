package stripe

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// portal opens the portal for a customer, who may change between the prices, and gives its address.
func (b *bench) portal(customer string, more []string, prices ...string) string {
	b.t.Helper()
	fields := append([]string{"features[subscription_update][enabled]", "true", "features[subscription_update][proration_behavior]", "always_invoice",
		"features[subscription_update][default_allowed_updates][0]", "price", "features[subscription_cancel][enabled]", "true",
		"features[invoice_history][enabled]", "true", "features[payment_method_update][enabled]", "true",
		"business_profile[headline]", "Our plans"}, more...)
	for i, price := range prices {
		at := "features[subscription_update][products][" + string(rune('0'+i)) + "]"
		fields = append(fields, at+"[product]", text(b.get("/v1/prices/"+price), "product"), at+"[prices][0]", price)
	}
	setup := b.post("/v1/billing_portal/configurations", fields...)
	session := b.post("/v1/billing_portal/sessions", "customer", customer, "configuration", text(setup, "id"), "return_url", "https://example.com/billing")
	return text(session, "url")
}

// visit asks for a page, or sends its form, and gives what is shown then.
func (b *bench) visit(method, address string, fields ...string) (int, string) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	request, err := http.NewRequest(method, address, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(page)
}

func (b *bench) shows(page string, all ...string) {
	b.t.Helper()
	for _, some := range all {
		if !strings.Contains(page, some) {
			b.t.Errorf("the page does not show %q:\n%s", some, page)
		}
	}
}

func TestThePortalChangesThePlanAndSaysBeforeWhatItCosts(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	b.pass(14 * oneDay)
	address := b.portal(text(sub, "customer"), nil, plus, pro)
	_, page := b.visit("GET", address)
	b.shows(page, "Our plans", "Renews on 28 February 2026.", `id="plan-`+plus+`" value="`+plus+`" required disabled`, `id="plan-`+pro+`"`,
		"You pay $10.00 now, then $29.00 a month.", `id="confirm"`, `id="cancel"`, `id="back" href="https://example.com/billing"`, "visa •••• 4242")
	_, page = b.visit("POST", address+"/plan", "price", pro)
	b.shows(page, "Your plan is changed.", `<b id="plan">Pro</b>`, "You get a credit of $10.00 for your next invoices, then pay $9.00 a month.")
	invoices := parts(b.get("/v1/invoices", "subscription", text(sub, "id")), "data")
	if len(invoices) != 2 || number(invoices[0], "amount_paid") != 1000 {
		t.Fatalf("the invoices are %v", invoices)
	}
	b.shows(page, text(invoices[0], "hosted_invoice_url"), text(invoices[1], "number"))
	_, page = b.visit("GET", text(invoices[0], "hosted_invoice_url"))
	b.shows(page, "Unused time on Plus after 14 Feb 2026", "−$4.50", `id="paid">$10.00</td>`)
	status, page := b.visit("POST", address+"/plan", "price", pro)
	if status != http.StatusUnprocessableEntity {
		t.Errorf("the same plan again answers %d", status)
	}
	b.shows(page, `role="alert"`)
}

func TestThePortalKeepsThePlanWhoseChangeIsDeclined(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	b.post("/v1/subscriptions/"+text(sub, "id"), "default_payment_method", b.card(text(sub, "customer"), "4000000000000002"))
	address := b.portal(text(sub, "customer"), nil, plus, pro)
	_, page := b.visit("POST", address+"/plan", "price", pro)
	b.shows(page, "Your card was declined. Your plan stays as it is.", `<b id="plan">Plus</b>`)
}

func TestThePortalCancelsAndKeepsAPlan(t *testing.T) {
	b := newBench(t)
	plus := b.price("Plus", "900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	address, path := b.portal(text(sub, "customer"), nil, plus), "/v1/subscriptions/"+text(sub, "id")
	_, page := b.visit("POST", address+"/cancel")
	b.shows(page, "Ends on 28 February 2026.", `id="resume"`)
	if !truth(b.get(path), "cancel_at_period_end") {
		t.Error("the plan goes on")
	}
	_, page = b.visit("POST", address+"/resume")
	b.shows(page, "Renews on 28 February 2026.", `id="cancel"`)
	at := b.portal(text(sub, "customer"), []string{"features[subscription_cancel][mode]", "immediately"}, plus)
	_, page = b.visit("POST", at+"/cancel")
	b.shows(page, "You have no plan.")
	if got := b.get(path); got["status"] != "canceled" {
		t.Errorf("the plan is %v", got["status"])
	}
}

func TestAnOpenInvoiceIsPaidOnItsPageWithANewCard(t *testing.T) {
	b := newBench(t)
	plus := b.price("Plus", "900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.post(path, "default_payment_method", b.card(text(sub, "customer"), "4000000000000002"))
	b.pass(28*oneDay + 2*time.Hour)
	address := b.portal(text(sub, "customer"), nil, plus)
	invoice := text(b.get(path, "expand[]", "latest_invoice"), "latest_invoice.hosted_invoice_url")
	_, page := b.visit("GET", address)
	b.shows(page, "The last payment failed.", `id="owing" href="`+invoice+`"`)
	_, page = b.visit("POST", invoice+"/pay")
	b.shows(page, "Your card was declined.", "Pay $9.00")
	_, page = b.visit("POST", address+"/card", "card", "4242 4242 4242 4242", "expiry", "12 / 36", "cvc", "123", "country", "US")
	b.shows(page, "Your card is changed.", "visa •••• 4242")
	_, page = b.visit("POST", invoice+"/pay")
	b.shows(page, `<b id="status">paid</b>`)
	if got := b.get(path)["status"]; got != "active" {
		t.Errorf("the plan is %v", got)
	}
}

func TestTheProductsOfAPortalAreToldToWhoExpandsThem(t *testing.T) {
	b := newBench(t)
	b.portal(text(b.post("/v1/customers"), "id"), nil, b.price("Plus", "900", "month"))
	const field = "features.subscription_update.products"
	path := "/v1/billing_portal/configurations"
	short := parts(b.get(path), "data")[0]
	if at(short, field) != nil || at(b.get(path+"/"+text(short, "id")), field) != nil {
		t.Error("the products are told without being asked for")
	}
	if got := parts(parts(b.get(path, "expand[]", "data."+field), "data")[0], field); len(got) != 1 {
		t.Errorf("expanded they are %v", got)
	}
}

func TestAPortalNeedsAConfigurationAndACustomer(t *testing.T) {
	b := newBench(t)
	customer := text(b.post("/v1/customers"), "id")
	if got := b.refused("POST", "/v1/billing_portal/sessions", "customer", customer); !strings.HasPrefix(got, "No configuration provided") {
		t.Errorf("without a configuration: %s", got)
	}
	if got := b.refused("POST", "/v1/billing_portal/sessions", "customer", "cus_none"); got != "resource_missing" {
		t.Errorf("without a customer: %s", got)
	}
	if status, _ := b.visit("GET", b.origin+"/p/session/bps_none"); status != http.StatusNotFound {
		t.Errorf("a session that is not there answers %d", status)
	}
	first, second := b.price("Plus", "900", "month"), ""
	product := text(b.get("/v1/prices/"+first), "product")
	second = text(b.post("/v1/prices", "product", product, "unit_amount", "800", "currency", "usd", "recurring[interval]", "month"), "id")
	at := "features[subscription_update][products][0]"
	if got := b.refused("POST", "/v1/billing_portal/configurations", at+"[product]", product, at+"[prices][0]", first, at+"[prices][1]", second); !strings.Contains(got, "interval") {
		t.Errorf("two prices for a month: %s", got)
	}
}
