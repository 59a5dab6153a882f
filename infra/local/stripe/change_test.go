package stripe

import (
	"testing"
	"time"
)

// changed changes a subscription's price as the portal does, and gives the invoice of it.
func (b *bench) changed(sub object, price string, more ...string) object {
	b.t.Helper()
	fields := append([]string{"items[0][id]", text(parts(sub, "items")[0], "id"), "items[0][price]", price,
		"proration_behavior", "always_invoice", "expand[]", "latest_invoice"}, more...)
	return part(b.post("/v1/subscriptions/"+text(sub, "id"), fields...), "latest_invoice")
}

func TestAnUpgradeIsPaidForTheRestOfThePeriodAndNamesWhatItCredits(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	b.pass(14 * oneDay) // half of the 28 days
	first := b.get("/v1/invoices/" + text(sub, "latest_invoice"))
	invoice := b.changed(sub, pro)
	lines := parts(invoice, "lines")
	if len(lines) != 2 || number(lines[0], "amount") != -450 || number(lines[1], "amount") != 1450 || invoice["status"] != "paid" {
		t.Fatalf("the upgrade's invoice is %v, its lines are %v", invoice["status"], lines)
	}
	credited := part(lines[0], "proration_details.credited_items")
	credits, _ := credited["invoice_line_items"].([]any)
	if credited["invoice"] != first["id"] || len(credits) != 1 || credits[0] != parts(first, "lines")[0]["id"] {
		t.Errorf("it credits %v", credited)
	}
	for _, line := range lines {
		if !truth(line, "proration") || line["type"] != "invoiceitem" || line["subscription"] != sub["id"] {
			t.Errorf("a line is %v", line)
		}
	}
	if text(lines[0], "price.id") != plus || text(lines[1], "price.id") != pro || number(invoice, "amount_paid") != 1000 {
		t.Errorf("paid %v", invoice["amount_paid"])
	}
}

func TestADowngradeBecomesABalanceWhichTheNextInvoiceUses(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(pro, "4242424242424242")
	b.pass(14 * oneDay)
	invoice := b.changed(sub, plus)
	if invoice["status"] != "paid" || number(invoice, "total") != -1000 || number(invoice, "amount_paid") != 0 || invoice["payment_intent"] != nil ||
		number(invoice, "amount_due") != 0 || number(invoice, "ending_balance") != -1000 {
		t.Errorf("the downgrade's invoice is %v: %v, paid %v", invoice["status"], invoice["total"], invoice["amount_paid"])
	}
	customer := "/v1/customers/" + text(sub, "customer")
	if got := number(b.get(customer), "balance"); got != -1000 {
		t.Errorf("the balance is %d", got)
	}
	b.pass(14*oneDay + 2*time.Hour)
	next := part(b.get("/v1/subscriptions/"+text(sub, "id"), "expand[]", "latest_invoice"), "latest_invoice")
	if next["status"] != "paid" || number(next, "total") != 900 || number(next, "amount_paid") != 0 || next["payment_intent"] != nil ||
		number(next, "starting_balance") != -1000 || number(next, "ending_balance") != -100 {
		t.Errorf("the next invoice is %v, %v paid of %v", next["status"], next["amount_paid"], next["total"])
	}
	if got := number(b.get(customer), "balance"); got != -100 {
		t.Errorf("the balance is then %d", got)
	}
	if entries := parts(b.get(customer+"/balance_transactions"), "data"); len(entries) != 2 || number(entries[0], "amount") != 900 {
		t.Errorf("the balance's entries are %v", entries)
	}
}

func TestAnotherIntervalBeginsANewPeriod(t *testing.T) {
	b := newBench(t)
	monthly, yearly := b.price("Plus", "900", "month"), b.price("Plus", "9000", "year")
	sub := b.subscribed(monthly, "4242424242424242")
	b.pass(14 * oneDay)
	invoice := b.changed(sub, yearly)
	lines := parts(invoice, "lines")
	if len(lines) != 2 || number(lines[0], "amount") != -450 || number(lines[1], "amount") != 9000 || truth(lines[1], "proration") {
		t.Fatalf("the lines are %v", lines)
	}
	sub = b.get("/v1/subscriptions/" + text(sub, "id"))
	if number(sub, "current_period_start") != b.now().Unix() || number(sub, "billing_cycle_anchor") != b.now().Unix() ||
		number(sub, "current_period_end") != b.now().AddDate(1, 0, 0).Unix() {
		t.Errorf("the period is %v to %v", sub["current_period_start"], sub["current_period_end"])
	}
}

func TestADeclinedUpgradeLeavesThePlanWhereItMustBePaid(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	path := "/v1/subscriptions/" + text(sub, "id")
	b.post(path, "default_payment_method", b.card(text(sub, "customer"), "4000000000000002"))
	b.pass(14 * oneDay)
	code := b.refused("POST", path, "items[0][id]", text(parts(sub, "items")[0], "id"), "items[0][price]", pro,
		"proration_behavior", "always_invoice", "payment_behavior", "error_if_incomplete")
	if code != "card_declined" {
		t.Errorf("the decline is told as %s", code)
	}
	after := b.get(path)
	if text(parts(after, "items")[0], "price.id") != plus || after["latest_invoice"] != sub["latest_invoice"] || after["status"] != "active" {
		t.Errorf("the plan became %v", after)
	}
	if invoice := b.changed(sub, pro); invoice["status"] != "open" || b.get(path)["status"] != "past_due" {
		t.Errorf("where it need not be paid, the invoice is %v", invoice["status"])
	}
}

func TestProrationsCanWaitForTheNextInvoice(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	b.pass(14 * oneDay)
	path, item := "/v1/subscriptions/"+text(sub, "id"), text(parts(sub, "items")[0], "id")
	if after := b.post(path, "items[0][id]", item, "items[0][price]", pro); after["latest_invoice"] != sub["latest_invoice"] {
		t.Error("the change was invoiced at once")
	}
	upcoming := b.get("/v1/invoices/upcoming", "subscription", text(sub, "id"))
	b.pass(14*oneDay + 2*time.Hour)
	invoice := part(b.get(path, "expand[]", "latest_invoice"), "latest_invoice")
	if number(invoice, "total") != -450+1450+2900 || invoice["status"] != "paid" || number(upcoming, "total") != number(invoice, "total") {
		t.Errorf("the next invoice is %v of %v, foretold as %v", invoice["status"], invoice["total"], upcoming["total"])
	}
}

func TestASecondChangeCreditsTheFirst(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	b.pass(7 * oneDay)
	upgrade := b.changed(sub, pro)
	b.pass(7 * oneDay)
	downgrade := b.changed(sub, plus)
	lines := parts(downgrade, "lines")
	if number(lines[0], "amount") != -1450 || text(lines[0], "proration_details.credited_items.invoice") != text(upgrade, "id") {
		t.Errorf("the downgrade credits %v of %v", lines[0]["amount"], part(lines[0], "proration_details"))
	}
}

func TestWhatIsTooLittleForACardWaitsOnTheBalance(t *testing.T) {
	b := newBench(t)
	sub := b.subscribed(b.price("Tiny", "30", "month"), "4242424242424242")
	first := b.get("/v1/invoices/" + text(sub, "latest_invoice"))
	if first["status"] != "paid" || number(first, "amount_due") != 0 || number(first, "ending_balance") != 30 || first["payment_intent"] != nil {
		t.Errorf("30 cents make an invoice that is %v with %v due", first["status"], first["amount_due"])
	}
	b.pass(28*oneDay + 2*time.Hour)
	second := part(b.get("/v1/subscriptions/"+text(sub, "id"), "expand[]", "latest_invoice"), "latest_invoice")
	if number(second, "amount_paid") != 60 || number(second, "total") != 30 || number(second, "ending_balance") != 0 {
		t.Errorf("the next one takes %v of %v", second["amount_paid"], second["total"])
	}
}

func TestAVoidedInvoiceGivesTheBalanceBackAndIsNeverCredited(t *testing.T) {
	b := newBench(t)
	plus, pro := b.price("Plus", "900", "month"), b.price("Pro", "2900", "month")
	sub := b.subscribed(plus, "4242424242424242")
	path, customer := "/v1/subscriptions/"+text(sub, "id"), "/v1/customers/"+text(sub, "customer")
	b.post(customer+"/balance_transactions", "amount", "-100", "currency", "usd")
	b.post(path, "pause_collection[behavior]", "void")
	b.pass(29 * oneDay)
	invoice := part(b.get(path, "expand[]", "latest_invoice"), "latest_invoice")
	if got := number(b.get(customer), "balance"); got != -100 || invoice["status"] != "void" {
		t.Errorf("the balance is %d after a %v invoice", got, invoice["status"])
	}
	if lines := parts(b.changed(sub, pro), "lines"); part(lines[0], "proration_details")["credited_items"] != nil {
		t.Errorf("what was never to be paid is credited: %v", lines[0])
	}
}
