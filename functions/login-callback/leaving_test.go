package main

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestWhoSignsInToAClosedAccountComesToItsDeletion(t *testing.T) {
	t.Parallel()
	d := open(t)
	before := d.signIn(t, visitor.Visitor{}, "1001", "zoe@example.com")
	if signedIn(t, before); before.Header.Get("Location") != "/library" {
		t.Errorf("an open account leads to %q", before.Header.Get("Location"))
	}
	account := testbed.One[string](t, d.db, "update app.account set closed_at = now() returning id::text")
	testbed.Column[string](t, d.db, "delete from app.credit_balance returning account_id::text")
	testbed.Column[string](t, d.db, "delete from app.credit_grant returning id::text")
	testbed.Column[[]byte](t, d.db, "delete from app.free_grant_guard returning hash")

	reply := d.signIn(t, visitor.Visitor{}, "1001", "zoe@example.com")
	signedIn(t, reply)
	if reply.Header.Get("Location") != "/deletion" {
		t.Errorf("a closed one leads to %q", reply.Header.Get("Location"))
	}
	if n := testbed.One[int64](t, d.db, "select count(*) from app.session where account_id = $1", account); n != 2 || d.count(t, "account") != 1 {
		t.Errorf("it has %d sessions, and there are %d accounts", n, d.count(t, "account"))
	}
	if d.count(t, "credit_balance") != 0 || d.count(t, "free_grant_guard") != 0 {
		t.Error("a closed account was granted credits")
	}
}

func TestAnAccountThatIsErasedDuringTheSignInIsFollowedByANewOneWithoutFreeCredits(t *testing.T) {
	t.Parallel()
	for _, closed := range []string{"null", "now()"} {
		d := open(t)
		signedIn(t, d.signIn(t, visitor.Visitor{}, "1001", "zoe@example.com"))
		gone := testbed.One[string](t, d.db, "update app.account set closed_at = "+closed+" returning id::text")
		replied := make(chan visitor.Reply, 1)
		err := visitor.Open(t, d.db.Owner).Transaction(t.Context(), func(tx postgres.Querier) error {
			if _, err := tx.Exec(t.Context(), "delete from app.account where id = $1", gone); err != nil {
				return err
			}
			go func() { replied <- d.signIn(t, visitor.Visitor{}, "1001", "zoe@example.com") }()
			waiting := "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
			for !testbed.One[bool](t, d.db, waiting) {
				time.Sleep(5 * time.Millisecond)
			}
			return nil
		})
		reply := <-replied
		if signedIn(t, reply); err != nil || reply.Header.Get("Location") != "/library" {
			t.Errorf("closed %s: it leads to %q, %v", closed, reply.Header.Get("Location"), err)
		}
		if id := testbed.One[string](t, d.db, "select account_id::text from app.session"); id == gone || d.count(t, "account") != 1 {
			t.Errorf("closed %s: the session is of %s", closed, id)
		}
		if available := testbed.One[int64](t, d.db, "select available from app.credit_balance"); available != 0 || d.count(t, "credit_grant") != 0 {
			t.Errorf("closed %s: an erased account's person got %d free credits again", closed, available)
		}
	}
}
