package stripe

import "time"

// subscriptionRoutes are the routes of what repeats: subscriptions, their invoices, the billing portal.
func subscriptionRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/subscriptions":             createSubscription,
		"GET /v1/subscriptions":              listSubscriptions,
		"GET /v1/subscriptions/{id}":         retrieve("subscription"),
		"POST /v1/subscriptions/{id}":        updateSubscription,
		"DELETE /v1/subscriptions/{id}":      cancelSubscription,
		"POST /v1/subscriptions/{id}/resume": resumeSubscription,
		"GET /v1/subscription_items":         listItems,

		"GET /v1/invoices":                          listInvoices,
		"GET /v1/invoices/upcoming":                 upcomingInvoice,
		"GET /v1/invoices/{id}":                     retrieve("invoice"),
		"GET /v1/invoices/{id}/lines":               listLines,
		"POST /v1/invoices/{id}/finalize":           finalizeInvoice,
		"POST /v1/invoices/{id}/pay":                payInvoice,
		"POST /v1/invoices/{id}/void":               voidInvoice,
		"POST /v1/invoices/{id}/mark_uncollectible": markUncollectible,

		"GET /v1/customers/{id}/balance_transactions":  listBalance,
		"POST /v1/customers/{id}/balance_transactions": adjustBalance,

		"POST /v1/billing_portal/configurations":      createConfiguration,
		"GET /v1/billing_portal/configurations":       listConfigurations,
		"GET /v1/billing_portal/configurations/{id}":  retrieveConfiguration,
		"POST /v1/billing_portal/configurations/{id}": updateConfiguration,
		"POST /v1/billing_portal/sessions":            createPortalSession,
	}
}

// order is what a subscription begins with.
type order struct {
	customer      string
	items         []ordered
	paymentMethod string
	metadata      object
	description   string
	trialEnd      int64 // 0: no trial
	trialSettings object
	cancelAt      int64 // 0: it goes on
	cancelAtEnd   bool
}

type ordered struct {
	price    object
	quantity int64
}

// subscribe makes the subscription of a Checkout session, whose first invoice is paid with the payment method, and tells the
// session both ids. A declined payment leaves no trace but the payment's own.
func (w *world) subscribe(session object, paymentMethod string) *apiError {
	asked := order{customer: text(session, "customer"), paymentMethod: paymentMethod, metadata: object{}}
	for _, line := range w.lineItems(text(session, "id")) {
		asked.items = append(asked.items, ordered{part(line, "price"), max(1, number(line, "quantity"))})
	}
	data := w.subscriptionData(text(session, "id"))
	asked.metadata, asked.description = data.metadata(), data.text("description")
	asked.trialEnd, asked.trialSettings = w.trialOf(data), trialSettings(data)
	sub := w.newSubscription(asked)
	invoice, declined := w.begin(sub, true)
	if declined != nil {
		return declined
	}
	session["subscription"], session["invoice"] = sub["id"], invoice["id"]
	return nil
}

// trialOf gives the end of the trial that a form asks for, 0 where it asks for none.
func (w *world) trialOf(f form) int64 {
	if days := f.number("trial_period_days"); days > 0 {
		return w.now().AddDate(0, 0, int(days)).Unix()
	}
	return f.number("trial_end")
}

func trialSettings(f form) object {
	return object{"end_behavior": object{
		"missing_payment_method": f.textOr("trial_settings.end_behavior.missing_payment_method", "create_invoice")}}
}

// newSubscription composes a subscription, which nobody knows of yet.
func (w *world) newSubscription(asked order) object {
	now := w.now().Unix()
	id := newID("sub_")
	var items []object
	for _, each := range asked.items {
		items = append(items, newItem(id, each, now))
	}
	first := asked.items[0].price
	status, anchor, end := "active", now, int64(0)
	trialStart, trialEnd := any(nil), any(nil)
	if asked.trialEnd > now {
		status, anchor, end = "trialing", asked.trialEnd, asked.trialEnd
		trialStart, trialEnd = now, asked.trialEnd
	} else {
		end = nextPeriod(now, now, first)
	}
	sub := object{"id": id, "object": "subscription", "application": nil, "application_fee_percent": nil,
		"automatic_tax": object{"enabled": false, "liability": nil}, "billing_cycle_anchor": anchor, "billing_cycle_anchor_config": nil,
		"billing_thresholds": nil, "cancel_at": nil, "cancel_at_period_end": asked.cancelAtEnd, "canceled_at": nil,
		"cancellation_details": object{"comment": nil, "feedback": nil, "reason": nil}, "collection_method": "charge_automatically",
		"created": now, "currency": text(first, "currency"), "current_period_start": now, "current_period_end": end,
		"customer": asked.customer, "days_until_due": nil, "default_payment_method": orNil(asked.paymentMethod),
		"default_source": nil, "default_tax_rates": []any{}, "description": orNil(asked.description), "discount": nil, "ended_at": nil,
		"items": envelope("/v1/subscription_items?subscription="+id, items), "latest_invoice": nil, "livemode": w.live,
		"metadata": asked.metadata, "next_pending_invoice_item_invoice": nil, "on_behalf_of": nil, "pause_collection": nil,
		"payment_settings":              object{"payment_method_options": nil, "payment_method_types": nil, "save_default_payment_method": "off"},
		"pending_invoice_item_interval": nil, "pending_setup_intent": nil, "pending_update": nil, "schedule": nil, "start_date": now,
		"status": status, "test_clock": nil, "transfer_data": nil, "trial_end": trialEnd, "trial_settings": asked.trialSettings,
		"trial_start": trialStart}
	if asked.cancelAt > 0 {
		sub["cancel_at"], sub["canceled_at"] = asked.cancelAt, now
	}
	if asked.cancelAtEnd {
		sub["cancel_at"], sub["canceled_at"] = end, now
	}
	return sub
}

func newItem(subscription string, of ordered, now int64) object {
	return object{"id": newID("si_"), "object": "subscription_item", "billing_thresholds": nil, "created": now, "metadata": object{},
		"price": copyOf(of.price), "quantity": of.quantity, "subscription": subscription, "tax_rates": []any{}}
}

// begin makes the first invoice of a subscription and stores both. Where it must be paid, a declined payment leaves neither
// behind; else it leaves an incomplete subscription with an open invoice.
func (w *world) begin(sub object, mustBePaid bool) (invoice object, declined *apiError) {
	invoice = w.draft(sub, "subscription_create", w.periodLines(sub))
	invoice["period_start"] = invoice["period_end"]
	var intent object
	if amount := w.weigh(invoice); amount > 0 && mustBePaid {
		if intent, declined = w.chargeFor(invoice, w.paymentMethodOf(sub)); declined != nil {
			return nil, declined
		}
	}
	if number(invoice, "amount_due") > 0 {
		sub["status"] = "incomplete" // until it is paid, which makes it active
	}
	w.add(sub)
	w.book(invoice)
	w.finalize(invoice)
	w.emit("customer.subscription.created", sub)
	if intent != nil {
		w.settle(invoice, intent)
	} else {
		w.attempt(invoice)
	}
	w.plan(sub)
	return invoice, nil
}

// changed tells of a subscription's new state, and plans what time will do to it.
func (w *world) changed(sub object) {
	w.plan(sub)
	w.emit("customer.subscription.updated", sub)
}

// end ends a subscription for a reason of Stripe's: cancellation_requested, payment_failed, payment_disputed.
func (w *world) end(sub object, reason string) {
	now := w.now().Unix()
	sub["status"], sub["ended_at"] = "canceled", now
	if sub["canceled_at"] == nil {
		sub["canceled_at"] = now
	}
	if at(sub, "cancellation_details.reason") == nil {
		part(sub, "cancellation_details")["reason"] = reason
	}
	for _, invoice := range w.list("invoice", is("subscription", sub["id"])) {
		if status := invoice["status"]; status == "open" || status == "draft" {
			invoice["auto_advance"], invoice["next_payment_attempt"] = false, nil
			w.plan(invoice)
		}
	}
	w.plan(sub)
	w.emit("customer.subscription.deleted", sub)
}

// endSubscriptions ends what a customer has subscribed to, as the customer's deletion does.
func (w *world) endSubscriptions(customer string) {
	for _, sub := range w.list("subscription", is("customer", customer)) {
		if !over(sub) {
			w.end(sub, "cancellation_requested")
		}
	}
}

// over says whether nothing happens to the subscription any more.
func over(sub object) bool {
	return sub["status"] == "canceled" || sub["status"] == "incomplete_expired"
}

// paymentMethodOf gives what a subscription is paid with, "" where there is nothing.
func (w *world) paymentMethodOf(sub object) string {
	if own := text(sub, "default_payment_method"); own != "" {
		return own
	}
	return text(w.get(text(sub, "customer")), "invoice_settings.default_payment_method")
}

// nextPeriod gives the end of the period of a price that begins at start: the first of anchor + n intervals after it. The
// 31st becomes a shorter month's last day, and the 31st again after that.
func nextPeriod(anchor, start int64, price object) int64 {
	count := int(max(1, number(price, "recurring.interval_count")))
	from := time.Unix(anchor, 0).UTC()
	for n := 1; ; n++ {
		var end time.Time
		switch text(price, "recurring.interval") {
		case "day":
			end = from.AddDate(0, 0, n*count)
		case "week":
			end = from.AddDate(0, 0, 7*n*count)
		case "year":
			end = addMonths(from, 12*n*count)
		default:
			end = addMonths(from, n*count)
		}
		if end.Unix() > start {
			return end.Unix()
		}
	}
}

func addMonths(from time.Time, months int) time.Time {
	end := from.AddDate(0, months, 0)
	if end.Day() != from.Day() {
		return end.AddDate(0, 0, -end.Day())
	}
	return end
}

func listSubscriptions(c *call) (any, *apiError) {
	f := c.form
	return c.page("/v1/subscriptions", c.w.list("subscription", func(sub object) bool {
		status := f.text("status")
		return c.filter("customer", "collection_method")(sub) &&
			(status == "all" || status == "" && !over(sub) || status == "ended" && over(sub) || status == sub["status"]) &&
			(!f.has("price") || text(parts(sub, "items")[0], "price.id") == f.text("price"))
	}))
}

func listItems(c *call) (any, *apiError) {
	sub, failure := c.given("subscription", "subscription")
	if failure != nil {
		return nil, failure
	}
	return c.page("/v1/subscription_items", parts(sub, "items"))
}

func cancelSubscription(c *call) (any, *apiError) {
	sub, failure := c.named("subscription")
	if failure != nil {
		return nil, failure
	}
	if over(sub) {
		return nil, unknown("subscription", c.path["id"], "id")
	}
	c.takeReason(sub)
	if c.form.truth("prorate") {
		credits := c.w.unused(sub, c.w.now().Unix())
		c.w.keep(credits)
		if c.form.truth("invoice_now") {
			c.w.invoiceNow(sub)
		}
	}
	c.w.end(sub, "cancellation_requested")
	return sub, nil
}
