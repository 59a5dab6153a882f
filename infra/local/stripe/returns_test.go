package stripe

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// sold sells a pack of $5 to a card, and gives the payment intent's id.
func (b *bench) sold(card string) string {
	b.t.Helper()
	_, session := b.offered()
	paid := b.command("POST", "/_control/pay", object{"session": session.ID, "card": card})
	return text(paid, "session.payment_intent")
}

func (b *bench) chargeOf(intent string) object {
	b.t.Helper()
	return part(b.get("/v1/payment_intents/"+intent, "expand[]", "latest_charge.refunds"), "latest_charge")
}

func TestRefundsAddUpToTheWholeAndNoFurther(t *testing.T) {
	b := newBench(t)
	intent := b.sold("4242424242424242")
	first := b.post("/v1/refunds", "payment_intent", intent, "amount", "200", "reason", "requested_by_customer", "metadata[why]", "half")
	if made := b.chargeOf(intent); number(made, "amount_refunded") != 200 || truth(made, "refunded") {
		t.Errorf("after $2 of $5 the charge is %v", made)
	}
	b.refused("POST", "/v1/refunds", "payment_intent", intent, "amount", "301")
	b.post("/v1/refunds", "charge", text(b.chargeOf(intent), "id"))
	made := b.chargeOf(intent)
	if number(made, "amount_refunded") != 500 || !truth(made, "refunded") || len(parts(made, "refunds")) != 2 {
		t.Errorf("after all of it the charge is %v", made)
	}
	if code := b.refused("POST", "/v1/refunds", "payment_intent", intent); code != "charge_already_refunded" {
		t.Errorf("a third refund is refused with %s", code)
	}
	b.get("/v1/refunds", "payment_intent", intent, "limit", "100", "created[gte]", "1")
	b.get("/v1/refunds/"+text(first, "id"), "expand[]", "balance_transaction")
	b.post("/v1/refunds/"+text(first, "id"), "metadata[why]", "")
	b.get("/v1/charges/" + text(made, "id") + "/refunds")
	if told := b.events("charge.refunded"); len(told) != 2 {
		t.Errorf("%d refunds are told", len(told))
	}
}

func TestARefundThatFailsReturnsTheMoneyToTheCharge(t *testing.T) {
	b := newBench(t)
	intent := b.sold("4000000000005126")
	refund := b.post("/v1/refunds", "payment_intent", intent)
	b.pass(5 * time.Second)
	refund = b.get("/v1/refunds/" + text(refund, "id"))
	if made := b.chargeOf(intent); refund["status"] != "failed" || number(made, "amount_refunded") != 0 || truth(made, "refunded") {
		t.Errorf("the refund is %v, the charge %v", refund["status"], made)
	}
	slow := b.post("/v1/refunds", "payment_intent", b.sold("4000000000007726"))
	if slow["status"] != "pending" {
		t.Errorf("the slow refund begins as %v", slow["status"])
	}
	b.pass(5 * time.Second)
	if status := text(b.get("/v1/refunds/"+text(slow, "id")), "status"); status != "succeeded" {
		t.Errorf("the slow refund ends as %s", status)
	}
}

func TestADisputeTakesTheMoneyUntilItIsWon(t *testing.T) {
	b := newBench(t)
	intent := b.sold("4000000000000259")
	dispute := parts(b.get("/v1/disputes", "payment_intent", intent), "data")[0]
	path := "/v1/disputes/" + text(dispute, "id")
	if dispute["status"] != "needs_response" || dispute["reason"] != "fraudulent" || !truth(b.chargeOf(intent), "disputed") {
		t.Errorf("the dispute is %v", dispute)
	}
	if code := b.refused("POST", "/v1/refunds", "payment_intent", intent); code != "charge_disputed" {
		t.Errorf("a refund beside the dispute is refused with %s", code)
	}
	if status := b.post(path, "evidence[product_description]", "credits", "metadata[a]", "b")["status"]; status != "under_review" {
		t.Errorf("after evidence it is %v", status)
	}
	b.post(path, "evidence[uncategorized_text]", "winning_evidence")
	if won := b.get(path, "expand[]", "charge"); won["status"] != "won" || len(parts(won, "balance_transactions")) != 2 {
		t.Errorf("the won dispute is %v", won)
	}
	want := []string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.updated",
		"charge.dispute.funds_reinstated", "charge.dispute.closed"}
	if told := b.events("charge.dispute."); !slices.Equal(told, want) {
		t.Errorf("told are %v", told)
	}
	b.refused("POST", path+"/close")
	other := b.command("POST", "/_control/dispute", object{"payment_intent": b.sold("4242424242424242"), "reason": "duplicate"})
	if lost := b.post("/v1/disputes/" + text(other, "id") + "/close"); lost["status"] != "lost" {
		t.Errorf("the given up dispute is %v", lost["status"])
	}
	inquiry := b.command("POST", "/_control/dispute", object{"payment_intent": b.sold("4242424242424242"), "inquiry": true})
	b.command("POST", "/_control/dispute/close", object{"dispute": inquiry["id"], "status": "lost"})
	if closed := b.get("/v1/disputes/" + text(inquiry, "id")); closed["status"] != "warning_closed" || len(parts(closed, "balance_transactions")) != 0 {
		t.Errorf("the inquiry is %v", closed)
	}
}

func TestAWarningComesWithItsCardAndRestsAfterARefund(t *testing.T) {
	b := newBench(t)
	intent := b.sold("4000000000005423")
	warning := parts(b.get("/v1/radar/early_fraud_warnings", "payment_intent", intent), "data")[0]
	if !truth(warning, "actionable") {
		t.Errorf("the warning is %v", warning)
	}
	b.post("/v1/refunds", "payment_intent", intent)
	if warning = b.get("/v1/radar/early_fraud_warnings/" + text(warning, "id")); truth(warning, "actionable") {
		t.Errorf("after the refund it is %v", warning)
	}
	b.command("POST", "/_control/warning", object{"payment_intent": b.sold("4242424242424242")})
	if told := b.events("radar."); len(told) != 3 {
		t.Errorf("told are %v", told)
	}
}

func TestATestClockMovesItsWorld(t *testing.T) {
	b := newBench(t)
	start := b.now().Unix()
	clock := b.post("/v1/test_helpers/test_clocks", "frozen_time", strconv.FormatInt(start, 10), "name", "n")
	path := "/v1/test_helpers/test_clocks/" + text(clock, "id")
	sub := b.subscribed(b.price("Plus", "900", "month"), "4242424242424242")
	b.post(path+"/advance", "frozen_time", strconv.FormatInt(start+40*secondsOfDay, 10))
	if ready := b.get(path); ready["status"] != "ready" || number(ready, "frozen_time") != start+40*secondsOfDay {
		t.Errorf("the clock is %v", ready)
	}
	if invoices := parts(b.get("/v1/invoices", "subscription", text(sub, "id"), "status", "paid"), "data"); len(invoices) != 2 {
		t.Errorf("after 40 days there are %d paid invoices", len(invoices))
	}
	b.refused("POST", path+"/advance", "frozen_time", strconv.FormatInt(start, 10))
	b.get("/v1/test_helpers/test_clocks")
	b.delete(path)
}

// contractOfReturns calls the routes of what takes money back, and of clocks.
func (b *bench) contractOfReturns() {
	made := text(b.chargeOf(b.sold("4242424242424242")), "id")
	refund := "/v1/refunds/" + text(b.post("/v1/refunds", "charge", made, "amount", "100"), "id")
	b.get(refund)
	b.post(refund, "metadata[a]", "b")
	b.get("/v1/refunds", "charge", made)
	b.get("/v1/charges/"+made+"/refunds", "limit", "1")
	dispute := "/v1/disputes/" + text(b.command("POST", "/_control/dispute", object{"payment_intent": b.sold("4000000000005423")}), "id")
	b.get("/v1/disputes", "limit", "1")
	b.get(dispute, "expand[]", "payment_intent")
	b.post(dispute, "evidence[uncategorized_text]", "it was so", "submit", "false")
	b.post(dispute + "/close")
	warning := parts(b.get("/v1/radar/early_fraud_warnings", "expand[]", "data.charge"), "data")[0]
	b.get("/v1/radar/early_fraud_warnings/" + text(warning, "id"))
	clock := b.post("/v1/test_helpers/test_clocks", "frozen_time", strconv.FormatInt(b.now().Unix(), 10))
	b.get("/v1/test_helpers/test_clocks", "limit", "1")
	path := "/v1/test_helpers/test_clocks/" + text(clock, "id")
	b.post(path+"/advance", "frozen_time", strconv.FormatInt(b.now().Unix()+60, 10))
	b.get(path)
	b.delete(path)
}
