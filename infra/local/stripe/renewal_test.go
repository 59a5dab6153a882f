package stripe

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

const oneDay = 24 * time.Hour

// price makes a product with a price of so many cents a month or year.
func (b *bench) price(name, amount, interval string) string {
	b.t.Helper()
	product := b.post("/v1/products", "name", name)
	return text(b.post("/v1/prices", "product", text(product, "id"), "unit_amount", amount, "currency", "usd",
		"recurring[interval]", interval), "id")
}

// subscribed gives a customer's fresh subscription to a price, paid with a card.
func (b *bench) subscribed(price, card string, more ...string) object {
	b.t.Helper()
	customer := text(b.post("/v1/customers"), "id")
	method := b.card(customer, card)
	return b.post("/v1/subscriptions", append([]string{"customer", customer, "items[0][price]", price, "default_payment_method", method}, more...)...)
}

// card gives the customer a card as the pages do.
func (b *bench) card(customer, number string) string {
	w, _ := b.server.worldOf(b.key)
	w.mu.Lock()
	defer w.mu.Unlock()
	return text(w.paymentMethod(entered{number: number, country: "US", month: 12, year: 2036}, customer), "id")
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestAPlanRenewsAndItsInvoiceIsPaidAnHourLater(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	if sub["status"] != "active" {
		t.Fatalf("the subscription is %v", sub["status"])
	}
	b.pass(28*oneDay + time.Minute)
	sub = b.get(path, "expand[]", "latest_invoice")
	if end := time.Unix(number(sub, "current_period_end"), 0).UTC(); end != time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC) {
		t.Errorf("the second period ends at %s", end)
	}
	if status := text(sub, "latest_invoice.status"); status != "draft" {
		t.Errorf("at first the renewal's invoice is %s", status)
	}
	b.pass(time.Hour)
	invoice := b.get("/v1/invoices/" + text(sub, "latest_invoice.id"))
	if invoice["status"] != "paid" || number(invoice, "amount_paid") != 900 || invoice["billing_reason"] != "subscription_cycle" {
		t.Errorf("an hour later it is %v with %v paid, because of %v", invoice["status"], invoice["amount_paid"], invoice["billing_reason"])
	}
	want := []string{"invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded"}
	if got := b.events("invoice."); !slices.Equal(got, append(slices.Clone(want), want...)) {
		t.Errorf("the invoices' events are %v", got)
	}
}

func TestAPlanOfTheThirtyFirstComesBackToIt(t *testing.T) {
	anchor := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).Unix()
	price := object{"recurring": object{"interval": "month", "interval_count": 1}}
	start := anchor
	for _, want := range []string{"28 February 2026", "31 March 2026", "30 April 2026", "31 May 2026"} {
		start = nextPeriod(anchor, start, price)
		if got := longDay(start); got != want {
			t.Errorf("a period ends on %s instead of %s", got, want)
		}
	}
	leap := time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC).Unix()
	if got := longDay(nextPeriod(leap, leap, object{"recurring": object{"interval": "year"}})); got != "28 February 2029" {
		t.Errorf("a year after a leap day ends on %s", got)
	}
}

func TestADeclinedRenewalIsTriedAgainUntilItEnds(t *testing.T) {
	for _, after := range []string{"", "canceled", "past_due"} {
		b := newBench(t)
		w, _ := b.server.worldOf(b.key)
		w.billing.afterRetries = after
		sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
		path := "/v1/subscriptions/" + text(sub, "id")
		b.post(path, "default_payment_method", b.card(text(sub, "customer"), "4000000000000002"))
		b.pass(28*oneDay + 2*time.Hour)
		sub = b.get(path, "expand[]", "latest_invoice")
		if sub["status"] != "past_due" || text(sub, "latest_invoice.status") != "open" || number(sub, "latest_invoice.attempt_count") != 1 {
			t.Fatalf("after a decline the subscription is %v", sub["status"])
		}
		intent := text(sub, "latest_invoice.payment_intent")
		b.pass(9 * oneDay)
		if got := b.get(path)["status"]; got != "past_due" {
			t.Errorf("before the last attempt it is %v", got)
		}
		b.pass(7 * oneDay)
		sub = b.get(path, "expand[]", "latest_invoice")
		want := after
		if want == "" {
			want = "unpaid"
		}
		if sub["status"] != want || number(sub, "latest_invoice.attempt_count") != 4 || text(sub, "latest_invoice.payment_intent") != intent {
			t.Errorf("after %d attempts it is %v instead of %s", number(sub, "latest_invoice.attempt_count"), sub["status"], want)
		}
		if want == "canceled" && text(sub, "cancellation_details.reason") != "payment_failed" {
			t.Errorf("it is canceled because of %q", text(sub, "cancellation_details.reason"))
		}
	}
}

func TestAPastDuePlanIsActiveAgainOnceItsInvoiceIsPaid(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.post(path, "default_payment_method", b.card(text(sub, "customer"), "4000000000000002"))
	b.pass(28*oneDay + 2*time.Hour)
	invoice := text(b.get(path), "latest_invoice")
	if code := b.refused("POST", "/v1/invoices/"+invoice+"/pay"); code != "card_declined" {
		t.Errorf("paying with the same card says %s", code)
	}
	paid := b.post("/v1/invoices/"+invoice+"/pay", "payment_method", b.card(text(sub, "customer"), "4242424242424242"))
	if paid["status"] != "paid" || b.get(path)["status"] != "active" {
		t.Errorf("the invoice is %v, the plan %v", paid["status"], b.get(path)["status"])
	}
}

func TestATrialIsFreeIsAnnouncedAndThenPaid(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242", "trial_period_days", "7")
	path := "/v1/subscriptions/" + text(sub, "id")
	first := b.get("/v1/invoices/" + text(sub, "latest_invoice"))
	if sub["status"] != "trialing" || first["status"] != "paid" || number(first, "total") != 0 || first["payment_intent"] != nil {
		t.Errorf("the trial is %v, its invoice %v of %v", sub["status"], first["status"], first["total"])
	}
	b.pass(4*oneDay + time.Second)
	if got := b.events("customer.subscription.trial"); len(got) != 1 {
		t.Errorf("three days before its end %v was told", got)
	}
	b.pass(3*oneDay + 2*time.Hour)
	sub = b.get(path, "expand[]", "latest_invoice")
	if sub["status"] != "active" || number(sub, "latest_invoice.amount_paid") != 900 {
		t.Errorf("after it the plan is %v, with %v paid", sub["status"], number(sub, "latest_invoice.amount_paid"))
	}
}

func TestATrialWithoutACardPausesAndWakes(t *testing.T) {
	b := newBench(t)
	customer := text(b.post("/v1/customers"), "id")
	sub := b.post("/v1/subscriptions", "customer", customer, "items[0][price]", b.price("Plus", "900", "month"), "trial_period_days", "7",
		"trial_settings[end_behavior][missing_payment_method]", "pause")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.pass(7*oneDay + time.Hour)
	if got := b.get(path)["status"]; got != "paused" {
		t.Fatalf("the trial's end made it %v", got)
	}
	b.pass(90 * oneDay)
	b.post(path, "default_payment_method", b.card(customer, "4242424242424242"))
	sub = b.post(path+"/resume", "expand[]", "latest_invoice")
	if sub["status"] != "active" || number(sub, "latest_invoice.amount_paid") != 900 {
		t.Errorf("resumed it is %v, with %v paid", sub["status"], number(sub, "latest_invoice.amount_paid"))
	}
	if got := b.events("customer.subscription.pause"); len(got) != 1 {
		t.Errorf("told of the pause: %v", got)
	}
}

func TestAPlanEndsAtItsPeriodsEndOrAtOnce(t *testing.T) {
	b := newBench(t)
	price := b.price("Plus", "900", "month")
	sub := b.subscribed(price, "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.post(path, "cancel_at_period_end", "true")
	kept := b.post(path, "cancel_at_period_end", "false")
	if kept["cancel_at"] != nil || kept["canceled_at"] != nil {
		t.Errorf("kept after all, it still says it ends at %v", kept["cancel_at"])
	}
	leaving := b.post(path, "cancel_at_period_end", "true")
	if leaving["cancel_at"] != leaving["current_period_end"] || leaving["status"] != "active" {
		t.Errorf("it ends at %v and is %v", leaving["cancel_at"], leaving["status"])
	}
	b.pass(28*oneDay + 2*time.Hour)
	if gone := b.get(path); gone["status"] != "canceled" || gone["ended_at"] != leaving["cancel_at"] {
		t.Errorf("at its end it is %v since %v", gone["status"], gone["ended_at"])
	}
	if invoices := parts(b.get("/v1/invoices", "subscription", text(sub, "id")), "data"); len(invoices) != 1 {
		t.Errorf("it had %d invoices", len(invoices))
	}
	if code := b.refused("DELETE", path); code != "resource_missing" {
		t.Errorf("ended again: %s", code)
	}
	other := b.subscribed(price, "4242424242424242")
	if gone := b.delete("/v1/subscriptions/" + text(other, "id")); gone["status"] != "canceled" || gone["ended_at"] == nil {
		t.Errorf("canceled at once it is %v", gone["status"])
	}
	if got := b.events("customer.subscription.deleted"); len(got) != 2 {
		t.Errorf("told of ends: %v", got)
	}
}

func TestAPausedCollectionChargesNothingUntilItResumes(t *testing.T) {
	for behavior, want := range map[string]string{"void": "void", "mark_uncollectible": "uncollectible", "keep_as_draft": "draft"} {
		b := newBench(t)
		sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
		path := "/v1/subscriptions/" + text(sub, "id")
		b.post(path, "pause_collection[behavior]", behavior, "pause_collection[resumes_at]", unix(b.now().Add(40*oneDay)))
		b.pass(29 * oneDay)
		sub = b.get(path, "expand[]", "latest_invoice")
		if got := text(sub, "latest_invoice.status"); got != want || sub["status"] != "active" {
			t.Errorf("with %s the invoice is %s, the plan %v", behavior, got, sub["status"])
		}
		b.pass(32 * oneDay)
		sub = b.get(path, "expand[]", "latest_invoice")
		if sub["pause_collection"] != nil || text(sub, "latest_invoice.status") != "paid" {
			t.Errorf("resumed after %s, the invoice is %s", behavior, text(sub, "latest_invoice.status"))
		}
	}
}

func TestAnUnpaidFirstInvoiceLetsThePlanExpire(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4000000000000002")
	path := "/v1/subscriptions/" + text(sub, "id")
	if sub["status"] != "incomplete" {
		t.Fatalf("with a declined card it is %v", sub["status"])
	}
	b.pass(24 * time.Hour)
	sub = b.get(path, "expand[]", "latest_invoice")
	if sub["status"] != "incomplete_expired" || text(sub, "latest_invoice.status") != "void" {
		t.Errorf("a day later it is %v, its invoice %s", sub["status"], text(sub, "latest_invoice.status"))
	}
}

func TestARenewalThatItsHolderMustConfirmAsksForThat(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.post(path, "default_payment_method", b.card(text(sub, "customer"), "4000002760003184"))
	b.pass(28*oneDay + 2*time.Hour)
	if got := b.events("invoice.payment_"); !slices.Equal(got, []string{"invoice.payment_succeeded", "invoice.payment_failed", "invoice.payment_action_required"}) {
		t.Errorf("told %v", got)
	}
	if got := b.get(path)["status"]; got != "past_due" {
		t.Errorf("the plan is %v", got)
	}
}

func TestADeletedCustomersPlansEnd(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	b.delete("/v1/customers/" + text(sub, "customer"))
	if got := b.get("/v1/subscriptions/" + text(sub, "id")); got["status"] != "canceled" {
		t.Errorf("the plan is %v", got["status"])
	}
	b.pass(60 * oneDay)
	if invoices := parts(b.get("/v1/invoices", "subscription", text(sub, "id")), "data"); len(invoices) != 1 {
		t.Errorf("it had %d invoices", len(invoices))
	}
}

func TestALongTimeIsLivedThroughMonthByMonth(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	b.pass(366 * oneDay)
	invoices := parts(b.get("/v1/invoices", "subscription", text(sub, "id"), "limit", "100"), "data")
	if len(invoices) != 13 {
		t.Fatalf("a year has %d invoices", len(invoices))
	}
	for i, invoice := range invoices[:12] {
		line, before := parts(invoice, "lines")[0], parts(invoices[i+1], "lines")[0]
		if invoice["status"] != "paid" || number(line, "period.start") != number(before, "period.end") ||
			number(invoice, "created") != number(line, "period.start") || number(invoice, "status_transitions.paid_at") != number(invoice, "created")+draftTime {
			t.Errorf("invoice %d is %v", i, invoice)
		}
	}
}
