// Watch-promises looks, from outside, at what was promised, and says what is kept, at risk and broken. It deletes nothing.
package main

import (
	"context"
	"errors"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type watch struct {
	db      *postgres.Database
	objects *bucket.Bucket
	terms   erasure.Terms
	years   int // for which payments are kept
}

func main() {
	task.Serve(watch{
		db: postgres.Open(setting.Required("DATABASE_URL")),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		terms: setting.Parsed("BACKUP_DAYS", erasure.ParseTerms),
		years: setting.Parsed("PAYMENT_YEARS", billing.ParseYears),
	}.run)
}

// run looks at the database every hour, at the bucket once a day, or as soon as it can be looked at again.
func (w watch) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	at := clock.Now()
	all, err := promise.All(ctx, w.db)
	if err != nil {
		return err
	}
	before := byMeasure(all)

	rows, looking := promise.Look(ctx, w.db, at, columns(), w.years)
	after := judge(inDatabase(w.terms, w.years), rows, before, at)
	err = errors.Join(looking, promise.Write(ctx, w.db, after))

	var stored map[string]promise.Seen
	if due(inBucket(), before, at) {
		var comparing error
		stored, comparing = w.compare(ctx, at)
		err = errors.Join(err, comparing)
	}
	listed := judge(inBucket(), stored, before, at)
	err = errors.Join(err, promise.Write(ctx, w.db, listed))

	task.Count(ctx, "erasures_held", int(rows["erasures_held"].Value))
	tell(ctx, append(after, listed...))
	if err == nil {
		err = promise.Succeeded(ctx, w.db, "watch-promises", at)
	}
	return err
}

// Metrics that template.yaml has alarms on.
const (
	metricAtRisk = "promises_at_risk"
	metricBroken = "promises_broken"
)

// tell publishes every measure, and calls an operator for each that is not as it should be while there is still time.
func tell(ctx context.Context, all []promise.Promise) {
	atRisk, broken := 0, 0
	for _, p := range all {
		task.Measure(ctx, p.Measure, float64(p.Value), task.None)
		switch p.State {
		case promise.AtRisk:
			atRisk++
		case promise.Broken:
			broken++
		}
		if p.State != promise.Kept {
			task.Alarm(ctx, p.Measure)
		}
	}
	task.Measure(ctx, metricAtRisk, float64(atRisk), task.Number)
	task.Measure(ctx, metricBroken, float64(broken), task.Number)
}

// due says whether the bucket is to be looked at: at three in the morning, and whenever the last look is too old.
func due(measures []measure, before map[string]promise.Promise, at time.Time) bool {
	for _, m := range measures {
		if seen := before[m.name].SeenAt; seen == nil || at.Sub(*seen) > daily {
			return true
		}
	}
	return at.Hour() == 3
}

func byMeasure(all []promise.Promise) map[string]promise.Promise {
	found := make(map[string]promise.Promise, len(all))
	for _, p := range all {
		found[p.Measure] = p
	}
	return found
}

// columns is the data map, as table.column.
func columns() []string {
	var names []string
	for _, c := range schema.Catalogue() {
		names = append(names, c.Name)
	}
	return names
}
