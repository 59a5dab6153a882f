package account_test

import (
	"context"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

const month = 30 * 24 * time.Hour

func TestLookUpsAreForgottenAtTheirEndAndNoSooner(t *testing.T) {
	t.Parallel()
	ctx, db, who := context.Background(), people.Open(t), people.Identity("ada")
	mustSignIn(t, db, who, people.Now())
	who.Email = "countess@example.org"
	mustSignIn(t, db, who, people.Now().Add(time.Hour)) // which ends the old e-mail address, and moves the address's end
	for _, c := range []struct {
		after   time.Duration
		limit   int
		n, left int
	}{
		{time.Hour - time.Microsecond, 10, 0, 4}, {time.Hour, 10, 1, 3}, {month, 10, 0, 3},
		{month + time.Hour, 0, 0, 3}, {month + time.Hour, 1, 1, 2}, {100 * 12 * month, 10, 0, 2},
	} {
		if n, err := account.ForgetEnded(ctx, db.Sweeper, people.Now().Add(c.after), c.limit); n != c.n || err != nil {
			t.Errorf("after %v: %d were forgotten, %v", c.after, n, err)
		}
		if left := people.Ask[int](t, db, `select count(*) from app.account_lookup`); left != c.left {
			t.Errorf("after %v: %d are left", c.after, left)
		}
	}
	again := mustSignIn(t, db, who, people.Now().Add(2*month))
	if n := people.Ask[int](t, db, `select count(*) from app.account_lookup where account_id = $1`, again.ID); n != 3 {
		t.Errorf("after another sign-in the account is found by %d hashes", n)
	}
}

func TestALookUpThatASignInProlongsIsNotForgotten(t *testing.T) {
	t.Parallel()
	ctx, db, who := context.Background(), people.Open(t), people.Identity("ada")
	mustSignIn(t, db, who, people.Now())
	end, forgotten := people.Now().Add(month), make(chan int, 1)
	err := db.Web.Transaction(ctx, func(tx postgres.Querier) error {
		if _, err := account.SignIn(ctx, tx, db.Service, db.Lookup, who, end); err != nil {
			return err
		}
		go func() {
			n, err := account.ForgetEnded(ctx, db.Sweeper, end, 10)
			if err != nil {
				t.Error(err)
			}
			forgotten <- n
		}()
		waiting := `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`
		for !people.Ask[bool](t, db, waiting) {
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	})
	if n := <-forgotten; err != nil || n != 0 {
		t.Errorf("%d were forgotten, %v", n, err)
	}
}
