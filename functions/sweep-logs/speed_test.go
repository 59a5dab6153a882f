package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// `make bench` sweeps five million records, in five rounds.
var (
	rounds = flag.Int("rounds", 1, "rounds in which a sweep is measured beside deleting")
	rows   = flag.Int("rows", 12_000, "records of the 120 days that are swept then")
)

const days, swathe = 120, 30

// Two ways to be rid of thirty of 120 days run in turns on the same records, while two writers insert: the sweep, and deleting from
// a plain table and giving its room back. It asserts only that all of it was done and that no writer failed.
func TestDroppingBesideDeleting(t *testing.T) {
	db, first := people.Open(t), date("2027-12-03")
	db.Do(t, `create table public.plain (like app.log_record including indexes)`)
	fill(t, db, first, days)
	ended := make(chan struct{})
	var today atomic.Int64
	today.Store(first.AddDate(0, 0, days-1).Unix())
	fails, done := writers(t, db, &today, ended)
	var faster, lighter []float64
	for round := range *rounds {
		first = first.AddDate(0, 0, swathe)
		at := evening(first.AddDate(0, 0, 87)) // keeps first and what is later
		today.Store(at.Unix())
		db.Do(t, `select app.make_log_days($1)`, at)
		var tookDrop, tookDelete time.Duration
		var walDrop, walDelete int64
		for _, way := range [][]int{{0, 1}, {1, 0}}[round%2] {
			before, began := wal(t, db), time.Now()
			if way == 0 {
				drop(t, db, at)
				tookDrop, walDrop = time.Since(began), wal(t, db)-before
				continue
			}
			db.Do(t, `delete from public.plain where at < $1`, first)
			db.Do(t, `vacuum public.plain`)
			tookDelete, walDelete = time.Since(began), wal(t, db)-before
		}
		faster, lighter = append(faster, tookDelete.Seconds()/tookDrop.Seconds()), append(lighter, float64(walDelete)/float64(walDrop))
		t.Logf("round %d: swept in %.2f s with %.2f MB of log, deleted in %.2f s with %.1f MB: %.1f times as fast, 1/%.0f of the log",
			round+1, tookDrop.Seconds(), float64(walDrop)/1e6, tookDelete.Seconds(), float64(walDelete)/1e6, faster[round], lighter[round])
		if got := left(t, db)[0]; got != tables(first, first)[0] {
			t.Errorf("the oldest day that is left is %s", got)
		}
		if n := people.Ask[int](t, db, `select count(*) from public.plain where at < $1`, first); n != 0 {
			t.Errorf("%d records were not deleted", n)
		}
		if round+1 < *rounds {
			fill(t, db, first.AddDate(0, 0, days-swathe), swathe)
		}
	}
	close(ended)
	t.Logf("median: %.1f times as fast (aim: 15 or more), 1/%.0f of the log (aim: 300 or more)", median(faster), median(lighter))
	if writes := done(); fails.Load() != 0 || writes == 0 {
		t.Errorf("%d of %d inserts beside it failed", fails.Load(), writes)
	}
}

// drop is the sweep's own way, whether or not it would ask before so much.
func drop(t *testing.T, db people.Database, at time.Time) {
	t.Helper()
	err := logbook.Alone(t.Context(), db.Archivist, func(session postgres.Querier) error {
		dropped, err := logbook.DropDays(t.Context(), session, at)
		if dropped < swathe {
			t.Errorf("%d days were dropped", dropped)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fill writes the records of some days, the same ones into both tables.
func fill(t *testing.T, db people.Database, first time.Time, many int) {
	t.Helper()
	for n := range many {
		day := first.AddDate(0, 0, n)
		db.Do(t, `select app.make_log_days($1)`, day)
		_, err := db.Logger.Exec(context.Background(), `
			insert into app.log_record (at, id, kind, function, route, method, status, ms, cold, who, browser, system, network, request_id, invocation)
			select $1::timestamptz + n * interval '1 day' / $2::integer, '3195310660696698337880902507' || (1000000 + n), 'request', 'library', '/api/images/{id}', 'GET', 200,
				n % 400, false, 'jbswy3dpehpk3pxpjbswy3dpeh', 'Chrome', 'Windows', '192.0.2.0/24', 'JKJaXmPLvHcESHA=', '0b6f5c9e-5a51-4d0e-9d60-0f2f4f9e0a1b'
			from generate_series(0, $2::integer - 1) n`, day, *rows/days)
		if err != nil {
			t.Fatal(err)
		}
	}
	db.Do(t, `insert into public.plain select * from app.log_record where at >= $1`, first)
	db.Do(t, `vacuum analyze public.plain`)
	db.Do(t, `vacuum analyze app.log_record`) // days that are due were left alone by autovacuum for months
}

// writers insert until they are told to stop, one into each table.
func writers(t *testing.T, db people.Database, today *atomic.Int64, ended chan struct{}) (fails *atomic.Int64, done func() int64) {
	fails = &atomic.Int64{}
	var writes atomic.Int64
	var all sync.WaitGroup
	db.Do(t, `grant insert on public.plain to app_logger`)
	db.Do(t, `alter table public.plain disable row level security`)
	for n, sql := range []string{insert,
		`insert into public.plain (at, id, kind, function, route, method, status, ms, cold)
		 select r.at, r.id, 'request', 'library', '/api/images', 'GET', 200, 12, false from unnest($1::timestamptz[], $2::text[]) r (at, id)`} {
		all.Go(func() {
			logger := postgres.Open(db.Address.Logger)
			defer logger.Close()
			pace := time.NewTicker(10 * time.Millisecond)
			defer pace.Stop()
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				case <-pace.C:
				}
				if _, err := logger.Exec(context.Background(), sql, []time.Time{time.Unix(today.Load(), 0)}, []string{fmt.Sprintf("%d%09d", n, i)}); err != nil {
					fails.Add(1)
					t.Log(err)
				}
				writes.Add(1)
			}
		})
	}
	return fails, func() int64 { all.Wait(); return writes.Load() }
}

// wal is how many bytes the database has written to its log so far.
func wal(t *testing.T, db people.Database) int64 {
	t.Helper()
	return people.Ask[int64](t, db, `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`)
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
