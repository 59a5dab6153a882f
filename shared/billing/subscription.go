package billing

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
)

// subscription looks at one subscription: which plan it is, and how it stands. Credits come from its invoices.
func (b Books) subscription(ctx context.Context, id string, version int64, event Event, at time.Time) (Outcome, error) {
	s, err := b.Stripe.Subscription(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.endLeft(ctx, s); err != nil {
		return Outcome{}, err
	}
	now := b.standing(s)
	return b.write(ctx, event, at, func(tx postgres.Querier) (Outcome, error) {
		account, _, err := owner(ctx, tx, s.Customer, s.Account, at)
		if err != nil {
			return Outcome{}, err
		}
		if account == "" {
			if now.EndedAt != nil {
				return Outcome{}, nil
			}
			return Outcome{Alarms: []string{AlarmNoOwner}}, nil
		}
		var outcome Outcome
		if _, known := b.Prices.Offer(s.Price); !known {
			outcome.Alarms = append(outcome.Alarms, AlarmUnknownPrice)
		}
		if outcome.Changed, err = follow(ctx, tx, account, s, now, version); err != nil {
			return Outcome{}, err
		}
		var twice bool
		if err := tx.QueryRow(ctx, `
			select count(*) > 1 and bool_or(id = $2) from app.subscription
			where account_id = $1 and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused')`,
			account, s.ID).Scan(&twice); err != nil {
			return Outcome{}, err
		}
		if twice {
			outcome.Alarms = append(outcome.Alarms, AlarmSecondSubscription)
		}
		return outcome, nil
	})
}

// standing is how a subscription stands, in the columns of app.subscription.
type standing struct {
	Offer, Status     string
	PeriodEnd         time.Time
	CancelAt, EndedAt *time.Time
}

// standing puts Stripe's words into ours. An unknown price stands for itself, so that an operator can look for it.
func (b Books) standing(s payment.Subscription) standing {
	now := standing{Offer: s.Price, Status: s.Status, PeriodEnd: s.PeriodEnd, CancelAt: orNull(s.CancelAt), EndedAt: orNull(s.EndedAt)}
	if plan, known := b.Prices.Offer(s.Price); known {
		now.Offer = plan.ID
	}
	if s.Paused && s.Status == "active" {
		now.Status = "paused" // Stripe goes on making invoices that nobody has to pay
	}
	if now.CancelAt == nil && s.CancelAtPeriodEnd {
		now.CancelAt = &s.PeriodEnd
	}
	if now.EndedAt == nil && (s.Status == "canceled" || s.Status == "incomplete_expired") {
		now.EndedAt = &s.PeriodEnd
	}
	return now
}

func (s standing) equal(other standing) bool {
	same := func(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
	return s.Offer == other.Offer && s.Status == other.Status && s.PeriodEnd.Equal(other.PeriodEnd) &&
		same(s.CancelAt, other.CancelAt) && same(s.EndedAt, other.EndedAt)
}

// follow writes a subscription as Stripe told it. It is errOvertaken if somebody wrote since the version that was read before
// Stripe was asked.
func follow(ctx context.Context, tx postgres.Querier, account string, s payment.Subscription, now standing, version int64) (changed bool, err error) {
	err = tx.QueryRow(ctx, `
		with earlier as (select offer, status, period_end, cancel_at, ended_at from app.subscription where id = $1)
		insert into app.subscription as s (id, account_id, offer, status, created_at, period_end, cancel_at, ended_at, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 1)
		on conflict (id) do update set offer = excluded.offer, status = excluded.status, period_end = excluded.period_end,
			cancel_at = excluded.cancel_at, ended_at = excluded.ended_at, version = s.version + 1
		where s.version = $9
		returning not exists (select from earlier e
			where (e.offer, e.status, e.period_end) = (s.offer, s.status, s.period_end)
			and e.cancel_at is not distinct from s.cancel_at and e.ended_at is not distinct from s.ended_at)`,
		s.ID, account, now.Offer, now.Status, s.CreatedAt, now.PeriodEnd, now.CancelAt, now.EndedAt, version).Scan(&changed)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errOvertaken
	}
	return changed, err
}

// orNull is nil for no time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// forgetCustomer sees that somebody deleted a customer at Stripe; the next checkout makes another one.
func (b Books) forgetCustomer(ctx context.Context, id string, event Event, at time.Time) (Outcome, error) {
	return b.write(ctx, event, at, func(tx postgres.Querier) (Outcome, error) {
		return Outcome{Changed: true}, ForgetCustomer(ctx, tx, id)
	})
}
