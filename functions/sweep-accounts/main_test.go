package main

import (
	"context"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

// policy P4.2a: in time, to the receipt.
func TestAnAccountGoesThroughItsStagesToAReceipt(t *testing.T) {
	t.Parallel()
	w := open(t)
	ada, bob := w.people.SignIn(t, "ada", 50), w.people.SignIn(t, "bob", 50)
	began := people.Now()
	asked := w.leave(t, ada.ID, true, began)
	w.hour(t, began)
	if stage := w.at(t, ada.ID); stage != erasure.Closing {
		t.Fatalf("at once it is %q", stage)
	}
	w.hour(t, began.Add(3*time.Minute))
	if stage := w.at(t, ada.ID); stage != erasure.Grace {
		t.Fatalf("after three minutes it is %q", stage)
	}
	w.hour(t, asked.UndoUntil.Add(-time.Second))
	if stage := w.at(t, ada.ID); stage != erasure.Grace {
		t.Fatalf("at the end of the grace it is %q", stage)
	}
	if done := w.hour(t, asked.UndoUntil); done.Complete != 1 {
		t.Fatalf("it did not come to its end: %+v, %s", done, w.at(t, ada.ID))
	}
	if _, err := w.run(context.Background(), task.Starting(asked.UndoUntil.Add(time.Hour)), rung{ID: asked.ID}); err != nil { // who is rung is no schedule
		t.Fatal(err)
	}
	if noted := people.Ask[time.Time](t, w.people, `select at from app.job_success where job = 'sweep-accounts'`); noted.Sub(asked.UndoUntil).Abs() > time.Minute {
		t.Errorf("it is noted that it succeeded at %s", noted)
	}
	told, err := erasure.Look(context.Background(), w.people.Web, asked.ID, asked.UndoUntil)
	if err != nil || told.JWS == "" {
		t.Fatalf("no receipt: %+v %v", told, err)
	}
	if n := people.Ask[int](t, w.people, `select count(*) from app.account`); n != 1 {
		t.Errorf("%d accounts are left", n)
	}
	if n := people.Ask[int](t, w.people, `select count(*) from app.session where account_id = $1`, bob.ID); n != 1 {
		t.Errorf("%d sessions of somebody else are left", n)
	}
}
