package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// aged is a database in which a day is due every evening from the one that is returned on; each of its days has a record.
func aged(t *testing.T) (db people.Database, at time.Time) {
	t.Helper()
	db = people.Open(t)
	first := date("2027-12-03")
	mustFire(t, db, evening(first))
	at = evening(first.AddDate(0, 0, 86))
	mustFire(t, db, at)
	for day := first; day.Before(at); day = day.AddDate(0, 0, 1) {
		keep(t, db, day)
	}
	return db, at.AddDate(0, 0, 1)
}

// swept fails unless everything is as after a sweep that nothing disturbed.
func swept(t *testing.T, db people.Database, at time.Time) {
	t.Helper()
	today := at.Truncate(24 * time.Hour)
	if got := left(t, db); !slices.Equal(got, tables(today.AddDate(0, 0, -87), today.AddDate(0, 0, 14))) {
		t.Fatalf("at %s %d days are left, from %s to %s", at, len(got), got[0], got[len(got)-1])
	}
	if n := people.Ask[int](t, db, `select count(*) from pg_inherits where inhdetachpending`); n != 0 {
		t.Fatalf("at %s the detaching of %d days is not finished", at, n)
	}
	if oldest := people.Ask[*time.Time](t, db, `select min(at) from app.log_record`); oldest != nil && oldest.Before(today.AddDate(0, 0, -87)) {
		t.Fatalf("at %s there are records of %s", at, oldest)
	}
}

// with gives the archivist's address another parameter.
func with(db people.Database, parameter string) string { return db.Address.Archivist + "&" + parameter }

// Every piece that is said, by the function or by the database, is once the last one.
func TestKilledAtAnyStatementTheNextSweepFinishes(t *testing.T) {
	t.Parallel()
	db, at := aged(t)
	at = at.AddDate(0, 0, 1)
	for _, by := range []string{"function", "database"} {
		reached := true
		for piece := int64(1); reached; piece++ {
			var said atomic.Int64
			cut := func(who string) func([]byte) bool {
				return func([]byte) bool { return who != by || said.Add(1) < piece }
			}
			dying := postgres.Open(testbed.Wire{Sent: cut("function"), Got: cut("database")}.Before(t, with(db, "application_name=dying")))
			_ = fire(dying, at)
			dying.Close()
			reached = said.Load() >= piece
			if piece > 60 {
				t.Fatalf("a sweep says %d pieces: the search for its end is broken", piece)
			}
			// What the dead one asked for last may still be at work.
			for people.Ask[int](t, db, `select count(*) from pg_stat_activity where application_name = 'dying' and datname = current_database()`) > 0 {
			}
			mustFire(t, db, at)
			swept(t, db, at)
			at = at.AddDate(0, 0, 1)
		}
	}
}

// A writer that does not end is waited for no longer than the role's settings say; the day is finished by the next sweep.
func TestADetachThatWasInterruptedIsFinishedByTheNextSweep(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, at := aged(t)
	for _, impatience := range []string{"lock_timeout=50ms", "statement_timeout=150ms"} {
		at = at.AddDate(0, 0, 1)
		day := at.Truncate(24*time.Hour).AddDate(0, 0, -88)
		err := db.Logger.Transaction(ctx, func(writer postgres.Querier) error {
			if _, err := writer.Exec(ctx, insert, []time.Time{day.Add(time.Hour)}, []string{"1"}); err != nil {
				return err
			}
			impatient := postgres.Open(with(db, impatience))
			defer impatient.Close()
			if err := fire(impatient, at); err == nil || !strings.Contains(err.Error(), "database_unavailable") {
				t.Errorf("%s: the sweep says %v", impatience, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := people.Ask[int](t, db, `select count(*) from pg_inherits where inhdetachpending`); n != 1 {
			t.Fatalf("%s: %d days are being detached, so this test says nothing", impatience, n)
		}
		if got := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'sweep-logs'`); !got.Before(at) {
			t.Errorf("%s: it is noted that it succeeded at %s", impatience, got)
		}
		keep(t, db, day.Add(2*time.Hour), at) // the one that has no day any more is left out
		mustFire(t, db, at)
		swept(t, db, at)
	}
}

func TestADetachedDayThatWasLeftBehindIsDropped(t *testing.T) {
	t.Parallel()
	db, at := aged(t)
	at = at.AddDate(0, 0, 1)
	db.Do(t, `alter table app.log_record detach partition app_days.log_record_`+at.AddDate(0, 0, -88).Format("20060102"))
	mustFire(t, db, at)
	swept(t, db, at)
}

// Two hundred statements a second, each with a record of the oldest day there may be, which is on its way out, and one of today.
func TestWritersGoOnBesideIt(t *testing.T) {
	t.Parallel()
	db, at := aged(t)
	var today, written atomic.Int64
	today.Store(at.Unix())
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			logger := postgres.Open(db.Address.Logger)
			defer logger.Close()
			pace := time.NewTicker(20 * time.Millisecond)
			defer pace.Stop()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-pace.C:
				}
				now := time.Unix(today.Load(), 0).UTC()
				id := fmt.Sprintf("%d%06d", writer+1, n)
				if _, err := logger.Exec(context.Background(), insert, []time.Time{now, now.AddDate(0, 0, -88)}, []string{id, id}); err != nil {
					t.Errorf("a writer fails: %v", err)
				}
				written.Add(1)
			}
		})
	}
	dropped := 0
	for ; written.Load() < 600 && !t.Failed(); dropped++ {
		mustFire(t, db, at)
		swept(t, db, at)
		at = at.AddDate(0, 0, 1)
		today.Store(at.Unix())
	}
	close(stop)
	writers.Wait()
	if dropped < 10 {
		t.Errorf("only %d days were dropped meanwhile", dropped)
	}
}
