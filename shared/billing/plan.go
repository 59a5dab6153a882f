package billing

import (
	"time"

	"nanoflux.ai/backend/shared/offer"
)

// Plan is what somebody is subscribed to, as they see it. Without a subscription it is the free plan; after one, the plan that
// ended.
type Plan struct {
	ID       string     `json:"id"`    // tier: "free", "plus", "pro"
	Offer    *string    `json:"offer"` // what is charged for; nil with the free plan
	Name     string     `json:"name"`
	Status   string     `json:"status"` // free, trialing, active, past_due, unpaid, paused, incomplete or canceled
	Interval *string    `json:"interval"`
	Amount   *int64     `json:"amount"` // in minor units, an interval
	Currency *string    `json:"currency"`
	RenewsAt *time.Time `json:"renews_at"` // the next payment, if all goes well
	EndsAt   *time.Time `json:"ends_at"`   // after which nothing is charged, or since when
	Cancel   string     `json:"cancel"`    // what it would mean to cancel, or means that it was
}

// subscribed is the subscription that a person has, or the last one; every field is nil where there was none.
type subscribed struct {
	Offer, Status                *string
	PeriodEnd, CancelAt, EndedAt *time.Time
}

func (s subscribed) plan() Plan {
	if s.Status == nil {
		return Plan{ID: "free", Name: "Free", Status: "free", Cancel: "There is nothing to cancel: the free plan costs nothing."}
	}
	p := Plan{ID: *s.Offer, Offer: s.Offer, Name: "Plan", Status: *s.Status, EndsAt: utc(s.CancelAt)}
	if o, known := offer.Find(*s.Offer); known {
		p.ID, p.Name, p.Interval, p.Amount, p.Currency = o.Tier, o.Name, &o.Interval, &o.Amount, &o.Currency
	}
	switch {
	case p.Status == "canceled" && s.EndedAt != nil:
		p.EndsAt = utc(s.EndedAt)
	case p.EndsAt == nil && (p.Status == "active" || p.Status == "trialing"):
		p.RenewsAt = utc(s.PeriodEnd)
	}
	p.Cancel = p.cancel(*s.PeriodEnd)
	return p
}

// cancel says what a cancellation would mean, or means where there is one.
func (p Plan) cancel(periodEnd time.Time) string {
	const kept = " Credits of packs stay."
	switch {
	case p.Status == "canceled":
		return p.Name + " has ended and nothing more is charged. Its credits stay until the end of the time that was paid." + kept
	case p.Status == "incomplete":
		return "The first payment was not finished, so nothing was charged. Without it, the plan goes away by itself within a day."
	case p.EndsAt != nil:
		return "You have canceled: nothing more is charged, and " + p.Name + " with its credits stays until " + day(*p.EndsAt) +
			". Until then you can take that back." + kept
	case p.Status == "trialing":
		return "If you cancel, the trial ends on " + day(periodEnd) + " and nothing is charged." + kept
	case p.Status == "past_due", p.Status == "unpaid":
		return "If you cancel, " + p.Name + " ends on " + day(periodEnd) + " and no new payments begin. Credits that were paid stay until they expire." + kept
	case p.Status == "paused":
		return "Nothing is charged while " + p.Name + " is paused. If you cancel, it ends on " + day(periodEnd) +
			". Credits that were paid stay until they expire." + kept
	}
	return "If you cancel, nothing more is charged, and " + p.Name + " with its credits stays until " + day(periodEnd) +
		"; what is left of them then expires." + kept
}

// day is written as the pages write it beside the sentence.
func day(at time.Time) string { return at.UTC().Format("Jan 2, 2006") }

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	t := at.UTC()
	return &t
}
