package stripe

import "slices"

func refundRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/refunds": createRefund,
		"GET /v1/refunds": func(c *call) (any, *apiError) {
			return c.page("/v1/refunds", c.w.list("refund", c.filter("charge", "payment_intent")))
		},
		"GET /v1/refunds/{id}": retrieve("refund"),
		"POST /v1/refunds/{id}": func(c *call) (any, *apiError) {
			refund, failure := c.named("refund")
			if failure != nil {
				return nil, failure
			}
			c.update(refund)
			c.w.emit("charge.refund.updated", refund)
			return refund, nil
		},
		"GET /v1/charges/{id}/refunds": func(c *call) (any, *apiError) {
			made, failure := c.named("charge")
			if failure != nil {
				return nil, failure
			}
			return c.page("/v1/charges/"+text(made, "id")+"/refunds", c.w.list("refund", is("charge", made["id"])))
		},
	}
}

// createRefund gives back a part of a payment, or all that is left of it.
func createRefund(c *call) (any, *apiError) {
	made, failure := c.refundable()
	if failure != nil {
		return nil, failure
	}
	left := number(made, "amount") - number(made, "amount_refunded")
	amount := left
	if c.form.has("amount") {
		amount = c.form.number("amount")
	}
	switch {
	case left == 0:
		return nil, coded("charge_already_refunded", "", "Charge %s has already been refunded.", made["id"])
	case amount < 1:
		return nil, coded("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left:
		return nil, invalid("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money(amount, text(made, "currency")), money(left, text(made, "currency")))
	}
	reason := c.form.text("reason")
	if reason != "" && !slices.Contains([]string{"duplicate", "fraudulent", "requested_by_customer"}, reason) {
		return nil, invalid("reason", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
	}
	return c.w.refund(made, amount, reason, c.form.metadata()), nil
}

// refundable finds the charge that a refund is about and checks that its money is here.
func (c *call) refundable() (object, *apiError) {
	var made object
	switch {
	case c.form.has("charge"):
		found, failure := c.given("charge", "charge")
		if failure != nil {
			return nil, failure
		}
		made = found
	case c.form.has("payment_intent"):
		intent, failure := c.given("payment_intent", "payment_intent")
		if failure != nil {
			return nil, failure
		}
		made = c.w.get(text(intent, "latest_charge"))
	default:
		return nil, invalid("", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	switch {
	case made == nil || made["status"] != "succeeded":
		return nil, coded("charge_not_refundable", "", "This payment has not succeeded, so it cannot be refunded.")
	case c.w.takenBack(made):
		return nil, coded("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", made["id"])
	}
	return made, nil
}

// takenBack says whether a bank has taken the payment back, for now or for good.
func (w *world) takenBack(made object) bool {
	return len(w.list("dispute", func(o object) bool {
		return o["charge"] == made["id"] && slices.Contains([]string{"needs_response", "under_review", "lost"}, text(o, "status"))
	})) > 0
}

// refund gives an amount of a charge back. How it ends is up to the test card.
func (w *world) refund(made object, amount int64, reason string, metadata object) object {
	card := w.cards[text(made, "payment_method")]
	status := "succeeded"
	if card.refund == "succeeded" {
		status = "pending" // for some seconds
	}
	id := newID("re_")
	refund := w.add(object{"id": id, "object": "refund", "amount": amount, "balance_transaction": w.entry(id, "refund", -amount, text(made, "currency")),
		"charge": made["id"], "currency": made["currency"], "destination_details": object{"card": object{"type": "refund",
			"reference_status": "pending", "reference_type": "acquirer_reference_number"}, "type": "card"},
		"metadata": metadata, "payment_intent": made["payment_intent"], "reason": orNil(reason), "receipt_number": nil,
		"source_transfer_reversal": nil, "status": status, "transfer_reversal": nil})
	w.countRefund(made, amount)
	if truth(made, "refunded") {
		w.calmWarnings(made)
	}
	return refund
}

// countRefund changes what a charge has given back, and tells of it where that grew.
func (w *world) countRefund(made object, amount int64) {
	previous := object{"amount_refunded": made["amount_refunded"], "refunded": made["refunded"]}
	made["amount_refunded"] = number(made, "amount_refunded") + amount
	made["refunded"] = number(made, "amount_refunded") == number(made, "amount")
	if amount > 0 {
		w.emitChange("charge.refunded", made, previous)
	}
}

// endRefund gives a refund its final status. A failed or canceled one returns the money to the charge.
func (w *world) endRefund(refund object, status string) {
	previous := object{"status": refund["status"]}
	refund["status"] = status
	if status == "failed" || status == "canceled" {
		w.countRefund(w.get(text(refund, "charge")), -number(refund, "amount"))
		refund["failure_balance_transaction"] = w.entry(text(refund, "id"), "refund_failure", number(refund, "amount"), text(refund, "currency"))
	}
	if status == "failed" {
		refund["failure_reason"] = "expired_or_canceled_card"
	}
	w.emitChange("charge.refund.updated", refund, previous)
}

// refundTime is how many seconds the refunds of some test cards take to end.
const refundTime = 3

// endRefunds ends those refunds that take a while.
func (w *world) endRefunds() {
	for _, refund := range w.list("refund", nil) {
		if number(refund, "created")+refundTime > w.now().Unix() {
			continue
		}
		ends := w.cards[text(w.get(text(refund, "charge")), "payment_method")].refund
		switch status := refund["status"]; {
		case ends == "succeeded" && status == "pending":
			w.endRefund(refund, "succeeded")
		case ends == "failed" && status == "succeeded":
			w.endRefund(refund, "failed")
		}
	}
}
