package promise_test

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestPromisesAreReadAsTheyWereLastWrittenInTheOrderOfClauses(t *testing.T) {
	t.Parallel()
	ctx, db, at := t.Context(), people.Open(t), people.Now()
	p := promise.Promise{Measure: "oldest_log", Clause: "P4.2b", Says: "No log record is older than 90 days.", Unit: "hours", Warn: 2136, Bound: 2160,
		State: promise.AtRisk, Since: at}
	first := p
	first.Measure, first.Clause, first.SeenAt = "tables_open", "P4.1", &at
	if err := promise.Write(ctx, db.Watcher, []promise.Promise{p, first}); err != nil {
		t.Fatal(err)
	}
	later := at.Add(time.Hour)
	p.Value, p.State, p.SeenAt, p.Since = 7, promise.Kept, &later, later
	if err := promise.Write(ctx, db.Watcher, []promise.Promise{p}); err != nil {
		t.Fatal(err)
	}
	all, err := promise.All(ctx, db.Reader)
	if err != nil || len(all) != 2 || all[0].Measure != "tables_open" || all[0].State != promise.AtRisk {
		t.Fatalf("%+v %v", all, err)
	}
	if got := all[1]; got.Value != 7 || got.State != promise.Kept || !got.SeenAt.Equal(later) || !got.Since.Equal(later) {
		t.Errorf("%+v", got)
	}
	p.State = "perhaps"
	if err := promise.Write(ctx, db.Watcher, []promise.Promise{p}); err == nil {
		t.Error("a state that there is not was written")
	}
	if err := promise.Write(ctx, db.Reader, all); err == nil {
		t.Error("who reads can write")
	}
}

func TestASuccessIsNotedByWhoHasTheJobAndNeverMovesBack(t *testing.T) {
	t.Parallel()
	ctx, db, at := t.Context(), people.Open(t), people.Now()
	for _, when := range []time.Time{at, at.Add(-time.Hour)} {
		if err := promise.Succeeded(ctx, db.Sweeper, "sweep-stalled", when); err != nil {
			t.Fatal(err)
		}
	}
	if got := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'sweep-stalled'`); !got.Equal(at) {
		t.Errorf("it succeeded at %s", got)
	}
	if err := promise.Succeeded(ctx, db.Web, "sweep-stalled", at); err == nil {
		t.Error("a request can say that a job succeeded")
	}
}

func TestALookSaysOfEachMeasureHowManyAndSinceWhen(t *testing.T) {
	t.Parallel()
	ctx, db, at := t.Context(), people.Open(t), people.Now()
	db.SignIn(t, "ada", 0) // with a session of thirty days
	seen, err := promise.Look(ctx, db.Watcher, at.Add(31*24*time.Hour), nil, 7)
	if s := seen["sessions_past_end"]; err != nil || s.Value != 1 || !s.Oldest.Equal(at.Add(30*24*time.Hour)) {
		t.Errorf("%+v %v", s, err)
	}
	if s := seen["columns_unknown"]; s.Value < 300 || s.Oldest != nil {
		t.Errorf("of a data map with nothing in it: %+v", s)
	}
	if s := seen["receipts_past_end"]; s.Value != 0 || s.Oldest != nil {
		t.Errorf("of what is not there: %+v", s)
	}
	if _, err := promise.Look(ctx, db.Sweeper, at, nil, 7); err == nil {
		t.Error("a sweep can look")
	}
}
