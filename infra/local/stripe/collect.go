package stripe

import "net/http"

// retryDays are how many days after a failed attempt the next one follows; after the last it ends.
var retryDays = [...]int64{3, 5, 7}

const secondsOfDay = 24 * 60 * 60

// chargeFor takes what is due of an invoice from the payment method.
func (w *world) chargeFor(invoice object, paymentMethod string) (intent object, declined *apiError) {
	description := "Subscription update"
	if invoice["billing_reason"] == "subscription_create" {
		description = "Subscription creation"
	}
	return w.charge(text(invoice, "customer"), paymentMethod, number(invoice, "amount_due"), text(invoice, "currency"),
		object{"invoice": invoice["id"], "description": description, "intent": invoice["payment_intent"]})
}

// attempt collects an open invoice from the subscription's payment method, and plans another attempt where it fails.
func (w *world) attempt(invoice object) *apiError {
	return w.attemptWith(invoice, w.paymentMethodOf(w.get(text(invoice, "subscription"))))
}

func (w *world) attemptWith(invoice object, paymentMethod string) *apiError {
	if number(invoice, "amount_due") == 0 {
		w.settle(invoice, nil)
		return nil
	}
	intent, declined := w.chargeFor(invoice, paymentMethod)
	if declined != nil {
		w.failed(invoice, intent, declined)
		return declined
	}
	w.settle(invoice, intent)
	return nil
}

// settle makes an open invoice a paid one, and its subscription active again; without an intent nothing was due.
func (w *world) settle(invoice, intent object) {
	now := w.now().Unix()
	invoice["status"], invoice["paid"], invoice["attempted"] = "paid", true, true
	invoice["amount_paid"], invoice["amount_remaining"] = invoice["amount_due"], 0
	invoice["next_payment_attempt"], invoice["auto_advance"] = nil, false
	part(invoice, "status_transitions")["paid_at"] = now
	if intent != nil {
		invoice["attempt_count"] = number(invoice, "attempt_count") + 1
		invoice["payment_intent"], invoice["charge"] = intent["id"], intent["latest_charge"]
	}
	w.plan(invoice)
	w.emit("invoice.updated", invoice)
	w.emit("invoice.paid", invoice)
	w.emit("invoice.payment_succeeded", invoice)
	w.revive(w.get(text(invoice, "subscription")))
}

// revive makes a subscription active again that has nothing left to pay.
func (w *world) revive(sub object) {
	status := text(sub, "status")
	if status != "incomplete" && status != "past_due" && status != "unpaid" {
		return
	}
	owing := w.list("invoice", func(o object) bool { return o["subscription"] == sub["id"] && o["status"] == "open" })
	if len(owing) > 0 {
		return
	}
	sub["status"] = "active"
	w.changed(sub)
}

// failed notes a failed attempt. The first invoice of a subscription is not tried again; others are after 3, 5 and 7 days,
// and then the subscription ends as the world says.
func (w *world) failed(invoice, intent object, declined *apiError) {
	sub := w.get(text(invoice, "subscription"))
	tries := number(invoice, "attempt_count") + 1
	invoice["attempt_count"], invoice["attempted"], invoice["next_payment_attempt"] = tries, true, nil
	if intent != nil {
		invoice["payment_intent"], invoice["charge"] = intent["id"], intent["latest_charge"]
	}
	again := invoice["billing_reason"] != "subscription_create" && tries <= int64(len(retryDays)) && !over(sub)
	if again {
		invoice["next_payment_attempt"] = w.now().Unix() + retryDays[tries-1]*secondsOfDay
	}
	w.plan(invoice)
	w.emit("invoice.updated", invoice)
	w.emit("invoice.payment_failed", invoice)
	if declined.code == "authentication_required" {
		w.emit("invoice.payment_action_required", invoice)
	}
	switch status := sub["status"]; {
	case status == "active" || status == "trialing":
		sub["status"] = "past_due"
		w.changed(sub)
	case !again && status == "past_due":
		w.endDunning(sub, invoice)
	}
}

// endDunning does what the world says shall happen once all attempts have failed.
func (w *world) endDunning(sub, invoice object) {
	invoice["auto_advance"] = false
	w.plan(invoice)
	switch w.billing.afterRetries {
	case "canceled":
		w.end(sub, "payment_failed")
	case "past_due":
	default:
		sub["status"] = "unpaid"
		w.changed(sub)
	}
}

// invoiceNow makes, finalises and collects an invoice of what is pending, and of the lines; nil where there is nothing.
func (w *world) invoiceNow(sub object, lines ...object) object {
	waiting := w.pending(sub)
	lines = append(w.linesOf(sub, waiting), lines...)
	if len(lines) == 0 {
		return nil
	}
	invoice := w.draft(sub, "subscription_update", lines)
	taken(waiting, invoice)
	w.book(invoice)
	w.finalize(invoice)
	w.attempt(invoice)
	return invoice
}

func payInvoice(c *call) (any, *apiError) {
	invoice, failure := c.invoiceIn("open", "draft", "uncollectible")
	if failure != nil {
		return nil, failure
	}
	if invoice["status"] == "draft" {
		c.w.finalize(invoice)
	}
	if c.form.truth("paid_out_of_band") {
		invoice["paid_out_of_band"] = true
		c.w.settle(invoice, nil)
		return invoice, nil
	}
	method := c.form.textOr("payment_method", c.w.paymentMethodOf(c.w.get(text(invoice, "subscription"))))
	if failure := c.w.attemptWith(invoice, method); failure != nil {
		return nil, failure
	}
	return invoice, nil
}

func finalizeInvoice(c *call) (any, *apiError) {
	invoice, failure := c.invoiceIn("draft")
	if failure != nil {
		return nil, failure
	}
	c.w.finalize(invoice)
	if number(invoice, "amount_due") == 0 || c.form.truth("auto_advance") {
		c.w.attempt(invoice)
	}
	return invoice, nil
}

func voidInvoice(c *call) (any, *apiError) {
	invoice, failure := c.invoiceIn("open", "uncollectible")
	if failure != nil {
		return nil, failure
	}
	c.w.void(invoice)
	return invoice, nil
}

func markUncollectible(c *call) (any, *apiError) {
	invoice, failure := c.invoiceIn("open")
	if failure != nil {
		return nil, failure
	}
	c.w.giveUp(invoice)
	return invoice, nil
}

// invoiceIn gives the invoice that a call's path names, if it is in one of the statuses.
func (c *call) invoiceIn(statuses ...string) (object, *apiError) {
	invoice, failure := c.named("invoice")
	if failure != nil {
		return nil, failure
	}
	for _, status := range statuses {
		if invoice["status"] == status {
			return invoice, nil
		}
	}
	if invoice["status"] == "paid" {
		return nil, &apiError{status: http.StatusBadRequest, kind: "invalid_request_error", code: "invoice_already_paid",
			message: "Invoice is already paid"}
	}
	return nil, invalid("", "This invoice is %s, so this cannot be done with it.", invoice["status"])
}
