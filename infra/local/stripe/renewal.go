package stripe

import (
	"maps"
	"time"
)

// billing is what a world knows of time to come.
type billing struct {
	due          map[string]int64 // by subscription or invoice: when time next does something to it
	afterRetries string           // what a subscription becomes once all attempts have failed: unpaid, canceled or past_due
}

// plan notes when time will next do something to a subscription or an invoice. Whoever changes one calls it.
func (w *world) plan(o object) {
	if w.billing.due == nil {
		w.billing.due = map[string]int64{}
	}
	id, moment := text(o, "id"), w.dueOf(o)
	if moment == 0 {
		delete(w.billing.due, id)
		return
	}
	w.billing.due[id] = moment
}

func (w *world) dueOf(o object) int64 {
	if o["object"] == "invoice" {
		if !truth(o, "auto_advance") || o["status"] != "draft" && o["status"] != "open" {
			return 0
		}
		return number(o, "next_payment_attempt")
	}
	switch {
	case over(o):
		return 0
	case o["status"] == "incomplete":
		return number(o, "created") + 23*60*60
	}
	moments := []int64{number(o, "cancel_at"), number(o, "pause_collection.resumes_at"), w.warningOf(o)}
	if o["status"] != "paused" {
		moments = append(moments, number(o, "current_period_end"))
	}
	earliest := int64(0)
	for _, moment := range moments {
		if moment > 0 && (earliest == 0 || moment < earliest) {
			earliest = moment
		}
	}
	return earliest
}

// warningOf gives when the end of a trial is announced, three days ahead; 0 where that is past or there is no trial.
func (w *world) warningOf(sub object) int64 {
	moment := number(sub, "trial_end") - 3*secondsOfDay
	if sub["status"] == "trialing" && moment > w.now().Unix() {
		return moment
	}
	return 0
}

// advance lets time do all that is due until a moment, in the order in which it is due, each at its own time.
func (w *world) advance(to time.Time) {
	ahead := w.shift
	for {
		id, moment := w.earliest()
		if id == "" || moment > to.Unix() {
			break
		}
		w.shift = time.Unix(moment, 0).Sub(w.config.Now())
		w.happen(w.get(id))
	}
	w.shift = ahead
	w.moveTo(to)
}

// earliest gives what is due first, an invoice before a subscription.
func (w *world) earliest() (first string, moment int64) {
	for id, due := range maps.All(w.billing.due) {
		if first == "" || due < moment || due == moment && id < first {
			first, moment = id, due
		}
	}
	return first, moment
}

// happen does what is due for a subscription or an invoice now.
func (w *world) happen(o object) {
	now := w.now().Unix()
	reached := func(path string) bool { return number(o, path) > 0 && number(o, path) <= now }
	switch {
	case o["object"] == "invoice" && o["status"] == "draft":
		w.finalize(o)
		w.attempt(o)
	case o["object"] == "invoice":
		w.attempt(o)
	case o["status"] == "incomplete":
		w.expire(o)
	case reached("cancel_at"):
		w.end(o, "cancellation_requested")
	case reached("pause_collection.resumes_at"):
		o["pause_collection"] = nil
		w.changed(o)
	case reached("current_period_end"):
		w.renew(o)
	default:
		w.emit("customer.subscription.trial_will_end", o)
		w.plan(o)
	}
}

// expire ends a subscription whose first invoice was not paid within 23 hours.
func (w *world) expire(sub object) {
	sub["status"] = "incomplete_expired"
	if invoice := w.get(text(sub, "latest_invoice")); invoice != nil && invoice["status"] == "open" {
		w.void(invoice)
	}
	w.changed(sub)
}

// renew begins a subscription's next period and makes its invoice, which is final an hour later.
func (w *world) renew(sub object) {
	if sub["status"] == "trialing" && !w.endTrial(sub) {
		return
	}
	start := number(sub, "current_period_end")
	sub["current_period_start"] = start
	sub["current_period_end"] = nextPeriod(number(sub, "billing_cycle_anchor"), start, part(parts(sub, "items")[0], "price"))
	waiting := w.pending(sub)
	invoice := w.draft(sub, "subscription_cycle", append(w.linesOf(sub, waiting), w.periodLines(sub)...))
	taken(waiting, invoice)
	paused := text(sub, "pause_collection.behavior")
	if paused != "" || sub["status"] == "unpaid" {
		invoice["auto_advance"] = false
	} else {
		invoice["next_payment_attempt"] = w.now().Unix() + draftTime
	}
	w.book(invoice)
	w.changed(sub)
	switch paused {
	case "void":
		w.finalize(invoice)
		w.void(invoice)
	case "mark_uncollectible":
		w.finalize(invoice)
		w.giveUp(invoice)
	}
}

// endTrial makes a trial's subscription active and says so, unless nobody can pay and it was to pause or end then.
func (w *world) endTrial(sub object) bool {
	if w.paymentMethodOf(sub) == "" {
		switch text(sub, "trial_settings.end_behavior.missing_payment_method") {
		case "pause":
			sub["status"] = "paused"
			w.emit("customer.subscription.paused", sub)
			w.changed(sub)
			return false
		case "cancel":
			w.end(sub, "cancellation_requested")
			return false
		}
	}
	sub["status"] = "active"
	return true
}
