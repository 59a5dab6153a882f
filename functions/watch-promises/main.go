// Watch-promises counts, from outside, what should no longer be there. It deletes nothing: what it finds is for an operator.
package main

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type watch struct {
	db      *postgres.Database
	objects *bucket.Bucket
}

func main() {
	task.Serve(watch{
		db: postgres.Open(setting.Required("DATABASE_URL")),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
	}.run)
}

// settled is how old something must be to count: what is on its way in or out is looked after by sweep-stalled.
const settled = 24 * time.Hour

// found is what a look from outside came upon.
type found struct {
	erasure.Progress
	orphans, missing int // objects without rows, and rows without objects
	unfinished       bool
}

func (w watch) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	f, err := w.look(ctx, clock.Now())
	for _, n := range []struct {
		name, alarm string
		count       int
	}{
		{"erasures_overdue", "erasure_overdue", f.Late},
		{"erasures_held", "", f.Held},
		{"erasure_stage_hours", "", f.StageHours},
		{"objects_without_rows", "objects_without_rows", f.orphans},
		{"rows_without_objects", "rows_without_objects", f.missing},
	} {
		task.Count(ctx, n.name, n.count)
		if n.count > 0 && n.alarm != "" {
			task.Alarm(ctx, n.alarm)
		}
	}
	if f.unfinished {
		task.Alarm(ctx, "comparison_unfinished")
	}
	return err
}

// look counts overdue erasures, then holds the bucket's listing and the rows against each other, from one end to the other.
func (w watch) look(ctx context.Context, at time.Time) (f found, err error) {
	if f.Progress, err = erasure.Watch(ctx, w.db, at); err != nil {
		return f, err
	}
	err = image.Compare(ctx, w.db, w.objects, "", "", func(d image.Difference) error {
		switch {
		case d.ImageID != "":
			f.missing++
		case d.At.Before(at.Add(-settled)):
			f.orphans++
		}
		return nil
	})
	if ctx.Err() != nil { // the bucket is too large for one run: what was counted is not all
		f.unfinished, err = true, nil
	}
	return f, err
}
