package billing

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// Overview is what somebody sees of their plan, credits and payments.
type Overview struct {
	Plan     Plan            `json:"plan"`
	Credits  account.Credits `json:"credits"`
	Payments []Paid          `json:"payments"` // the latest hundred, newest first

	Customer string `json:"-"` // at Stripe; "" for who never bought anything
}

// Paid is one payment with what went back of it.
type Paid struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind"` // plan, pack or other
	Offer       *string   `json:"offer"`
	Description string    `json:"description"`
	Amount      int64     `json:"amount"` // in minor units
	Currency    string    `json:"currency"`
	PaidAt      time.Time `json:"paid_at"`
	Status      string    `json:"status"`   // paid, partly_refunded, refunded, disputed, lost or warned
	Refunded    int64     `json:"refunded"` // by us, in minor units
}

// Look gives the caller's overview, in one statement with the session check. It fails with session.ErrSignedOut.
func Look(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) (Overview, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		account.Credits
		subscribed
		Customer string
		Payments []Paid
	}](ctx, db, "reading the billing", `
		select `+session.Columns+`, coalesce(k.id, '') as customer,
		       coalesce(b.available, 0) as available, coalesce(b.held, 0) as held, coalesce(b.owed, 0) as owed,
		       s.offer, s.status, s.period_end, s.cancel_at, s.ended_at, coalesce(h.payments, '[]') as payments
		from app.caller($1, $2) c
		left join app.customer k on k.account_id = c.account_id
		left join lateral app.balance(c.account_id) b on true
		left join lateral (
			select * from app.subscription x where x.account_id = c.account_id and x.status <> 'incomplete_expired'
			order by x.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') desc, x.created_at desc, x.id
			limit 1) s on true
		left join lateral (
			select json_agg(p order by p.paid_at desc, p.id) as payments from (
				select p.id, p.kind, p.offer, p.amount, p.currency, p.paid_at, p.status,
				       coalesce((select sum(r.amount) from app.payment_return r
				                 where r.payment_id = p.id and r.kind = 'refund' and r.counts), 0) as refunded
				from app.payment_owner o join app.payment p on p.id = o.payment_id
				where o.account_id = c.account_id order by p.paid_at desc, p.id limit 100) p) h on true`, tokenHash, at)
	if err != nil {
		return Overview{}, session.Caller{}, err
	}
	for i, p := range row.Payments {
		row.Payments[i].PaidAt, row.Payments[i].Description = p.PaidAt.UTC(), p.describe()
	}
	return Overview{Plan: row.plan(), Credits: row.Credits, Payments: row.Payments, Customer: row.Customer}, row.Caller, nil
}

// describe says in words what was paid for.
func (p Paid) describe() string {
	if p.Offer != nil {
		if o, known := offer.Find(*p.Offer); known && o.Kind == offer.Plan {
			return o.Name + ", a " + o.Interval
		} else if known {
			return o.Name
		}
	}
	return "Payment"
}
