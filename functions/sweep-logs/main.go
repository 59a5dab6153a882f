// Sweep-logs drops the days of the logs whose end has come (policy P4.2b), makes the days ahead, counts the usage of the days that
// are over (policy P3.2).
//
// It runs once a day, owns what it drops, and works past the pooler, because a day is detached outside any transaction.
package main

import (
	"context"
	"errors"
	"time"

	"nanoflux.ai/backend/shared/approval"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

const job = "sweep-logs"

type sweep struct{ db *postgres.Database }

func main() { task.Serve(sweep{postgres.Open(setting.Required("DATABASE_URL"))}.run) }

// run leaves everything to another run that is at work already.
func (s sweep) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	err := logbook.Alone(ctx, s.db, func(session postgres.Querier) error { return s.work(ctx, session, clock) })
	if errors.Is(err, logbook.ErrAnother) {
		task.Count(ctx, "left_to_another", 1)
		return nil
	}
	return err
}

// work does each part whatever becomes of the others: a day that cannot be dropped must not keep tomorrow's from being made. Where
// it asks first, because more than a week would go at once, it has not come to its end.
func (s sweep) work(ctx context.Context, session postgres.Querier, clock task.Clock) error {
	at := clock.Now()
	made, first := logbook.MakeDays(ctx, session, at)
	task.Count(ctx, "days_made", made)
	asked, second := approval.Sweep{Job: job, Few: 7, Percent: 5,
		Due: func(ctx context.Context, at time.Time) (int64, int64, error) { return logbook.DueAt(ctx, session, at) },
		Take: func(ctx context.Context, at time.Time) error {
			dropped, err := logbook.DropDays(ctx, session, at)
			task.Count(ctx, "days_dropped", dropped)
			return err
		}}.Run(ctx, session, at)
	counted, third := generation.CountUsage(ctx, session, at)
	task.Count(ctx, "usage_counted", counted)
	if asked > 0 {
		task.Alarm(ctx, "sweep_asks")
		task.Count(ctx, "asked_for", int(asked))
	}
	if err := errors.Join(first, second, third); err != nil || asked > 0 {
		return err
	}
	return promise.Succeeded(ctx, session, job, at)
}
