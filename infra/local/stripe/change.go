package stripe

import "maps"

// change is what an update makes of a subscription's items, worked out without touching anything.
type change struct {
	sub     object   // as it will be
	items   []object // credits and charges for the rest of the present period
	lines   []object // of a new period that begins at once
	restart bool
}

// preview works out a change of the first item to a price, at a moment. Another interval, or a restart asked for, begins a new
// period at once; else the present period goes on at the new price.
func (w *world) preview(sub, price object, quantity int64, restart bool) change {
	now := w.now().Unix()
	next, _ := copyOf(sub).(object)
	item := parts(next, "items")[0]
	before := part(item, "price")
	item["price"], item["quantity"] = copyOf(price), quantity
	made := change{sub: next, restart: restart || text(before, "recurring.interval") != text(price, "recurring.interval") ||
		number(before, "recurring.interval_count") != number(price, "recurring.interval_count")}
	if sub["status"] == "trialing" {
		made.restart = false // the trial goes on, and ends when it would have
		return made
	}
	same := text(before, "id") == text(price, "id") && number(parts(sub, "items")[0], "quantity") == quantity
	if same && !made.restart {
		return made
	}
	made.items = w.unused(sub, now)
	if !made.restart {
		if len(made.items) > 0 {
			made.items = append(made.items, w.remaining(next, now)...)
		}
		return made
	}
	next["billing_cycle_anchor"], next["current_period_start"] = now, now
	next["current_period_end"] = nextPeriod(now, now, price)
	if truth(next, "cancel_at_period_end") {
		next["cancel_at"] = next["current_period_end"]
	}
	made.lines = w.periodLines(next)
	return made
}

// total is what an invoice of the change would come to.
func (made change) total() (total int64) {
	for _, each := range append(append([]object{}, made.items...), made.lines...) {
		total += number(each, "amount")
	}
	return total
}

// carryOut makes a change real. What it costs is invoiced at once where the behavior is always_invoice or a new period begins;
// it waits for the next invoice with create_prorations, and is dropped with none. Where it must be paid, a declined payment
// leaves all as it was.
func (w *world) carryOut(sub object, made change, behavior string, mustBePaid bool) (invoice object, declined *apiError) {
	if behavior == "none" {
		made.items = nil
	}
	atOnce := made.restart || behavior == "always_invoice" && len(made.items) > 0
	waiting := w.pending(sub)
	if atOnce {
		waiting = append(waiting, made.items...)
		invoice = w.draft(made.sub, "subscription_update", append(w.linesOf(made.sub, waiting), made.lines...))
	}
	var intent object
	if atOnce && mustBePaid && w.weigh(invoice) > 0 {
		if intent, declined = w.chargeFor(invoice, w.paymentMethodOf(sub)); declined != nil {
			return nil, declined
		}
	}
	w.keep(made.items)
	maps.Copy(sub, made.sub)
	if atOnce {
		taken(waiting, invoice)
		w.book(invoice)
		w.finalize(invoice)
	}
	w.changed(sub)
	switch {
	case intent != nil:
		w.settle(invoice, intent)
	case atOnce:
		w.attempt(invoice)
	}
	return invoice, nil
}

// behaviors are what may become of prorations.
func behaviorOf(f form, usual string) (string, *apiError) {
	behavior := f.textOr("proration_behavior", usual)
	switch behavior {
	case "always_invoice", "create_prorations", "none":
		return behavior, nil
	}
	return "", invalid("proration_behavior", "Invalid proration_behavior: must be one of always_invoice, create_prorations, or none")
}

func updateSubscription(c *call) (any, *apiError) {
	sub, failure := c.named("subscription")
	if failure != nil {
		return nil, failure
	}
	if over(sub) {
		return nil, invalid("", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	behavior, failure := behaviorOf(c.form, "create_prorations")
	if failure != nil {
		return nil, failure
	}
	if c.form.has("items") || c.form.text("billing_cycle_anchor") == "now" {
		if failure := c.changeItems(sub, behavior); failure != nil {
			return nil, failure
		}
	}
	if failure := c.changeFields(sub); failure != nil {
		return nil, failure
	}
	if failure := c.changeTrial(sub); failure != nil {
		return nil, failure
	}
	c.changeEnd(sub)
	c.takeReason(sub)
	c.w.changed(sub)
	return sub, nil
}

// changeItems takes items[0], the one item that a subscription has here.
func (c *call) changeItems(sub object, behavior string) *apiError {
	item := parts(sub, "items")[0]
	price, quantity := part(item, "price"), number(item, "quantity")
	for i, asked := range c.form.list("items") {
		if i > 0 {
			return invalid("items", "This stand-in knows subscriptions of one item only.")
		}
		if id := asked.text("id"); id != text(item, "id") {
			return invalid("items[0][id]", "This stand-in changes the one item that there is: name it by its id, %s.", text(item, "id"))
		}
		if asked.has("price") {
			if price = c.w.get(asked.text("price")); text(price, "object") != "price" {
				return unknown("price", asked.text("price"), "items[0][price]")
			}
		}
		if asked.has("quantity") {
			quantity = asked.number("quantity")
		}
	}
	mustBePaid := c.form.text("payment_behavior") == "error_if_incomplete"
	_, failure := c.w.carryOut(sub, c.w.preview(sub, price, quantity, c.form.text("billing_cycle_anchor") == "now"), behavior, mustBePaid)
	return failure
}

func (c *call) changeFields(sub object) *apiError {
	f := c.form
	if f.has("metadata") {
		sub["metadata"] = f.part("metadata").change(part(sub, "metadata"))
	}
	if f.has("description") {
		sub["description"] = orNil(f.text("description"))
	}
	if f.has("default_payment_method") {
		method := f.text("default_payment_method")
		if method != "" && text(c.w.get(method), "object") != "payment_method" {
			return unknown("PaymentMethod", method, "default_payment_method")
		}
		sub["default_payment_method"] = orNil(method)
	}
	if !f.has("pause_collection") {
		return nil
	}
	behavior := f.text("pause_collection.behavior")
	switch behavior {
	case "keep_as_draft", "mark_uncollectible", "void":
		sub["pause_collection"] = object{"behavior": behavior, "resumes_at": nil}
		if resumes := f.number("pause_collection.resumes_at"); resumes > 0 {
			sub["pause_collection"] = object{"behavior": behavior, "resumes_at": resumes}
		}
	case "":
		sub["pause_collection"] = nil
	default:
		return invalid("pause_collection[behavior]", "Invalid pause_collection[behavior]: must be one of keep_as_draft, mark_uncollectible, or void")
	}
	return nil
}

// changeTrial ends a trial now, or moves its end; a subscription without a trial gets one, and pays again when it ends.
func (c *call) changeTrial(sub object) *apiError {
	if !c.form.has("trial_end") {
		return nil
	}
	now, until := c.w.now().Unix(), c.form.number("trial_end")
	if c.form.text("trial_end") == "now" {
		if sub["status"] == "trialing" {
			sub["trial_end"] = now
			c.w.startNow(sub)
		}
		return nil
	}
	if until <= now {
		return invalid("trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
	}
	if sub["status"] != "trialing" {
		sub["trial_start"], sub["current_period_start"] = now, now
	}
	sub["status"], sub["trial_end"], sub["current_period_end"], sub["billing_cycle_anchor"] = "trialing", until, until, until
	return nil
}

// changeEnd takes when a subscription shall end: at a moment, at its period's end, or not at all.
func (c *call) changeEnd(sub object) {
	now := c.w.now().Unix()
	if c.form.has("cancel_at") {
		sub["cancel_at"], sub["canceled_at"], sub["cancel_at_period_end"] = nil, nil, false
		if when := c.form.number("cancel_at"); when > 0 {
			sub["cancel_at"], sub["canceled_at"] = when, now
		}
	}
	if c.form.has("cancel_at_period_end") {
		c.w.endAtPeriodEnd(sub, c.form.truth("cancel_at_period_end"))
	}
}

// endAtPeriodEnd decides whether a subscription goes on after the present period.
func (w *world) endAtPeriodEnd(sub object, ends bool) {
	reason := part(sub, "cancellation_details")
	if !ends {
		sub["cancel_at_period_end"], sub["cancel_at"], sub["canceled_at"], reason["reason"] = false, nil, nil, nil
		return
	}
	sub["cancel_at_period_end"], sub["cancel_at"] = true, sub["current_period_end"]
	sub["canceled_at"], reason["reason"] = w.now().Unix(), "cancellation_requested"
}

// takeReason keeps what a caller says about why a subscription ends.
func (c *call) takeReason(sub object) {
	for _, field := range []string{"comment", "feedback"} {
		if path := "cancellation_details." + field; c.form.has(path) {
			part(sub, "cancellation_details")[field] = orNil(c.form.text(path))
		}
	}
}

// resumeSubscription wakes a subscription that paused because its trial ended without a payment method.
func resumeSubscription(c *call) (any, *apiError) {
	sub, failure := c.named("subscription")
	if failure != nil {
		return nil, failure
	}
	if sub["status"] != "paused" {
		return nil, invalid("", "Only paused subscriptions can be resumed.")
	}
	c.w.startNow(sub)
	c.w.emit("customer.subscription.resumed", sub)
	c.w.changed(sub)
	return sub, nil
}

// startNow begins a period that is paid for, and invoices it at once.
func (w *world) startNow(sub object) {
	now := w.now().Unix()
	sub["billing_cycle_anchor"], sub["current_period_start"], sub["status"] = now, now, "active"
	sub["current_period_end"] = nextPeriod(now, now, part(parts(sub, "items")[0], "price"))
	if truth(sub, "cancel_at_period_end") {
		sub["cancel_at"] = sub["current_period_end"]
	}
	w.plan(sub)
	w.invoiceNow(sub, w.periodLines(sub)...)
}
