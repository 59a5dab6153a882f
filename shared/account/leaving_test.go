package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// closing passes statements on, and closes an account before the first that writes.
type closing struct {
	people.Database
	account string
	t       *testing.T
}

func (c closing) Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	return c.Web.Query(ctx, sql, arguments...)
}

func (c closing) QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row {
	c.Do(c.t, `update app.account set closed_at = $2 where id = $1`, c.account, people.Now())
	return c.Web.QueryRow(ctx, sql, arguments...)
}

func (c closing) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	return c.Web.Exec(ctx, sql, arguments...)
}

func TestWhoSignsInToAClosedAccountIsToldSoAndNothingNewIsKept(t *testing.T) {
	t.Parallel()
	db, who := people.Open(t), people.Identity("ada")
	first := mustSignIn(t, db, who, people.Now())
	everything := `select concat((select json_agg(x) from app.account x), (select json_agg(x order by x.kind) from app.account_lookup x))`
	db.Do(t, `update app.account set closed_at = $2 where id = $1`, first.ID, people.Now())
	before := people.Ask[string](t, db, everything)
	who.Name, who.Email, who.Picture, who.Address = "Ada King", "countess@example.org", "", "2001:db8::7"
	again := mustSignIn(t, db, who, people.Now().Add(time.Hour))
	if first.Closed || !again.Closed || again.ID != first.ID || again.Pseudonym != first.Pseudonym {
		t.Errorf("%+v, then %+v", first, again)
	}
	if after := people.Ask[string](t, db, everything); after != before {
		t.Errorf("%s became %s", before, after)
	}
	db.Do(t, `update app.account set closed_at = null where id = $1`, first.ID)
	if back := mustSignIn(t, db, who, people.Now().Add(2*time.Hour)); back.Closed {
		t.Error("an account that was opened again is still closed")
	}
}

func TestWhoseAccountWasErasedGetsANewOne(t *testing.T) {
	t.Parallel()
	db, who := people.Open(t), people.Identity("ada")
	first := mustSignIn(t, db, who, people.Now())
	db.Do(t, `delete from app.account_lookup where account_id = $1`, first.ID)
	second := mustSignIn(t, db, who, people.Now())
	if second.Closed || second.ID == first.ID || second.Pseudonym == first.Pseudonym {
		t.Errorf("%+v, then %+v", first, second)
	}
}

func TestWhatASignInRunsAgainAfter(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	_, gone := db.Owner.Exec(ctx, `insert into app.account_key values (gen_random_uuid(), '', '', '')`)
	_, twice := db.Owner.Exec(ctx, `insert into app.free_grant_guard select sha256('x'), 'infinity' from generate_series(1, 2)`)
	for what, c := range map[string]struct {
		err  error
		once bool
	}{
		"the account was made":      {account.ErrRace, true},
		"the account was erased":    {gone, true},
		"another constraint":        {twice, false},
		"the database is elsewhere": {postgres.Open("nowhere").Transaction(ctx, nil), false},
		"nothing":                   {nil, false},
	} {
		if account.Raced(c.err) != c.once {
			t.Errorf("%s: %v", what, c.err)
		}
	}
}
