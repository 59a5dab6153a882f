package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/retention"
)

// window is how far back a comparison looks: Stripe repeats its events for three days, and a day or two may be missed.
const window = 7 * 24 * time.Hour

// kept is how long events and comparisons are remembered, which is longer than Stripe could repeat anything (30 days).
const kept = retention.StripeEvent

// Report is what a comparison of our books with Stripe's has come to.
type Report struct {
	Day       string         `json:"day"` // in UTC
	Finished  bool           `json:"finished"`
	Checked   int            `json:"checked"`  // Stripe's objects, in this run
	Repaired  map[string]int `json:"repaired"` // by step: objects in which our books were behind
	Unclaimed []Unclaimed    `json:"unclaimed"`
	Alarms    []string       `json:"alarms"`
}

// progress is a row of app.reconciliation.
type progress struct {
	Day, Since   time.Time
	Step, Cursor string
}

// Reconcile goes on with the day's comparison until it is done or ctx ends, page by page; a page that was not finished is
// compared again by the next run. Nothing is done once the day's is finished, unless somebody asks for so many days: that
// begins anew, that far back. It also forgets old events.
func (b Books) Reconcile(ctx context.Context, at time.Time, days int) (Report, error) {
	report := Report{Repaired: map[string]int{}, Alarms: []string{}}
	p, finished, err := b.begin(ctx, at, days)
	if err != nil {
		return report, err
	}
	report.Day, report.Finished = p.Day.Format(time.DateOnly), finished
	for !report.Finished && err == nil {
		report.Finished, err = b.step(ctx, &p, &report, at)
	}
	if ctx.Err() != nil {
		return report, nil //nolint:nilerr // time was up: the next run goes on from here
	}
	if err == nil {
		err = b.forget(ctx, at)
	}
	if err == nil {
		report.Unclaimed, err = ListUnclaimed(ctx, b.DB, 100)
	}
	return report, err
}

// begin finds the comparison to go on with: an earlier day's that was not finished, else today's.
func (b Books) begin(ctx context.Context, at time.Time, days int) (p progress, finished bool, err error) {
	day, since := at.UTC().Truncate(24*time.Hour), at.Add(-window)
	if days > 0 {
		since = day.AddDate(0, 0, -days)
	}
	_, err = b.DB.Exec(ctx, `
		insert into app.reconciliation as r (day, since, step, cursor, checked, repaired) values ($1, $2, $3, '', 0, 0)
		on conflict (day) do update set since = excluded.since, step = excluded.step, cursor = '', finished_at = null where $4`,
		day, since, steps()[0], days > 0)
	if err == nil {
		err = b.DB.QueryRow(ctx, `
			select day, since, step, cursor, finished_at is not null from app.reconciliation where day <= $1
			order by finished_at is not null, case when finished_at is null then day end, day desc limit 1`, day).
			Scan(&p.Day, &p.Since, &p.Step, &p.Cursor, &finished)
	}
	if err != nil {
		err = fmt.Errorf("beginning a comparison with Stripe: %w", err)
	}
	return p, finished, err
}

// step compares one page and repairs what differs, then notes how far it has come. An object that cannot be applied is passed
// over, or everything behind it would never be repaired; the error still tells of it.
func (b Books) step(ctx context.Context, p *progress, report *Report, at time.Time) (done bool, err error) {
	checked, differ, next, err := b.compare(ctx, p.Step, p.Day, p.Since, p.Cursor)
	if errors.Is(err, payment.ErrNotFound) && p.Cursor != "" {
		p.Cursor = "" // the object behind which to go on was deleted since, as drafts are: the step begins again
		return false, nil
	}
	if err != nil {
		return false, err
	}
	repaired, failed := 0, error(nil)
	for _, about := range differ {
		outcome, err := b.Converge(ctx, about, Event{}, at)
		if errors.Is(err, payment.ErrNotFound) {
			report.Alarms = append(report.Alarms, "object_missing")
			continue
		}
		if ctx.Err() != nil || problem.Of(err) != nil {
			return false, err // time is up, or nobody answers: this page again
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", about.ID, err))
		}
		if outcome.Changed {
			repaired++
		}
		report.Alarms = append(report.Alarms, outcome.Alarms...)
	}
	report.Checked += checked
	if repaired > 0 {
		report.Repaired[p.Step] += repaired
	}
	if p.Cursor = next; next == "" {
		at := slices.Index(steps(), p.Step) + 1
		if done = at == len(steps()); !done {
			p.Step = steps()[at]
		}
	}
	_, err = b.DB.Exec(ctx, `
		update app.reconciliation set step = $2, cursor = $3, checked = checked + $4, repaired = repaired + $5,
			finished_at = case when $6 then $7::timestamptz end
		where day = $1`, p.Day, p.Step, p.Cursor, checked, repaired, done, at)
	return done, errors.Join(failed, err)
}

// forget drops the ids of events that Stripe cannot repeat any more, and old comparisons.
func (b Books) forget(ctx context.Context, at time.Time) error {
	_, err := b.DB.Exec(ctx, `
		with events as (delete from app.stripe_event where id in (
			select id from app.stripe_event where at <= $1 order by at limit 10000))
		delete from app.reconciliation where day < $1`, at.Add(-kept))
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("forgetting old events: %w", err)
	}
	return nil
}
