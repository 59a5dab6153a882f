package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/task"
)

const (
	// settled is how old something must be to count: what is on its way in or out is looked after by sweep-stalled.
	settled = 24 * time.Hour
	// spared of the function's time, to say what was seen of a bucket that is too large for one look.
	spared = 15 * time.Second
)

// compare holds the bucket's listing and the rows against each other, from one end to the other, and looks for objects past
// their end beside the library. Of a look that was cut short it says only what it found.
func (w watch) compare(ctx context.Context, at time.Time) (map[string]promise.Seen, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-spared))
		defer cancel()
	}
	l := listing{at: at, seen: map[string]promise.Seen{}}
	err := image.Compare(ctx, w.db, w.objects, "", "", l.differs, l.beside)
	if err == nil {
		err = w.marks(ctx, &l)
	}
	if err != nil {
		if ctx.Err() != nil {
			task.Alarm(ctx, "comparison_unfinished")
		}
		return l.seen, err
	}
	for _, m := range inBucket() { // what was not found is seen to be none
		if _, found := l.seen[m.name]; !found {
			l.seen[m.name] = promise.Seen{Measure: m.name}
		}
	}
	return l.seen, nil
}

// listing is what was found in the bucket so far.
type listing struct {
	at    time.Time
	seen  map[string]promise.Seen
	marks []string // accounts whose links are refused
}

func (l *listing) found(measure string, end time.Time) {
	s := l.seen[measure]
	s.Measure = measure
	s.Value++
	if s.Oldest == nil || end.Before(*s.Oldest) {
		s.Oldest = &end
	}
	l.seen[measure] = s
}

func (l *listing) differs(d image.Difference) error {
	switch {
	case d.ImageID != "":
		l.found("rows_without_objects", l.at)
	case d.At.Before(l.at.Add(-settled)):
		l.found("objects_without_rows", d.At)
	}
	return nil
}

// beside looks at what is not of the library: its age says whether it should be gone, also where no row knows of it any more.
func (l *listing) beside(place schema.Place, object bucket.Object) {
	segments := strings.Split(object.Key, "/")
	switch {
	case segments[0] == "revoked":
		if object.At.Before(l.at.Add(-settled)) {
			l.marks = append(l.marks, segments[1])
		}
	case segments[0] == "erasures": // the entry's day is its last
		if day, err := time.Parse(time.DateOnly, segments[1]); err != nil || !l.at.Before(day.Add(24*time.Hour)) {
			l.found("ledger_past_end", day.Add(24*time.Hour))
		}
	case segments[1] == "incoming":
		if end := object.At.Add(time.Hour); end.Before(l.at) {
			l.found("uploaded_files_past_end", end)
		}
	case segments[1] == "exports": // written within seven days of the order, kept for seven from when it is ready
		if end := object.At.Add(15 * 24 * time.Hour); end.Before(l.at) {
			l.found("export_files_past_end", end)
		}
	}
}

// marks looks for those of accounts that are not on their way out any more.
func (w watch) marks(ctx context.Context, l *listing) error {
	leaving, err := erasure.Leaving(ctx, w.db, l.marks)
	if err != nil {
		return err
	}
	out := map[string]bool{}
	for _, prefix := range leaving {
		out[prefix] = true
	}
	for _, prefix := range l.marks {
		if out[prefix] {
			continue
		}
		// It may have gone, with the erasure, since it was listed.
		if _, err := w.objects.Length(ctx, "revoked/"+prefix); errors.Is(err, bucket.ErrMissing) {
			continue
		} else if err != nil {
			return err
		}
		l.found("marks_without_erasure", l.at)
	}
	return nil
}
