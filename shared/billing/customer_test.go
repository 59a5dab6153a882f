package billing_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// failOnce lets the next making of a customer go wrong.
func failOnce(at *till.Till, kind string) {
	at.Arrange("faults", map[string]any{"method": "POST", "path": "/v1/customers", "kind": kind, "times": 1})
}

func customers(at *till.Till) []any { return at.Get("/v1/customers?limit=100")["data"].([]any) }

func operation(t *testing.T, db people.Database) string {
	t.Helper()
	return people.Ask[string](t, db, `select operation::text from app.customer`)
}

func TestTwentyAtOnceMakeOneCustomer(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	ids, all := make(chan string, 20), sync.WaitGroup{}
	for range 20 {
		all.Go(func() {
			// Each function has a connection of its own.
			web := postgres.Open(db.Address.Web)
			defer web.Close()
			id, err := billing.Customer(t.Context(), web, at.Stripe, ada.ID, people.Now())
			if err != nil {
				t.Error(err)
			}
			ids <- id
		})
	}
	all.Wait()
	first := <-ids
	for range 19 {
		if id := <-ids; id != first {
			t.Errorf("one has %s, another %s", first, id)
		}
	}
	if n := len(customers(at)); n != 1 || people.Ask[string](t, db, `select id from app.customer`) != first {
		t.Errorf("%d customers", n)
	}
}

func TestACustomerIsMadeOnceForEachAccount(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada, bob := db.SignIn(t, "ada", 0), db.SignIn(t, "bob", 0)
	first, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now())
	if err != nil {
		t.Fatal(err)
	}
	// A year later Stripe has long forgotten the key.
	if again, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now().AddDate(1, 0, 0)); err != nil || again != first {
		t.Errorf("%s, then %s, %v", first, again, err)
	}
	if other, err := billing.Customer(t.Context(), db.Web, at.Stripe, bob.ID, people.Now()); err != nil || other == first {
		t.Errorf("two accounts are %s, %v", other, err)
	}
	buyer, err := billing.AskBuyer(t.Context(), db.Web, ada.Token, people.Now())
	if err != nil || buyer.Customer != first {
		t.Errorf("the buyer is %+v, %v", buyer, err)
	}
	if o, _, err := billing.Look(t.Context(), db.Reader, ada.Token, people.Now()); err != nil || o.Customer != first {
		t.Errorf("the overview is %+v, %v", o, err)
	}
}

// Stripe repeats a failure to the same key for a day; so what came of it is looked up before another attempt.
func TestACustomerWhoseMakingWasNotAnsweredIsFoundAMinuteLater(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	failOnce(at, "done_then_error")
	for _, after := range []time.Duration{0, 59 * time.Second} {
		_, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now().Add(after))
		if told := problem.Of(err); told == nil || told.Code != "stripe_unavailable" {
			t.Fatalf("after %v: %v", after, err)
		}
	}
	id, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now().Add(time.Minute))
	if made := customers(at); err != nil || len(made) != 1 || made[0].(map[string]any)["id"] != id {
		t.Errorf("%s, %v, of %v", id, err, made)
	}
}

func TestACustomerWhoWasNotMadeIsMadeByANewAttemptAMinuteLater(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	failOnce(at, "error")
	if id, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now()); err == nil {
		t.Fatalf("made %s", id)
	}
	before := operation(t, db)
	later := people.Now().Add(time.Minute)
	ids := make(chan string, 5)
	for range 5 {
		go func() {
			id, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, later)
			if err != nil {
				t.Error(err)
			}
			ids <- id
		}()
	}
	first := <-ids
	for range 4 {
		if id := <-ids; id != first {
			t.Errorf("one has %s, another %s", first, id)
		}
	}
	if n := len(customers(at)); n != 1 || operation(t, db) == before {
		t.Errorf("%d customers, by attempt %s after %s", n, operation(t, db), before)
	}
}

func TestALostConnectionIsRepeatedWithTheSameKey(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	failOnce(at, "done_then_reset")
	if _, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now()); err != nil || len(customers(at)) != 1 {
		t.Errorf("%v, %d customers", err, len(customers(at)))
	}
}

func TestADeletedCustomerIsForgottenAndTheNextIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	db, at := people.Open(t), till.Open(t)
	ada := db.SignIn(t, "ada", 0)
	first, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, people.Now())
	if err != nil {
		t.Fatal(err)
	}
	at.Delete("/v1/customers/" + first)
	if err := billing.ForgetCustomer(t.Context(), db.Web, first); err != nil {
		t.Fatal(err)
	}
	if buyer, err := billing.AskBuyer(t.Context(), db.Web, ada.Token, people.Now()); err != nil || buyer.Customer != "" {
		t.Errorf("%+v, %v", buyer, err)
	}
	later := people.Now().AddDate(0, 1, 0)
	failOnce(at, "error") // an attempt that begins then is also lost a minute after then, not before
	if _, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, later); err == nil {
		t.Error("the fault was not met")
	}
	attempt := operation(t, db)
	if _, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, later.Add(time.Second)); err == nil || operation(t, db) != attempt {
		t.Errorf("%v; attempt %s after %s", err, operation(t, db), attempt)
	}
	second, err := billing.Customer(t.Context(), db.Web, at.Stripe, ada.ID, later.Add(time.Minute))
	if err != nil || second == first {
		t.Errorf("%s after %s, %v", second, first, err)
	}
	for _, gone := range []string{first, "cus_unknown"} {
		if err := billing.ForgetCustomer(t.Context(), db.Web, gone); err != nil {
			t.Error(err)
		}
	}
	if kept := people.Ask[string](t, db, `select id from app.customer`); kept != second {
		t.Errorf("%s is kept", kept)
	}
}

func TestWithoutStripeNoCustomerIsMadeAndTheAttemptStays(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	nobody := payment.Open("http://127.0.0.1:1", "sk_test_nobody")
	for _, after := range []time.Duration{0, time.Hour} {
		_, err := billing.Customer(t.Context(), db.Web, nobody, ada.ID, people.Now().Add(after))
		if told := problem.Of(err); told == nil || told.Code != "stripe_unavailable" || errors.Is(err, payment.ErrNotFound) {
			t.Errorf("after %v: %v", after, err)
		}
	}
	if id := people.Ask[*string](t, db, `select id from app.customer`); id != nil {
		t.Errorf("%s is kept", *id)
	}
}
