package main

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

func TestTheScheduleCarriesADaysComparisonOut(t *testing.T) {
	db, stripe := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	stripe.Buy(stripe.Customer(ada.ID), ada.ID, "pack-200", till.Visa)
	stripe.Buy(stripe.Post("/v1/customers").Text("id"), "", "pack-1000", till.Visa)
	run := task.Handler(reconcile{billing.Books{DB: db.Cashier, Stripe: stripe.Stripe, Prices: stripe.Prices}}.run)
	fire := func(event string) billing.Report {
		t.Helper()
		report, err := run(t.Context(), json.RawMessage(event))
		if err != nil || !report.Finished {
			t.Fatalf("%s: %+v, %v", event, report, err)
		}
		return report
	}

	now := time.Now().UTC() // of what was bought, too
	hour := func(at time.Time) string {
		file, err := os.ReadFile("event.json")
		var event map[string]any
		if err == nil {
			err = json.Unmarshal(file, &event)
		}
		if err != nil {
			t.Fatal(err)
		}
		event["time"] = at.Format(time.RFC3339)
		text, _ := json.Marshal(event)
		return string(text)
	}
	first := fire(hour(now))
	if first.Day != now.Format(time.DateOnly) || first.Repaired["sessions"] != 2 || len(first.Unclaimed) != 1 || first.Unclaimed[0].Reason != "unknown_customer" {
		t.Errorf("the first comparison says %+v", first)
	}
	if noted := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'reconcile-stripe'`); now.Sub(noted) > time.Minute {
		t.Errorf("it is noted that it succeeded at %s", noted)
	}
	if n := people.Ask[int64](t, db, `select available from app.credit_balance where account_id = $1`, ada.ID); n != 200 {
		t.Errorf("%d credits in the end", n)
	}
	if again := fire(hour(now)); again.Checked != 0 {
		t.Errorf("the same day again: %+v", again)
	}
	if asked := fire(fmt.Sprintf(`{"time":%q,"days":90}`, now.Format(time.RFC3339))); asked.Checked == 0 || len(asked.Repaired) != 0 {
		t.Errorf("asked for ninety days: %+v", asked)
	}
	// What Stripe cannot repeat any more is forgotten.
	later := now.AddDate(0, 0, 100)
	db.Do(t, `insert into app.stripe_event (id, type, at) values ('evt_old', 'x', $1), ('evt_new', 'x', $2)`, now, later.AddDate(0, 0, -1))
	fire(hour(later))
	if left := people.Ask[string](t, db, `select string_agg(id, ' ') from app.stripe_event where type = 'x'`); left != "evt_new" {
		t.Errorf("of two events %q are remembered", left)
	}
}
