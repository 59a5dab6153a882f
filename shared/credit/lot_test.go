package credit_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

const day = 24 * time.Hour

// give grants a pack that ends after so many days.
func give(t *testing.T, db people.Database, account, reference string, amount int64, at time.Time, days int) {
	t.Helper()
	lot := credit.Lot{Account: account, Source: credit.Pack, Reference: reference, Amount: amount, ExpiresAt: at.Add(time.Duration(days) * day)}
	if done, err := credit.Grant(context.Background(), db.Cashier, lot, at); !done || err != nil {
		t.Fatal(done, err)
	}
}

// reverse wants this delta of a new target.
func reverse(t *testing.T, db people.Database, account, reference string, target, delta int64, at time.Time) {
	t.Helper()
	got, err := credit.Reverse(context.Background(), db.Cashier, account, credit.Pack, reference, target, reference, at)
	if got != delta || err != nil {
		t.Errorf("reversing %s to %d changed %d, want %d: %v", reference, target, got, delta, err)
	}
	db.Books(t)
}

// stands wants what is available, held and owed, then what remains of each pack in the order of their references.
func stands(t *testing.T, db people.Database, account string, wanted ...int64) {
	t.Helper()
	got := append(people.Ask[[]int64](t, db, `select array[available, held, debt] from app.credit_balance where account_id = $1`, account),
		lots(t, db, account)...)
	if !slices.Equal(got, wanted) {
		t.Errorf("available, held, owed and lots are %v, want %v", got, wanted)
	}
}

func TestWhatIsTakenBackComesFromItsLotThenFromOthersThenIsOwed(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, at := db.SignIn(t, "ada", 0), people.Now()
	give(t, db, ada.ID, "a", 10, at, 30)
	give(t, db, ada.ID, "b", 10, at, 10)
	give(t, db, ada.ID, "c", 10, at, 20)
	if _, err := credit.Settle(context.Background(), db.Worker, mustHold(t, db, ada.ID, 13, at), at); err != nil { // all of b, three of c
		t.Fatal(err)
	}
	stands(t, db, ada.ID, 17, 0, 0, 10, 0, 7)
	reverse(t, db, ada.ID, "a", 4, -4, at)
	reverse(t, db, ada.ID, "a", 4, 0, at)
	stands(t, db, ada.ID, 13, 0, 0, 6, 0, 7)
	reverse(t, db, ada.ID, "b", 8, -8, at)
	stands(t, db, ada.ID, 5, 0, 0, 5, 0, 0) // c ends sooner than a
	reverse(t, db, ada.ID, "c", 10, -10, at)
	stands(t, db, ada.ID, 0, 0, 5, 0, 0, 0)
	if _, err := hold(db.Web, ada.ID, 1, at); !credit.Owed(err) {
		t.Errorf("somebody who owes credits held some: %v", err)
	}
	give(t, db, ada.ID, "d", 3, at, 30)
	give(t, db, ada.ID, "e", 3, at, 30)
	stands(t, db, ada.ID, 1, 0, 0, 0, 0, 0, 0, 1)
	reverse(t, db, ada.ID, "d", 3, -3, at) // what repaid a debt is owed again
	stands(t, db, ada.ID, 0, 0, 2, 0, 0, 0, 0, 0)
	reverse(t, db, ada.ID, "c", 0, 10, at)
	stands(t, db, ada.ID, 8, 0, 0, 0, 0, 8, 0, 0)
}

func TestAReleaseRepaysTheDebtFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, at := db.SignIn(t, "ada", 0), people.Now()
	give(t, db, ada.ID, "a", 10, at, 30)
	give(t, db, ada.ID, "b", 10, at, 20)
	first, second := mustHold(t, db, ada.ID, 14, at), mustHold(t, db, ada.ID, 6, at)
	reverse(t, db, ada.ID, "b", 9, -9, at)
	stands(t, db, ada.ID, 0, 20, 9, 0, 0)
	if _, err := credit.Release(ctx, db.Worker, second, at); err != nil {
		t.Fatal(err)
	}
	stands(t, db, ada.ID, 0, 14, 3, 0, 0)
	if _, err := credit.Release(ctx, db.Worker, first, at); err != nil {
		t.Fatal(err)
	}
	stands(t, db, ada.ID, 11, 0, 0, 4, 7) // of what comes back, the soonest to end repaid
	reverse(t, db, ada.ID, "b", 0, 9, at)
	stands(t, db, ada.ID, 20, 0, 0, 4, 16) // more than was granted, for b got back what a had lent
}

func TestWhatHasExpiredIsNotTakenBackAgain(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, at := db.SignIn(t, "ada", 0), people.Now()
	give(t, db, ada.ID, "a", 10, at, 30)
	give(t, db, ada.ID, "b", 10, at, 400)
	if _, err := credit.Settle(ctx, db.Worker, mustHold(t, db, ada.ID, 4, at), at); err != nil {
		t.Fatal(err)
	}
	at = at.Add(30 * day)
	for _, n := range []int{1, 0} {
		if got, err := credit.Expire(ctx, db.Sweeper, at, 10); got != n || err != nil {
			t.Errorf("%d lots ended, want %d: %v", got, n, err)
		}
	}
	stands(t, db, ada.ID, 10, 0, 0, 0, 10)
	reverse(t, db, ada.ID, "a", 6, 0, at)
	reverse(t, db, ada.ID, "a", 10, -4, at)
	stands(t, db, ada.ID, 6, 0, 0, 0, 6)
	reverse(t, db, ada.ID, "a", 8, 2, at)
	reverse(t, db, ada.ID, "a", 0, 2, at)
	stands(t, db, ada.ID, 10, 0, 0, 4, 6)
	if end := people.Ask[time.Time](t, db, `select expires_at from app.credit_grant where reference = 'a'`); !end.Equal(at.Add(30 * day)) {
		t.Errorf("what came back ends %v, want thirty days more", end)
	}
	reverse(t, db, ada.ID, "b", 6, -6, at)
	reverse(t, db, ada.ID, "b", 0, 6, at)
	if end := people.Ask[time.Time](t, db, `select expires_at from app.credit_grant where reference = 'b'`); !end.Equal(people.Now().Add(400 * day)) {
		t.Errorf("a lot that lasts longer came to end %v", end)
	}
}

// The sweeper waits for nobody, so that nobody waits for the sweeper.
func TestExpiryPassesOverWhomeverSomebodyIsAt(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	at := people.Now().Add(31 * day)
	for _, name := range []string{"ada", "grace"} {
		give(t, db, db.SignIn(t, name, 0).ID, name, 10, people.Now(), 30)
	}
	expires := func(n int) {
		t.Helper()
		if got, err := credit.Expire(ctx, db.Sweeper, at, 10); got != n || err != nil {
			t.Errorf("%d lots ended, want %d: %v", got, n, err)
		}
	}
	if err := db.Owner.Transaction(ctx, func(tx postgres.Querier) error {
		_, err := tx.Exec(ctx, `select app.hold_credits(account_id, gen_random_uuid(), 1, $1) from app.credit_grant where reference = 'ada'`, people.Now())
		expires(1) // grace's
		return err
	}); err != nil {
		t.Fatal(err)
	}
	expires(1)
	expires(0)
}

// Whether the sweeper came by before or not, the outcome is the same.
func TestWhatHasEndedExpiresBeforeAnythingIsTakenBack(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	for _, name := range []string{"swept", "not"} {
		ada, at := db.SignIn(t, name, 0), people.Now()
		give(t, db, ada.ID, name+"a", 10, at, 30)
		give(t, db, ada.ID, name+"b", 10, at, 400)
		at = at.Add(31 * day)
		if name == "swept" {
			if _, err := credit.Expire(ctx, db.Sweeper, at, 10); err != nil {
				t.Fatal(err)
			}
		}
		reverse(t, db, ada.ID, name+"b", 7, -7, at)
		stands(t, db, ada.ID, 3, 0, 0, 0, 3)
	}
}

func TestALotThatIsHeardOfAfterItsEndExpiresAtOnce(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, at := db.SignIn(t, "ada", 0), people.Now()
	give(t, db, ada.ID, "a", 10, at, -5)
	if _, err := hold(db.Web, ada.ID, 1, at); !credit.Insufficient(err) {
		t.Errorf("it was spent: %v", err)
	}
	if n, err := credit.Expire(ctx, db.Sweeper, at, 1); n != 1 || err != nil {
		t.Error(n, err)
	}
	stands(t, db, ada.ID, 0, 0, 0, 0)
}

func TestReversalsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, bob, at := db.SignIn(t, "ada", 5), db.SignIn(t, "bob", 5), people.Now()
	give(t, db, ada.ID, "a", 10, at, 30)
	for _, target := range []int64{-1, 11} {
		if _, err := credit.Reverse(ctx, db.Cashier, ada.ID, credit.Pack, "a", target, "a", at); !postgres.Raised(err, "23514") {
			t.Errorf("of 10 credits %d were taken back: %v", target, err)
		}
	}
	for what, c := range map[string][3]string{
		"another's": {bob.ID, credit.Pack, "a"}, "an unknown one": {ada.ID, credit.Pack, "b"}, "of another source": {ada.ID, credit.Plan, "a"},
	} {
		if _, err := credit.Reverse(ctx, db.Cashier, c[0], c[1], c[2], 1, c[2], at); !errors.Is(err, credit.ErrNoLot) {
			t.Errorf("a lot that is %s: %v", what, err)
		}
	}
	stands(t, db, ada.ID, 15, 0, 0, 10)
}
