package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
)

// settled is how long after the closing of an account nothing counts as ended: a checkout that began before it may still open a
// page or make a customer, for as long as a function lives, and Stripe's search lags behind by as much again.
const settled = 2 * unanswered

// outage is how far Stripe's search falls behind at worst, as docs.stripe.com/api/customers/search says: so long it is no proof
// that an attempt at making a customer, which was not answered, made none.
const outage = time.Hour

// EndFor ends all that could still be billed to a closed account: open Checkout pages and every subscription, of our customer
// and of all that Stripe knows for the account, since the answer that named one may have been lost. What it finds ends at once;
// but it is true only if Stripe says that nothing is live any more, not within two minutes of the closing, nor within an hour of
// an attempt at making a customer that was not answered. An account that is open is left alone, and never ended. Repeat it
// while it is false or fails; the errors are the gates', and payment.ErrNotFound where Stripe does not know our customer: then
// the key may be another Stripe account's.
func EndFor(ctx context.Context, db postgres.Querier, stripe *payment.Stripe, account string, at time.Time) (ended bool, err error) {
	who, err := leaverOf(ctx, db, stripe, account, at)
	if err != nil {
		return false, err
	}
	ended, err = each(who.customers, func(customer string) (bool, error) { return stripe.EndAll(ctx, customer) })
	return ended && who.settled, err
}

// EraseFor ends once more what EndFor ends, then blanks and deletes every customer of a closed account at Stripe, with what was
// saved to pay with. It is true only if Stripe says of each that it is deleted and its search shows no other; an account that is
// gone counts as closed. It can be repeated. What Stripe keeps nevertheless is told at payment.EraseCustomer. The errors are
// those of EndFor.
func EraseFor(ctx context.Context, db postgres.Querier, stripe *payment.Stripe, account string, at time.Time) (done bool, err error) {
	who, err := leaverOf(ctx, db, stripe, account, at)
	if err != nil {
		return false, err
	}
	done, err = each(who.customers, func(customer string) (bool, error) {
		if ended, err := stripe.EndAll(ctx, customer); err != nil || !ended {
			return false, err
		}
		return stripe.EraseCustomer(ctx, customer)
	})
	if err != nil || !done || !who.settled {
		return false, err
	}
	left, err := stripe.Customers(ctx, account)
	unseen := func(customer string) bool { return !slices.Contains(who.customers, customer) }
	return err == nil && !slices.ContainsFunc(left, unseen), err // of those that were seen, the search lags behind the deletion
}

// each does something for all, though it fails for one, and says whether it is done for all.
func each(customers []string, do func(customer string) (done bool, err error)) (done bool, err error) {
	done = true
	for _, customer := range customers {
		one, failed := do(customer)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", customer, failed))
		}
		done = done && one
	}
	return done && err == nil, err
}

// leaver is an account on its way out, or gone, as Stripe knows it.
type leaver struct {
	settled   bool     // nobody can be at work for it any more
	customers []string // at Stripe; ours first; none of an account that is open
}

func leaverOf(ctx context.Context, db postgres.Querier, stripe *payment.Stripe, account string, at time.Time) (who leaver, err error) {
	var exists, lost bool
	var closedAt *time.Time
	var ours *string
	err = db.QueryRow(ctx, `
		select app.has_account($1), app.closed($1), (select id from app.customer where account_id = $1),
		       exists (select from app.customer where account_id = $1 and id is null and begun_at > $2 and begun_at < 'infinity')`,
		account, at.Add(-outage)).Scan(&exists, &closedAt, &ours, &lost)
	if err != nil {
		return leaver{}, fmt.Errorf("asking how an account is left: %w", err)
	}
	if exists && closedAt == nil {
		return leaver{}, nil
	}
	who.settled = !exists || !lost && !closedAt.After(at.Add(-settled))
	if who.customers, err = stripe.Customers(ctx, account); err != nil {
		return leaver{}, err
	}
	if ours != nil && !slices.Contains(who.customers, *ours) {
		who.customers = slices.Insert(who.customers, 0, *ours)
	}
	return who, nil
}

// Live says whether our books show a subscription of an account that has not ended. They follow Stripe's by its events, or by
// the day's comparison.
func Live(ctx context.Context, db postgres.Querier, account string) (live bool, err error) {
	if err = db.QueryRow(ctx, `select exists (select from app.subscription where account_id = $1 and ended_at is null)`, account).Scan(&live); err != nil {
		return false, fmt.Errorf("asking for a running subscription: %w", err)
	}
	return live, nil
}

// errLeft says that a subscription was ended because its account is closed: another look finds it so.
var errLeft = errors.New("a subscription ran for a closed account")

// endLeft ends a subscription that runs for an account that is closed, and then is errLeft: it was bought on a page that somebody
// left open, or the look at the closing missed it. Of an account that is gone nothing is ended, because two deployments that
// share one account at Stripe do not know each other's.
func (b Books) endLeft(ctx context.Context, s payment.Subscription) error {
	if b.standing(s).EndedAt != nil {
		return nil
	}
	var claimed *string
	if uuid.Validate(s.Account) == nil {
		claimed = &s.Account
	}
	var closed bool
	if err := b.DB.QueryRow(ctx, `select app.closed(coalesce((select account_id from app.customer where id = $1), $2::uuid)) is not null`,
		s.Customer, claimed).Scan(&closed); err != nil {
		return fmt.Errorf("asking whose a subscription is: %w", err)
	}
	if !closed {
		return nil
	}
	return cmp.Or(b.Stripe.EndSubscription(ctx, s.ID), errLeft)
}
