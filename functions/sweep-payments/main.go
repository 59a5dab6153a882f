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

// run asks first where it would take unusually much. Then it has not come to its end, and the monitor says so until somebody looks.
func (s sweep) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	at := clock.Now()
	asked, err := approval.Sweep{Job: job, Few: 1000, Percent: 25, Due: s.due, Take: s.purge}.Run(ctx, s.db, at)
	if err != nil {
		return err
	}
	if asked > 0 {
		task.Alarm(ctx, "sweep_asks")
		task.Count(ctx, "asked_for", int(asked))
		return nil
	}
	return promise.Succeeded(ctx, s.db, job, at)
}

func (s sweep) due(ctx context.Context, at time.Time) (due, all int64, err error) {
	return billing.PaymentsDue(ctx, s.db, at, s.years)
}

// purge works piece by piece: each piece is whole, whenever the function is stopped.
func (s sweep) purge(ctx context.Context, at time.Time) error {
	for {
		gone, err := billing.PurgePayments(ctx, s.db, at, s.years, batch)
		if err != nil || gone == 0 {
			return err
		}
		task.Count(ctx, "purged", gone)
	}
}
