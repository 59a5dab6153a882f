package stripe

import "strings"

func disputeRoutes() map[string]handler {
	return map[string]handler{
		"GET /v1/disputes": func(c *call) (any, *apiError) {
			return c.page("/v1/disputes", c.w.list("dispute", c.filter("charge", "payment_intent")))
		},
		"GET /v1/disputes/{id}":  retrieve("dispute"),
		"POST /v1/disputes/{id}": answerDispute,
		"POST /v1/disputes/{id}/close": func(c *call) (any, *apiError) {
			dispute, failure := c.openDispute()
			if failure == nil {
				c.w.closeDispute(dispute, false)
			}
			return dispute, failure
		},
		"GET /v1/radar/early_fraud_warnings": func(c *call) (any, *apiError) {
			return c.page("/v1/radar/early_fraud_warnings", c.w.list("radar.early_fraud_warning", c.filter("charge", "payment_intent")))
		},
		"GET /v1/radar/early_fraud_warnings/{id}": retrieve("radar.early_fraud_warning"),
	}
}

// evidenceFields are what can be said against a dispute.
const evidenceFields = "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal " +
	"customer_communication customer_email_address customer_name customer_purchase_ip customer_signature " +
	"duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy " +
	"refund_policy_disclosure refund_refusal_explanation service_date service_documentation shipping_address shipping_carrier " +
	"shipping_date shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text"

// dispute lets the bank take a payment back for a reason: fraudulent, duplicate, product_not_received …. An inquiry only asks
// and takes no money.
func (w *world) dispute(made object, reason string, inquiry bool) object {
	evidence := object{}
	for field := range strings.FieldsSeq(evidenceFields) {
		evidence[field] = nil
	}
	status := "needs_response"
	if inquiry {
		status = "warning_needs_response"
	}
	dispute := w.add(object{"id": newID("dp_"), "object": "dispute", "amount": number(made, "amount") - number(made, "amount_refunded"),
		"balance_transactions": []any{}, "charge": made["id"], "currency": made["currency"], "evidence": evidence,
		"evidence_details":     object{"due_by": w.now().Unix() + 7*secondsOfDay, "has_evidence": false, "past_due": false, "submission_count": 0},
		"is_charge_refundable": inquiry, "metadata": object{}, "payment_intent": made["payment_intent"],
		"payment_method_details": object{"card": object{"brand": "visa", "network_reason_code": "10.4"}, "type": "card"},
		"reason":                 reason, "status": status})
	if inquiry {
		w.emit("charge.dispute.created", dispute)
		return dispute
	}
	made["disputed"] = true
	w.calmWarnings(made)
	w.emit("charge.dispute.created", dispute)
	w.move(dispute, -number(dispute, "amount"))
	w.emit("charge.dispute.funds_withdrawn", dispute)
	return dispute
}

// move notes in a dispute what it took from the account, or gave back.
func (w *world) move(dispute object, amount int64) {
	entries, _ := dispute["balance_transactions"].([]any)
	entry := w.get(w.entry(text(dispute, "id"), "adjustment", amount, text(dispute, "currency")))
	dispute["balance_transactions"] = append(entries, copyOf(entry))
}

// closeDispute ends a dispute as its bank decides, an inquiry without more.
func (w *world) closeDispute(dispute object, won bool) {
	inquiry := strings.HasPrefix(text(dispute, "status"), "warning_")
	previous := object{"status": dispute["status"]}
	switch {
	case inquiry:
		dispute["status"] = "warning_closed"
	case won:
		dispute["status"] = "won"
		w.move(dispute, number(dispute, "amount"))
		w.emit("charge.dispute.funds_reinstated", dispute)
	default:
		dispute["status"] = "lost"
	}
	w.emitChange("charge.dispute.closed", dispute, previous)
}

func (c *call) openDispute() (object, *apiError) {
	dispute, failure := c.named("dispute")
	if failure != nil {
		return nil, failure
	}
	if !open(dispute) {
		return nil, invalid("", "This dispute is already closed")
	}
	return dispute, nil
}

func open(dispute object) bool {
	switch dispute["status"] {
	case "won", "lost", "warning_closed":
		return false
	}
	return true
}

// answerDispute takes evidence. The words winning_evidence and losing_evidence decide at once, as in Stripe's test mode.
func answerDispute(c *call) (any, *apiError) {
	dispute, failure := c.openDispute()
	if failure != nil {
		return nil, failure
	}
	c.update(dispute)
	if c.form.has("evidence") {
		evidence := part(dispute, "evidence")
		for field := range c.form.part("evidence") {
			evidence[field] = orNil(c.form.text("evidence." + field))
		}
		details := part(dispute, "evidence_details")
		details["has_evidence"] = true
		if c.form.textOr("submit", "true") == "true" {
			details["submission_count"] = number(details, "submission_count") + 1
			dispute["status"] = strings.Replace(text(dispute, "status"), "needs_response", "under_review", 1)
		}
	}
	c.w.emit("charge.dispute.updated", dispute)
	switch c.form.text("evidence.uncategorized_text") {
	case "winning_evidence":
		c.w.closeDispute(dispute, true)
	case "losing_evidence":
		c.w.closeDispute(dispute, false)
	}
	return dispute, nil
}

// warn lets a bank say early that a payment may be fraud.
func (w *world) warn(made object) object {
	warning := w.add(object{"id": newID("issfr_"), "object": "radar.early_fraud_warning", "actionable": !truth(made, "refunded") && !truth(made, "disputed"),
		"charge": made["id"], "fraud_type": "made_with_stolen_card", "payment_intent": made["payment_intent"]})
	w.emit("radar.early_fraud_warning.created", warning)
	return warning
}

// calmWarnings notes that nothing can be done about a payment any more: it is refunded or disputed.
func (w *world) calmWarnings(made object) {
	for _, warning := range w.list("radar.early_fraud_warning", is("charge", made["id"])) {
		if truth(warning, "actionable") {
			warning["actionable"] = false
			w.emitChange("radar.early_fraud_warning.updated", warning, object{"actionable": true})
		}
	}
}
