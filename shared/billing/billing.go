// Package billing keeps what people bought in agreement with Stripe.
//
// Stripe's events arrive in any order, twice, or never. So none of them is believed: each only says which object to look at.
// The object's latest state is fetched, and our books are brought to it, keyed by what it is about (a payment intent, an
// invoice, a refund, a dispute), which gives one final state whatever the way to it was. Reconciliation looks at the same
// objects without having been told.
//
//	what happened at Stripe           plan                     credits
//	pack paid                         -                        granted, for two years; when the money is there, not before
//	first or next invoice paid        active                   granted until the end of the paid period
//	trial begins                      trialing                 none until the first invoice with an amount is paid
//	invoice not paid, retries         past_due                 none new; what is left stays
//	retries given up                  unpaid or canceled       idem
//	collection paused                 paused                   idem
//	upgrade                           the new one, at once     the difference, in proportion to the money
//	downgrade                         the new one, at once     unused time's credits taken back; its money waits at Stripe
//	cancel at the period's end        active until then        stay until then
//	cancel at once                    canceled                 stay until the paid period would have ended
//	refund, also in parts             -                        taken back in proportion, cumulatively
//	dispute opened or lost            -                        taken back in proportion
//	dispute won, refund failed        -                        given back
//	early fraud warning               -                        all taken back until a dispute decides
//
// Somebody who closed their account gets credits for what they paid as long as that can be taken back, and no plan: one that
// begins or runs on is ended. Once the account is gone, money that still comes is nobody's.
//
// Credits that are taken back after they were spent become a debt, which the next grant repays first.
package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
)

// Alarms that an operator is to see.
const (
	AlarmUnclaimed          = "unclaimed_payment"              // money that nobody got anything for
	AlarmNoOwner            = "subscription_without_owner"     // somebody is billed whom we do not know
	AlarmSecondSubscription = "second_subscription"            // somebody pays for two plans
	AlarmUnknownPrice       = "unknown_price"                  // a plan that the catalogue does not have
	AlarmDispute            = "dispute"                        // money is being taken back by a bank (policy P3.4, policy P7e)
	AlarmOfClosed           = "subscription_of_closed_account" // somebody who left was billed again; it was ended
)

// Books are ours, beside Stripe's. Their database role is the cashier.
type Books struct {
	DB     *postgres.Database
	Stripe *payment.Stripe
	Prices offer.Prices
}

// Event is what told us to look: its id keeps a repetition from being looked at again. The zero Event is nobody's.
type Event struct{ ID, Type string }

// Outcome says what a look led to.
type Outcome struct {
	Changed bool     // our books were behind
	Alarms  []string // see the constants
}

// foreignKey is Postgres' word for a row that refers to one that is not there, as whatever is added to an erased account does.
const foreignKey = "23503"

// attempts at an object that others look at in the same moment.
const attempts = 20

// errOvertaken says that a later look at the same object was written first, or that its account's row went meanwhile: another
// look finds that out.
var errOvertaken = errors.New("overtaken by a later look at Stripe")

// errBusy is told where an object changes faster than it can be read.
var errBusy = problem.New(problem.Unavailable, "stripe_busy", "This payment is changing right now: try again in a moment.")

// Converge brings our books to what Stripe says now of one object, and remembers the event that asked for it, in one
// transaction; no transaction is open while Stripe is asked. An event that was applied before changes nothing. Errors: those
// of the gates; payment.ErrNotFound where Stripe has no such object.
func (b Books) Converge(ctx context.Context, about payment.Subject, event Event, at time.Time) (Outcome, error) {
	left := false
	for range attempts {
		outcome, err := b.look(ctx, about, event, at)
		if errors.Is(err, errOvertaken) || errors.Is(err, errLeft) {
			left = left || errors.Is(err, errLeft)
			continue
		}
		if left {
			outcome.Alarms = append(outcome.Alarms, AlarmOfClosed)
		}
		return outcome, err
	}
	return Outcome{}, errBusy
}

func (b Books) look(ctx context.Context, about payment.Subject, event Event, at time.Time) (Outcome, error) {
	before, err := b.before(ctx, about, event)
	if err != nil || before.seen {
		return Outcome{}, err
	}
	switch about.Kind {
	case payment.SubjectPayment:
		return b.payment(ctx, about.ID, before.version, event, at)
	case payment.SubjectInvoice:
		return b.invoice(ctx, about.ID, event, at)
	case payment.SubjectSubscription:
		return b.subscription(ctx, about.ID, before.version, event, at)
	case payment.SubjectCustomer:
		return b.forgetCustomer(ctx, about.ID, event, at)
	}
	return b.write(ctx, event, at, func(postgres.Querier) (Outcome, error) { return Outcome{}, nil })
}

// before is what our books say before Stripe is asked.
type before struct {
	seen    bool
	version int64
}

func (b Books) before(ctx context.Context, about payment.Subject, event Event) (found before, err error) {
	err = b.DB.QueryRow(ctx, `
		select exists (select from app.stripe_event where id = $1),
		       coalesce((select version from app.payment where id = $2), (select version from app.subscription where id = $2), 0)`,
		event.ID, about.ID).Scan(&found.seen, &found.version)
	if err != nil {
		err = fmt.Errorf("looking up a Stripe event: %w", err)
	}
	return found, err
}

// write runs effects in one transaction with the event's id. Of two deliveries at once, the second waits here for the first
// and then has nothing to do.
func (b Books) write(ctx context.Context, event Event, at time.Time, effects func(tx postgres.Querier) (Outcome, error)) (outcome Outcome, err error) {
	err = b.DB.Transaction(ctx, func(tx postgres.Querier) error {
		outcome = Outcome{}
		if event.ID != "" {
			done, err := tx.Exec(ctx, `insert into app.stripe_event (id, type, at) values ($1, $2, $3) on conflict do nothing`,
				event.ID, event.Type, at)
			if err != nil || done.RowsAffected() == 0 {
				return err
			}
		}
		outcome, err = effects(tx)
		return err
	})
	if postgres.Raised(err, foreignKey) {
		return Outcome{}, errOvertaken
	}
	if err != nil && !errors.Is(err, errOvertaken) && problem.Of(err) == nil {
		err = fmt.Errorf("applying a Stripe event: %w", err)
	}
	return outcome, err
}
