package main

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/approval"
	"nanoflux.ai/backend/shared/testbed/people"
)

// A clock that is wrong by a fortnight would take a fortnight of records. It asks; confirmed, it takes exactly that.
func TestASweepThatWouldTakeMoreThanAWeekAsksFirst(t *testing.T) {
	t.Parallel()
	db, at := aged(t)
	before, wrong := len(left(t, db)), at.AddDate(0, 0, 14)
	mustFire(t, db, wrong)
	if n := len(left(t, db)); n < before {
		t.Fatalf("%d days are left of %d before anybody was asked", n, before)
	}
	before = len(left(t, db)) // with those made meanwhile
	shown := people.Ask[int](t, db, `select rows from app.sweep_plan where job = 'sweep-logs' and cut = $1`, wrong)
	if got := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'sweep-logs'`); got.After(at) {
		t.Error("a sweep that waits says that it came to its end")
	}
	if err := approval.Confirm(t.Context(), db.Staff, people.Ask[string](t, db, `select digest from app.sweep_plan`), wrong); err != nil {
		t.Fatal(err)
	}
	mustFire(t, db, wrong.Add(time.Hour))
	swept(t, db, wrong)
	if gone := before - len(left(t, db)); gone != shown || gone < 14 {
		t.Errorf("%d days went, %d had been shown", gone, shown)
	}
}
