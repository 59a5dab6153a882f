package logbook_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

var ctx = context.Background()

func makeDays(t *testing.T, db people.Database, at time.Time) (made int) {
	t.Helper()
	made, err := logbook.MakeDays(ctx, db.Archivist, at)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func write(t *testing.T, db people.Database, at time.Time, id string) {
	t.Helper()
	if _, err := db.Logger.Exec(ctx, `insert into app.log_record (at, id, kind, function, ms, cold, ok) values ($1, $2, 'job', 'draw', 1, false, true)`, at, id); err != nil {
		t.Fatal(err)
	}
}

func TestTheDaysAheadAreMadeOnce(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), people.Now()
	bounds := func() (since, until time.Time) {
		if err := db.Logger.QueryRow(ctx, `select since, until from app.log_days()`).Scan(&since, &until); err != nil {
			t.Fatal(err)
		}
		return since, until
	}
	for _, step := range []struct{ later, made int }{{0, 16}, {0, 0}, {1, 1}, {14, 14}, {31, 31}} {
		at = at.AddDate(0, 0, step.later)
		if made := makeDays(t, db, at); made != step.made {
			t.Errorf("%d days later %d days were made, not %d", step.later, made, step.made)
		}
		since, until := bounds()
		if first := people.Now().Truncate(24*time.Hour).AddDate(0, 0, -1); !since.Equal(first) || !until.Equal(at.Truncate(24*time.Hour).AddDate(0, 0, 15)) {
			t.Errorf("there are days from %s until %s", since, until)
		}
	}
}

func TestWhatIsDueIsSaidBeforeItIsDropped(t *testing.T) {
	t.Parallel()
	db, first := people.Open(t), people.Now()
	makeDays(t, db, first)
	for n, id := range []string{"1", "2", "3"} {
		write(t, db, first.AddDate(0, 0, n), id)
		write(t, db, first.AddDate(0, 0, n), id+"0")
	}
	at := first.AddDate(0, 0, 89).Truncate(24 * time.Hour) // at midnight: + 36 h, day 0 is over, and so is the one before
	due, all, err := logbook.DueAt(ctx, db.Archivist, at)
	if err != nil || due != 2 || all != 16 {
		t.Errorf("%d of %d days are due, %v", due, all, err)
	}
	dropped := 0
	err = logbook.Alone(ctx, db.Archivist, func(session postgres.Querier) (err error) {
		dropped, err = logbook.DropDays(ctx, session, at)
		return err
	})
	if n := people.Ask[int](t, db, `select count(*) from app.log_record`); err != nil || dropped != 2 || n != 4 {
		t.Errorf("%d days were dropped, %d records are left, %v", dropped, n, err)
	}
	if due, all, err = logbook.DueAt(ctx, db.Archivist, at); err != nil || due != 0 || all != 14 {
		t.Errorf("afterwards: %d of %d, %v", due, all, err)
	}
}

func TestASecondSweepDoesNotWaitForTheFirst(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	other := postgres.Open(db.Address.Archivist)
	defer other.Close()
	for range 2 { // and the first leaves no lock behind
		err := logbook.Alone(ctx, db.Archivist, func(postgres.Querier) error {
			return logbook.Alone(ctx, other, func(postgres.Querier) error {
				t.Error("both are alone")
				return nil
			})
		})
		if !errors.Is(err, logbook.ErrAnother) {
			t.Errorf("the second is told %v", err)
		}
	}
}
