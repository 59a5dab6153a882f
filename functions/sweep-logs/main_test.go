package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

// fire runs the job for an event of its schedule.
func fire(db *postgres.Database, at time.Time) error {
	event := fmt.Sprintf(`{"time":%q}`, at.Format(time.RFC3339))
	_, err := task.Handler(func(ctx context.Context, clock task.Clock, none struct{}) (struct{}, error) {
		return none, sweep{db}.run(ctx, clock, none)
	})(context.Background(), []byte(event))
	return err
}

func mustFire(t testing.TB, db people.Database, at time.Time) {
	t.Helper()
	if err := fire(db.Archivist, at); err != nil {
		t.Fatalf("at %s: %v", at, err)
	}
}

// date is midnight in UTC.
func date(text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return day
}

// evening is when the schedule of a day fires.
func evening(day time.Time) time.Time { return day.Add(22*time.Hour + 30*time.Minute) }

// keep writes a record of each of these days, at its first moment, as keep-logs does.
func keep(t testing.TB, db people.Database, days ...time.Time) {
	t.Helper()
	for _, day := range days {
		if _, err := db.Logger.Exec(context.Background(), insert, []time.Time{day}, []string{fmt.Sprint(day.UnixNano())}); err != nil {
			t.Fatalf("a record of %s: %v", day, err)
		}
	}
}

// insert adds what has a day.
const insert = `
	insert into app.log_record (at, id, kind, function, route, method, status, ms, cold)
	select r.at, r.id, 'request', 'library', '/api/images', 'GET', 200, 12, false
	from unnest($1::timestamptz[], $2::text[]) r (at, id), app.log_days() d where r.at >= d.since
	on conflict do nothing`

// kept are the days of which there are records.
func kept(t testing.TB, db people.Database) []string {
	t.Helper()
	return people.Ask[[]string](t, db, `select array(select distinct to_char(at at time zone 'UTC', 'YYYY-MM-DD') from app.log_record order by 1)`)
}

// left are all tables of days, attached or not.
func left(t testing.TB, db people.Database) []string {
	t.Helper()
	return people.Ask[[]string](t, db, `select coalesce(array_agg(relname::text order by relname), '{}') from pg_class
		where relnamespace = 'app_days'::regnamespace and relkind = 'r'`)
}

// tables names the tables of consecutive days.
func tables(first, last time.Time) (names []string) {
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		names = append(names, "log_record_"+day.Format("20060102"))
	}
	return names
}

// The sweep of the evening of day 88 takes a day's records, so that they are gone before day 90 even where that sweep is missed;
// the one before does not, whatever its clock says, and later ones take it too. Leap years and turns of years make no difference.
// policy P4.2b: ninety days at most.
func TestADaysRecordsAreTakenBeforeTheyAreNinetyDaysOldAndNotMuchSooner(t *testing.T) {
	t.Parallel()
	for first, after := range map[string]int{"2026-11-24": 88, "2027-12-03": 89, "2028-02-29": 90, "2099-12-15": 91} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			db, day := people.Open(t), date(first)
			mustFire(t, db, evening(day.AddDate(0, 0, -1)))
			keep(t, db, day, day.AddDate(0, 0, 1).Add(-time.Millisecond))
			for _, wrong := range []time.Duration{-time.Hour, 0, time.Hour} {
				mustFire(t, db, evening(day.AddDate(0, 0, 87)).Add(wrong))
				if got := kept(t, db); !slices.Equal(got, []string{first}) {
					t.Fatalf("in the evening of day 87, and %s: %v", wrong, got)
				}
			}
			mustFire(t, db, evening(day.AddDate(0, 0, after)).Add(time.Duration(after%3-1)*time.Hour))
			if got := left(t, db); got[0] != tables(day.AddDate(0, 0, after-87), day.AddDate(0, 0, after))[0] || len(kept(t, db)) != 0 {
				t.Errorf("after the evening of day %d the oldest is %v", after, got[0])
			}
		})
	}
}

// Whether a firing comes, or is missed after one that came, no record ever becomes ninety days old, though firings are an hour late.
func TestFiredDailyAndSometimesNotNoRecordIsEverNinetyDaysOld(t *testing.T) {
	t.Parallel()
	db, first := people.Open(t), date("2027-11-26")
	at := func(n int) time.Time { return evening(first.AddDate(0, 0, n)).Add(time.Hour) }
	oldest := first
	for n := range 120 {
		if !oldest.AddDate(0, 0, 90).After(at(n)) {
			t.Fatalf("the records of %s are still there at %s", oldest, at(n))
		}
		if n%4 == 3 {
			continue
		}
		mustFire(t, db, at(n))
		keep(t, db, first.AddDate(0, 0, n))
		oldest = people.Ask[time.Time](t, db, `select min(at) from app.log_record`)
	}
	if got := len(kept(t, db)); got != 66 { // of 88 days, without every fourth
		t.Errorf("records of %d days are there", got)
	}
}

func TestTwiceAndThreeAtOnceAreAsGoodAsOnce(t *testing.T) {
	t.Parallel()
	db, day := people.Open(t), date("2027-12-03")
	mustFire(t, db, evening(day))
	keep(t, db, day, day.AddDate(0, 0, 1))
	at := evening(day.AddDate(0, 0, 88))
	others := []*postgres.Database{postgres.Open(db.Address.Archivist), postgres.Open(db.Address.Archivist), db.Archivist}
	var all sync.WaitGroup
	for _, other := range others {
		all.Go(func() {
			if err := fire(other, at); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range 2 {
		if got := left(t, db); !slices.Equal(got, tables(day.AddDate(0, 0, 1), at.Truncate(24*time.Hour).AddDate(0, 0, 14))) {
			t.Errorf("left are %v", got)
		}
		mustFire(t, db, at)
	}
	if got := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'sweep-logs'`); got.Sub(at) > time.Minute || got.Before(at) {
		t.Errorf("it is noted that it succeeded at %s", got)
	}
}

func TestAfterAPauseNoDayIsMissing(t *testing.T) {
	t.Parallel()
	db, day := people.Open(t), date("2027-12-03")
	first := day.AddDate(0, 0, -1)
	for _, pause := range []int{0, 1, 16, 120} { // in days
		day = day.AddDate(0, 0, pause)
		if soonest := day.AddDate(0, 0, -87); first.Before(soonest) {
			first = soonest // all before would be dropped at once
		}
		mustFire(t, db, evening(day))
		got := left(t, db)
		for _, wanted := range tables(first, day.AddDate(0, 0, 14)) {
			if !slices.Contains(got, wanted) {
				t.Errorf("after %d days there is no %s", pause, wanted)
			}
		}
	}
}
