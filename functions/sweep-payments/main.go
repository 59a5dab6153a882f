// Sweep-payments removes the records of payments once the law's years are over (policy P4.2c).
package main

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/approval"
	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

const (
	job   = "sweep-payments"
	batch = 500
)

type sweep struct {
	db    *postgres.Database
	years int
}

func main() {
	task.Serve(sweep{postgres.Open(setting.Required("DATABASE_URL")), setting.Parsed("PAYMENT_YEARS", billing.ParseYears)}.run)
}

// run carries out what staff confirmed, then what is due today, unless that is so much that it asks first. Where it asks, it has
// not come to its end, and the monitor says so until somebody has looked.
func (s sweep) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	at := clock.Now()
	if err := s.confirmed(ctx, at); err != nil {
		return err
	}
	due, all, err := billing.PaymentsDue(ctx, s.db, at, s.years)
	if err != nil {
		return err
	}
	if plan := (approval.Plan{Job: job, Cut: at.Truncate(time.Second), Rows: due, OfAll: all}); plan.Unusual() {
		task.Alarm(ctx, "sweep_asks")
		task.Count(ctx, "asked_for", int(due))
		return approval.Ask(ctx, s.db, plan, at)
	}
	if err := s.purge(ctx, at); err != nil {
		return err
	}
	return promise.Succeeded(ctx, s.db, job, at)
}

// confirmed carries out the plans that staff confirmed, as long as they would take no more than was shown.
func (s sweep) confirmed(ctx context.Context, at time.Time) error {
	plans, err := approval.Confirmed(ctx, s.db, job)
	if err != nil {
		return err
	}
	for _, p := range plans {
		due, _, err := billing.PaymentsDue(ctx, s.db, p.Cut, s.years)
		if err != nil {
			return err
		}
		if due <= p.Rows {
			if err := s.purge(ctx, p.Cut); err != nil {
				return err
			}
		}
		if err := approval.Done(ctx, s.db, p, at); err != nil {
			return err
		}
	}
	return nil
}

// purge removes everything that is over at a moment, piece by piece: each piece is whole, whenever the function is stopped.
func (s sweep) purge(ctx context.Context, at time.Time) error {
	for {
		gone, err := billing.PurgePayments(ctx, s.db, at, s.years, batch)
		if err != nil || gone == 0 {
			return err
		}
		task.Count(ctx, "purged", gone)
	}
}
