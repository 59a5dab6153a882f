package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/approval"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// fire runs the job for an event of its schedule.
func fire(db *postgres.Database, at time.Time) error {
	_, err := task.Handler(func(ctx context.Context, clock task.Clock, none struct{}) (struct{}, error) {
		return none, sweep{db, 7}.run(ctx, clock, none)
	})(context.Background(), fmt.Appendf(nil, `{"time":%q}`, at.Format(time.RFC3339)))
	return err
}

func mustFire(t testing.TB, db people.Database, at time.Time) {
	t.Helper()
	if err := fire(db.Sweeper, at); err != nil {
		t.Fatalf("at %s: %v", at, err)
	}
}

func moment(text string) time.Time {
	at, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return at
}

// pay writes n payments of a moment, each with a refund.
func pay(t testing.TB, db people.Database, at time.Time, n int) {
	t.Helper()
	db.Do(t, `
		with p as (
			insert into app.payment (id, kind, amount, currency, paid_at, status, returned, version)
			select 'pi_' || gen_random_uuid(), 'pack', 900, 'eur', $1, 'paid', 0, 1 from generate_series(1, $2) returning id
		)
		insert into app.payment_return (id, payment_id, kind, status, amount, currency, at, counts)
		select 're_' || id, id, 'refund', 'succeeded', 1, 'eur', $1, true from p`, at, n)
}

func payments(t testing.TB, db people.Database) int {
	t.Helper()
	return people.Ask[int](t, db, `select count(*) from app.payment`)
}

// policy P4.2c: seven years, through the anniversary of the day, in UTC.
func TestAPaymentGoesOnTheDayAfterItsSeventhAnniversary(t *testing.T) {
	t.Parallel()
	for paid, last := range map[string]string{ // its moment, and the last day on which it is there
		"2026-11-24 15:04:05": "2033-11-24",
		"2026-11-24 00:00:00": "2033-11-24",
		"2026-11-24 23:59:59": "2033-11-24",
		"2028-02-28 12:00:00": "2035-02-28",
		"2028-02-29 12:00:00": "2035-02-28",
		"2027-02-28 23:59:59": "2034-02-28",
		"2029-02-28 23:59:59": "2036-02-28", // the day after it is 29 February
		"2029-03-01 00:00:00": "2036-03-01",
		"2026-12-31 23:59:59": "2033-12-31",
		"2027-01-01 00:00:00": "2034-01-01",
	} {
		t.Run(paid, func(t *testing.T) {
			t.Parallel()
			db := people.Open(t)
			pay(t, db, moment(paid), 1)
			day := moment(last + " 00:00:00")
			for _, at := range []time.Time{day.AddDate(0, 0, -1), day, day.Add(3*time.Hour + 10*time.Minute), day.Add(24*time.Hour - time.Second)} {
				mustFire(t, db, at)
				if payments(t, db) != 1 {
					t.Fatalf("it is gone at %s", at)
				}
			}
			mustFire(t, db, day.AddDate(0, 0, 1))
			if n := people.Ask[int](t, db, `select (select count(*) from app.payment) + (select count(*) from app.payment_return)`); n != 0 {
				t.Errorf("%d rows are left the day after", n)
			}
		})
	}
}

// policy P4.2c: the floor is in the database.
func TestNoCallerCanPurgeSoonerThanTheLawWants(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	pay(t, db, moment("2026-11-24 12:00:00"), 1)
	for _, years := range []int{-1, 0, 1, 6} {
		if n := people.Ask[int](t, db, `select app.purge_payments('2033-11-24T23:00:00Z', $1, 10)`, years); n != 0 {
			t.Errorf("with %d years %d rows go", years, n)
		}
	}
	if n := people.Ask[int](t, db, `select app.purge_payments('2033-11-25T00:00:00Z', 10, 10)`); n != 0 {
		t.Error("ten years are not kept")
	}
	if _, err := db.Web.Exec(t.Context(), `select app.purge_payments('2033-11-25T00:00:00Z', 7, 10)`); !postgres.Raised(err, "42501") {
		t.Errorf("the web role may purge: %v", err)
	}
}

func TestWhatIsDueGoesHoweverOftenItIsFiredAndADayLateToo(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	day := moment("2026-12-01 09:00:00")
	for n := range 10 {
		pay(t, db, day.AddDate(0, 0, n), 60)
	}
	at := moment("2033-12-01 03:10:00")
	for n, left := range []int{600, 540, 540, 420, 360} { // twice on the second day, none on the third
		if n == 2 {
			at = at.AddDate(0, 0, -1)
		}
		if n == 3 {
			at = at.AddDate(0, 0, 1)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := fire(db.Sweeper, at); err != nil {
					t.Errorf("at %s: %v", at, err)
				}
			})
		}
		all.Wait()
		if got := payments(t, db); got != left {
			t.Errorf("at %s %d are left, not %d", at, got, left)
		}
		at = at.AddDate(0, 0, 1)
	}
	if got := people.Ask[time.Time](t, db, `select at from app.job_success where job = 'sweep-payments'`); !got.Before(at) || got.Before(at.AddDate(0, 0, -1)) {
		t.Errorf("it is noted that it succeeded at %s", got)
	}
}

// Cut off after each piece of what it says and hears, it leaves nothing that the next sweep does not finish.
func TestASweepThatIsCutOffAnywhereIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	paid, at := moment("2026-12-01 09:00:00"), moment("2033-12-02 03:10:00")
	for _, by := range []string{"function", "database"} {
		for piece, reached := int64(1), true; reached; piece++ {
			pay(t, db, paid, 3)
			var said atomic.Int64
			cut := func(who string) func([]byte) bool {
				return func([]byte) bool { return who != by || said.Add(1) < piece }
			}
			dying := postgres.Open(testbed.Wire{Sent: cut("function"), Got: cut("database")}.Before(t, db.Address.Sweeper))
			_ = fire(dying, at)
			dying.Close()
			if reached = said.Load() >= piece; piece > 60 {
				t.Fatal("the search for the end of a sweep is broken")
			}
			mustFire(t, db, at)
			if n := payments(t, db); n != 0 {
				t.Fatalf("cut off at piece %d of what the %s says, %d are left", piece, by, n)
			}
		}
	}
}

func TestLivingAccountsKeepTheirBooks(t *testing.T) {
	t.Parallel()
	db := people.Open(t) // which holds every account's books against each other at the end
	ada := db.SignIn(t, "ada", 50)
	pay(t, db, people.Now(), 1)
	db.Do(t, `insert into app.payment_owner (payment_id, account_id) select id, $1 from app.payment`, ada.ID)
	db.Do(t, `insert into app.plan_invoice (id, account_id, payment_id, total, credits, takes, paid_at) select 'in_1', $1, id, 900, 100, 0, $2 from app.payment`, ada.ID, people.Now())
	db.Do(t, `select app.grant_credits($1, 'plan', 'in_1', 100, $2, $3)`, ada.ID, people.Now(), people.Now().AddDate(9, 0, 0))
	mustFire(t, db, people.Now().AddDate(7, 0, 1))
	if got := people.Ask[string](t, db, `select concat_ws(' ', (select count(*) from app.payment), (select count(*) from app.payment_owner),
		(select count(*) from app.plan_invoice), (select available from app.credit_balance))`); got != "0 0 0 150" {
		t.Errorf("payments, owners, invoices and credits are %s", got)
	}
}

// What looks like a wrong clock stops, and asks; what staff confirm is done exactly, once.
func TestASweepThatWouldTakeUnusuallyMuchAsksFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	pay(t, db, moment("2026-12-01 09:00:00"), 1001)
	pay(t, db, moment("2030-12-01 09:00:00"), 500)
	at := moment("2033-12-02 03:10:00")
	mustFire(t, db, at)
	mustFire(t, db, at)
	if n := payments(t, db); n != 1501 {
		t.Fatalf("%d are left before anybody was asked", n)
	}
	asked := people.Ask[string](t, db, `select min(digest) || ' ' || count(*) from app.sweep_plan`)
	digest, plans, _ := strings.Cut(asked, " ")
	if want := (approval.Plan{Job: job, Cut: at, Rows: 1001, OfAll: 1501}).Digest(); digest != want || plans != "1" {
		t.Errorf("the plan is %s, of %s plans, not %s", digest, plans, want)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.job_success where job = 'sweep-payments'`); n != 0 {
		t.Error("a sweep that waits says that it came to its end")
	}
	other := (approval.Plan{Job: job, Cut: at, Rows: 1000, OfAll: 1501}).Digest()
	if err := approval.Confirm(ctx, db.Staff, other, at); !errors.Is(err, approval.ErrNoPlan) {
		t.Errorf("a plan that nobody made is confirmed: %v", err)
	}
	if err := approval.Confirm(ctx, db.Staff, digest, at); err != nil {
		t.Fatal(err)
	}
	pay(t, db, moment("2026-12-02 09:00:00"), 7) // due a day later than the plan
	mustFire(t, db, at.AddDate(0, 0, 1))
	if n := payments(t, db); n != 500 {
		t.Errorf("%d are left of what was confirmed, and of what is usual", n)
	}
	if err := approval.Confirm(ctx, db.Staff, digest, at); !errors.Is(err, approval.ErrNoPlan) {
		t.Errorf("it is confirmed again: %v", err)
	}
}

func TestAPlanThatGrewIsNotWhatWasConfirmed(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	pay(t, db, moment("2026-12-01 09:00:00"), 1100)
	at := moment("2033-12-02 03:10:00")
	mustFire(t, db, at)
	digest := people.Ask[string](t, db, `select digest from app.sweep_plan`)
	if err := approval.Confirm(ctx, db.Staff, digest, at); err != nil {
		t.Fatal(err)
	}
	pay(t, db, moment("2026-11-01 09:00:00"), 1)
	mustFire(t, db, at.Add(time.Hour))
	if n, plans := payments(t, db), people.Ask[int](t, db, `select count(*) from app.sweep_plan where done_at is null`); n != 1101 || plans != 1 {
		t.Errorf("%d are left, %d plans wait", n, plans)
	}
}

// A clock that was ten years ahead asked, and staff said yes before they saw: nothing goes by the right clock.
func TestAPlanOfATimeToComeWaitsForIt(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	pay(t, db, moment("2026-12-01 09:00:00"), 1100)
	ahead := moment("2036-12-02 03:10:00")
	mustFire(t, db, ahead)
	if err := approval.Confirm(t.Context(), db.Staff, people.Ask[string](t, db, `select digest from app.sweep_plan`), moment("2026-12-02 09:00:00")); err != nil {
		t.Fatal(err)
	}
	mustFire(t, db, moment("2026-12-03 03:10:00"))
	if n := payments(t, db); n != 1100 {
		t.Errorf("%d of 1100 payments are left", n)
	}
	mustFire(t, db, ahead.AddDate(0, 0, 1))
	if n := payments(t, db); n != 0 {
		t.Errorf("%d payments are left when that time has come", n)
	}
}
