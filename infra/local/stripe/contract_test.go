package stripe

import (
	"strings"
	"testing"
)

// Each call of a bench is held against Stripe's description, so what is left is to call every route there is.
func TestEveryRouteAsksAndAnswersAsStripeDescribes(t *testing.T) {
	b := newBench(t)
	b.contractOfCustomers()
	b.contractOfCatalogue()
	b.contractOfPayments()
	b.contractOfPlans()
	b.contractOfReturns()
	b.contractOfEndpoints()
	for pattern := range routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if described, operation := describedAs(method, path); operation == nil || !b.asked[method+" "+described] {
			t.Errorf("%s was not called", pattern)
		}
	}
}

func (b *bench) contractOfCustomers() {
	customer := b.post("/v1/customers", "metadata[account]", "a", "email", "a@example.com", "name", "A", "description", "d",
		"phone", "+1 555 0100", "address[line1]", "1 Main St", "shipping[name]", "A", "shipping[address][line1]", "1 Main St")
	path := "/v1/customers/" + text(customer, "id")
	b.get(path)
	b.post(path, "metadata[account]", "", "metadata[other]", "b", "balance", "-100")
	b.get("/v1/customers", "limit", "3", "created[gte]", "1")
	b.get("/v1/customers/search", "query", "metadata['other']:'b'")
	b.post(path+"/balance_transactions", "amount", "50", "currency", "usd", "description", "d")
	b.get(path+"/balance_transactions", "limit", "1")
	method := b.post("/v1/payment_methods/pm_card_visa/attach", "customer", text(customer, "id"))
	b.post(path, "invoice_settings[default_payment_method]", text(method, "id"))
	b.get("/v1/payment_methods", "customer", text(customer, "id"), "type", "card")
	b.get(path+"/payment_methods", "type", "card")
	b.get("/v1/payment_methods/" + text(method, "id"))
	b.post("/v1/payment_methods/" + text(method, "id") + "/detach")
	b.post(path, "name", "", "email", "", "phone", "", "address", "", "shipping", "", "description", "", "metadata[other]", "")
	b.post(path, "metadata", "")
	b.delete(path)
	b.get(path)
	b.refused("POST", path, "name", "B")
}

func (b *bench) contractOfCatalogue() {
	price := b.price("Plus", "900", "month")
	product := text(b.get("/v1/prices/"+price, "expand[]", "product"), "product.id")
	b.get("/v1/products/" + product)
	b.post("/v1/products/"+product, "name", "Plus!", "metadata[tier]", "plus", "active", "true")
	b.get("/v1/products", "active", "true", "ids[0]", product)
	b.get("/v1/products/search", "query", "metadata['tier']:'plus'")
	b.post("/v1/prices/"+price, "nickname", "n", "lookup_key", "plus-monthly", "metadata[offer]", "plus-monthly")
	b.get("/v1/prices", "lookup_keys[0]", "plus-monthly", "product", product, "expand[]", "data.product")
	b.get("/v1/prices/search", "query", "metadata['offer']:'plus-monthly'")
	b.post("/v1/prices", "product_data[name]", "200 credits", "unit_amount", "500", "currency", "usd")
	b.refused("GET", "/v1/prices/price_none")
}

func (b *bench) contractOfPlans() {
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242", "metadata[account]", "a")
	path, customer := "/v1/subscriptions/"+text(sub, "id"), text(sub, "customer")
	b.get(path, "expand[]", "latest_invoice.payment_intent.latest_charge", "expand[]", "customer", "expand[]", "default_payment_method")
	b.get("/v1/subscriptions", "customer", customer, "status", "all", "price", plus)
	b.get("/v1/subscription_items", "subscription", text(sub, "id"))
	b.pass(10 * oneDay)
	b.get("/v1/invoices/upcoming", "subscription", text(sub, "id"), "subscription_items[0][id]", text(parts(sub, "items")[0], "id"),
		"subscription_items[0][price]", pro, "subscription_proration_behavior", "always_invoice")
	invoice := b.changed(sub, pro)
	b.get("/v1/invoices/" + text(invoice, "id"))
	b.get("/v1/invoices/"+text(invoice, "id")+"/lines", "limit", "1")
	b.get("/v1/invoices", "customer", customer, "status", "paid", "subscription", text(sub, "id"), "expand[]", "data.payment_intent")
	b.post(path, "default_payment_method", b.card(customer, "4000000000000002"), "cancel_at_period_end", "true",
		"cancellation_details[feedback]", "unused", "cancellation_details[comment]", "c")
	b.post(path, "cancel_at_period_end", "false")
	b.contractOfUnpaid(path, customer)
	b.contractOfPortal(customer, plus, pro)
	b.delete(path, "invoice_now", "false", "prorate", "false")
	b.trialEnds(plus)
}

// contractOfUnpaid makes invoices that are not paid, each of which ends in another way.
func (b *bench) contractOfUnpaid(path, customer string) {
	for _, end := range []string{"void", "mark_uncollectible", "pay"} {
		b.post(path, "pause_collection[behavior]", "keep_as_draft")
		b.pass(31 * oneDay)
		invoice := "/v1/invoices/" + text(b.get(path), "latest_invoice")
		b.post(invoice + "/finalize")
		b.post(path, "pause_collection", "")
		if end == "pay" {
			b.refused("POST", invoice+"/pay")
			b.post(invoice+"/pay", "payment_method", b.card(customer, "4242424242424242"))
		} else {
			b.post(invoice + "/" + end)
		}
	}
}

func (b *bench) contractOfPortal(customer string, prices ...string) {
	session := b.portal(customer, nil, prices...)
	b.visit("GET", session)
	setup := parts(b.get("/v1/billing_portal/configurations", "active", "true", "is_default", "false",
		"expand[]", "data.features.subscription_update.products"), "data")[0]
	path := "/v1/billing_portal/configurations/" + text(setup, "id")
	b.get(path)
	b.post(path, "metadata[made_by]", "us", "features[customer_update][enabled]", "false", "features[customer_update][allowed_updates]", "",
		"default_return_url", "https://example.com/")
}

// trialEnds lets trials without a payment method end, in a pause from which a subscription wakes.
func (b *bench) trialEnds(price string) {
	customer := text(b.post("/v1/customers"), "id")
	sub := b.post("/v1/subscriptions", "customer", customer, "items[0][price]", price, "trial_period_days", "3",
		"trial_settings[end_behavior][missing_payment_method]", "pause")
	b.pass(4 * oneDay)
	b.post("/v1/subscriptions/"+text(sub, "id"), "default_payment_method", b.card(customer, "4242424242424242"))
	b.post("/v1/subscriptions/" + text(sub, "id") + "/resume")
}

func (b *bench) contractOfEndpoints() {
	endpoint := b.post("/v1/webhook_endpoints", "url", "http://127.0.0.1:1/nobody", "enabled_events[0]", "invoice.paid", "api_version", Version)
	path := "/v1/webhook_endpoints/" + text(endpoint, "id")
	b.get(path)
	b.get("/v1/webhook_endpoints", "limit", "100")
	b.post(path, "disabled", "true", "url", "http://127.0.0.1:1/none", "enabled_events[0]", "invoice.paid")
	b.delete(path)
	event := parts(b.get("/v1/events", "type", "invoice.paid", "limit", "1"), "data")[0]
	b.get("/v1/events/" + text(event, "id"))
}

// bought pays a Checkout session on its page, and gives the session.
func (b *bench) bought(card string, fields ...string) object {
	b.t.Helper()
	session := b.post("/v1/checkout/sessions", append([]string{"success_url", b.origin + "/?session_id={CHECKOUT_SESSION_ID}",
		"cancel_url", b.origin + "/?canceled=1", "line_items[0][quantity]", "1", "billing_address_collection", "auto"}, fields...)...)
	b.visit("POST", text(session, "url"), "card", card, "expiry", "12 / 36", "cvc", "123", "country", "US")
	return b.get("/v1/checkout/sessions/"+text(session, "id"), "expand[]", "payment_intent.latest_charge", "expand[]", "line_items",
		"expand[]", "subscription.latest_invoice")
}

func (b *bench) contractOfPayments() {
	customer := text(b.post("/v1/customers"), "id")
	price := text(b.post("/v1/prices", "product_data[name]", "200 credits", "unit_amount", "500", "currency", "usd"), "id")
	pack := []string{"mode", "payment", "customer", customer, "line_items[0][price]", price, "metadata[account]", "a",
		"payment_intent_data[metadata][account]", "a"}
	session := b.bought("4242424242424242", pack...)
	path := "/v1/checkout/sessions/" + text(session, "id")
	b.get(path + "/line_items")
	b.get("/v1/checkout/sessions", "customer", customer, "limit", "100", "created[gte]", "1")
	b.refused("POST", path+"/expire")
	open := b.bought("4000000000000002", pack...)
	b.post("/v1/checkout/sessions/" + text(open, "id") + "/expire")
	intent := text(session, "payment_intent.id")
	b.get("/v1/payment_intents/"+intent, "expand[]", "latest_charge", "expand[]", "customer")
	b.post("/v1/payment_intents/"+intent, "metadata[more]", "b", "description", "d")
	b.get("/v1/payment_intents", "customer", customer)
	b.get("/v1/payment_intents/search", "query", "metadata['account']:'a'")
	b.post("/v1/payment_intents/"+text(open, "payment_intent.id")+"/cancel", "cancellation_reason", "abandoned")
	b.get("/v1/charges/"+text(session, "payment_intent.latest_charge.id"), "expand[]", "balance_transaction", "expand[]", "refunds")
	b.get("/v1/charges", "payment_intent", intent)
	b.get("/v1/charges/search", "query", "metadata['account']:'a'")
	plan := b.bought("4242424242424242", "mode", "subscription", "customer", customer, "line_items[0][price]", b.price("Plus", "900", "month"),
		"subscription_data[metadata][account]", "a", "metadata[account]", "a")
	if text(plan, "subscription.status") != "active" || text(plan, "payment_status") != "paid" || number(plan, "subscription.latest_invoice.amount_paid") != 900 {
		b.t.Errorf("the plan's session is %v", plan)
	}
}
