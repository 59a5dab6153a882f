package stripe

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	stripego "github.com/stripe/stripe-go/v76"
)

// planted is in every field of a customer's that says who somebody is.
const planted = "Planted"

// person makes a customer of whom everything is known, by Stripe's own client: under a key, whose answer is kept.
func (b *bench) person(who string) string {
	b.t.Helper()
	address := &stripego.AddressParams{Line1: stripego.String(who + " St"), Country: stripego.String("DE")}
	order := keyed("key-"+who[:1], who)
	order.Email, order.Phone, order.Address = stripego.String(who+"@example.com"), stripego.String("+49"+who), address
	order.Description, order.Metadata = stripego.String(who), map[string]string{"account": "a-" + who, "nickname": who}
	order.Shipping = &stripego.CustomerShippingParams{Name: stripego.String(who), Address: address}
	made, err := b.stripeGo().Customers.New(order)
	if err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

// buys lets a customer leave traces: a plan, a pack, a declined card, an aborted authentication, an open page, a dispute.
func (b *bench) buys(customer, who string) (open string) {
	b.t.Helper()
	plan, pack := b.price("Plus", "900", "month"), text(b.post("/v1/prices", "product_data[name]", "200 credits", "unit_amount", "500", "currency", "usd"), "id")
	order := func(mode, price string, more ...string) string {
		return text(b.post("/v1/checkout/sessions", append(more, "mode", mode, "customer", customer, "success_url", b.origin,
			"line_items[0][price]", price, "line_items[0][quantity]", "1")...), "id")
	}
	pay := func(session, card, confirm string) object {
		_, answer := b.commanded("POST", "/_control/pay", object{"session": session, "card": card, "confirm": confirm, "name": who,
			"email": who + "@example.com"}, nil)
		return answer
	}
	pay(order("subscription", plan), "4242424242424242", "")
	pay(order("subscription", plan), "4000000000000002", "")
	pay(order("payment", pack), "4000002760003184", "fail")
	pay(order("payment", pack), "4000002760003184", "")
	disputed := text(pay(order("payment", pack), "4000000000000259", ""), "session.payment_intent")
	dispute := parts(b.get("/v1/disputes", "payment_intent", disputed), "data")[0]
	b.post("/v1/disputes/"+text(dispute, "id"), "evidence[customer_name]", who, "evidence[customer_email_address]", who+"@example.com")
	open = order("payment", pack, "payment_intent_data[receipt_email]", who+"@example.com")
	pay(open, "4000000000000002", "")
	b.portal(customer, nil, plan)
	return open
}

func (b *bench) kept() string {
	b.t.Helper()
	var file bytes.Buffer
	if err := b.server.Save(&file); err != nil {
		b.t.Fatal(err)
	}
	return file.String()
}

func TestNothingOfADeletedCustomerIsKept(t *testing.T) {
	b := newBench(t)
	customer, other := b.person(planted), b.person("Neighbour")
	open := b.buys(customer, planted)
	b.buys(other, "Neighbour")
	neighbour := strings.Count(b.kept(), "Neighbour")
	if before := strings.Count(b.kept(), planted); before < 40 || before != neighbour {
		t.Fatalf("it is planted %d times, the neighbour %d times", before, neighbour)
	}
	path := "/v1/customers/" + customer
	b.post(path, "name", "", "email", "", "phone", "", "address", "", "shipping", "", "description", "", "metadata", "")
	if now := b.get(path); now["name"] != nil || now["shipping"] != nil || now["address"] != nil || len(part(now, "metadata")) != 0 {
		t.Errorf("blanked it is %v", now)
	}
	b.delete(path)
	for where, text := range map[string]string{"file": b.kept(), "events": inJSON(t, b.command("GET", "/_control/events", nil))} {
		if at := strings.Index(text, planted); at >= 0 {
			t.Errorf("in the %s is kept …%s", where, text[max(0, at-300):at+20])
		}
	}
	if after := strings.Count(b.kept(), "Neighbour"); after != neighbour {
		t.Errorf("of %d traces of somebody else %d are left", neighbour, after)
	}
	if status := b.get("/v1/checkout/sessions/" + open)["status"]; status != "expired" {
		t.Errorf("the open page is %v", status)
	}
	for _, charge := range parts(b.get("/v1/charges", "customer", customer), "data") {
		if number(charge, "amount") == 0 {
			t.Errorf("a payment is %v", charge)
		}
	}
}

func TestADeletedCustomerIsDeletedForEverybody(t *testing.T) {
	b := newBench(t)
	customer := b.person(planted)
	b.buys(customer, planted)
	path := "/v1/customers/" + customer
	saved := parts(b.get(path+"/payment_methods"), "data")
	if gone := b.delete(path); !truth(gone, "deleted") || !truth(b.get(path), "deleted") {
		t.Errorf("deleted is %v", gone)
	}
	if len(saved) == 0 || b.get("/v1/payment_methods/" + text(saved[0], "id"))["customer"] != nil {
		t.Errorf("of %d payment methods the first is still the customer's", len(saved))
	}
	if found := parts(b.get("/v1/customers/search", "query", "metadata['account']:'a-"+planted+"'"), "data"); len(found) != 0 {
		t.Errorf("found is %v", found)
	}
	if live := parts(b.get("/v1/subscriptions", "customer", customer), "data"); len(live) != 0 {
		t.Errorf("live are %v", live)
	}
	for _, kind := range []string{"customer.deleted", "customer.subscription.deleted", "payment_method.detached"} {
		if !slices.Contains(b.events(kind), kind) {
			t.Errorf("nobody is told of %s", kind)
		}
	}
	b.refused("DELETE", path)
	b.refused("POST", "/v1/payment_methods/pm_card_visa/attach", "customer", customer)
	b.refused("POST", "/v1/checkout/sessions", "mode", "payment", "customer", customer, "success_url", b.origin)
}

func TestACallerWithTheSameKeyGetsWhatIsLeftOfTheAnswer(t *testing.T) {
	b := newBench(t)
	customer := b.person(planted)
	b.delete("/v1/customers/" + customer)
	if again := b.person(planted); again != customer {
		t.Errorf("the key of %s makes %s", customer, again)
	}
}
