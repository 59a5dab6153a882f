// Keep-logs takes what functions log from CloudWatch into the database, where each record ends with its day.
package main

import (
	"context"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type keeper struct{ db *postgres.Database }

func main() {
	task.ServeLogs(keeper{postgres.Open(setting.Required("DATABASE_URL"))}.keep)
}

// keep keeps what is a record. A batch that fails is delivered again; one that was kept before changes nothing.
func (k keeper) keep(ctx context.Context, clock task.Clock, lines []task.LogEvent) error {
	var records []logbook.Record
	skipped, dropped := 0, 0
	for _, line := range lines {
		record, ok := logbook.Parse(line.ID, line.Message)
		if !ok {
			skipped++
			continue
		}
		dropped += record.Dropped()
		records = append(records, record)
	}
	done, err := logbook.Keep(ctx, k.db, records, clock.Now())
	for name, n := range map[string]int{
		"kept": done.Kept, "repeated": done.Repeated, "gone": done.Gone, "ahead": done.Ahead,
		"lines_skipped": skipped, "fields_dropped": dropped,
	} {
		task.Count(ctx, name, n)
	}
	if done.Ahead > 0 || skipped > 0 { // a sweep made no days, or a function writes what nobody can read
		task.Alarm(ctx, "logs_not_kept")
	}
	return err
}
