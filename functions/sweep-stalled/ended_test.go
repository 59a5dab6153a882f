package main

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestWhatIsKeptUntilADateGoesOnThatDay(t *testing.T) {
	b := open(t)
	visitor.SignIn(t, b.testbed, b.service)
	const day = 24 * time.Hour
	for _, c := range []struct {
		after                     time.Duration
		sessions, lookups, guards int64
	}{
		{29 * day, 1, 3, 1}, {31 * day, 0, 2, 1}, {729 * day, 0, 2, 1}, {731 * day, 0, 2, 0}, {10000 * day, 0, 2, 0},
	} {
		b.fires(t, c.after)
		for table, want := range map[string]int64{"session": c.sessions, "account_lookup": c.lookups, "free_grant_guard": c.guards} {
			if left := testbed.One[int64](t, b.testbed, "select count(*) from app."+table); left != want {
				t.Errorf("after %d days %d rows of %s are left, not %d", c.after/day, left, table, want)
			}
		}
	}
	if keys := testbed.One[int64](t, b.testbed, "select count(*) from app.account_key"); keys != 1 {
		t.Error("the account went too")
	}
}

func TestFreeCreditsExpireAfterAYear(t *testing.T) {
	b := open(t)
	visitor.SignIn(t, b.testbed, b.service)
	const day = 24 * time.Hour
	for _, c := range []struct {
		after     time.Duration
		available int64
	}{
		{364 * day, visitor.Credits}, {365 * day, 0}, {366 * day, 0},
	} {
		b.fires(t, c.after)
		if available := testbed.One[int64](t, b.testbed, "select available from app.credit_balance"); available != c.available {
			t.Errorf("after %d days %d credits are left, not %d", c.after/day, available, c.available)
		}
	}
	if expired := testbed.One[int64](t, b.testbed, "select count(*) from app.credit_entry where kind = 'expire'"); expired != 1 {
		t.Errorf("the ledger says so %d times", expired)
	}
	testbed.Balanced(t, b.testbed)
}

// policy P2.2: the mark is good for a day, and then it goes.
func TestTheMarkAgainstOrderingTwiceIsForgottenAfterADay(t *testing.T) {
	b := open(t)
	ada, mark := visitor.SignIn(t, b.testbed, b.service), uuid.NewString()
	const day = 24 * time.Hour
	id := b.marked(t, ada, mark, 0)
	b.fires(t, day-time.Second)
	if again := b.marked(t, ada, mark, day-time.Second); again != id {
		t.Error("within a day the same order is placed twice")
	}
	b.fires(t, day)
	if left := testbed.One[int64](t, b.testbed, "select count(*) from app.generation where idempotency_key is not null or request_hash is not null"); left != 0 {
		t.Error("the mark is kept longer than a day")
	}
	if again := b.marked(t, ada, mark, day); again == id {
		t.Error("the mark is still good")
	}
	testbed.Balanced(t, b.testbed)
}
