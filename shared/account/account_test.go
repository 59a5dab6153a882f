package account_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

func signIn(db people.Database, who account.Identity, at time.Time) (found account.SignedIn, err error) {
	err = db.Web.Transaction(context.Background(), func(tx postgres.Querier) error {
		found, err = account.SignIn(context.Background(), tx, db.Service, db.Lookup, who, at)
		return err
	})
	return found, err
}

func mustSignIn(t *testing.T, db people.Database, who account.Identity, at time.Time) account.SignedIn {
	t.Helper()
	found, err := signIn(db, who, at)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheFirstSignInOpensAnAccountAndLaterOnesFindIt(t *testing.T) {
	t.Parallel()
	db, ada := people.Open(t), people.Identity("ada")
	first := mustSignIn(t, db, ada, people.Now())
	ada.Email, ada.Name = "countess@example.org", "Ada King"
	again := mustSignIn(t, db, ada, people.Now().Add(time.Hour))
	if again.ID != first.ID || again.Pseudonym != first.Pseudonym {
		t.Errorf("another account for the same person: %s, %s", first.ID, again.ID)
	}
	if text, err := again.Key.Open("p", first.Key.Seal("p", "x")); text != "x" {
		t.Errorf("the second sign-in got another key: %v", err)
	}
	other := people.Identity("grace")
	other.Email = ada.Email
	if found := mustSignIn(t, db, other, people.Now()); found.ID == first.ID {
		t.Error("an e-mail address that changed hands opened somebody's account")
	}
	other = ada
	other.Issuer = "https://login.example.net"
	if found := mustSignIn(t, db, other, people.Now()); found.ID == first.ID {
		t.Error("the same subject at another issuer opened somebody's account")
	}
	for table, wanted := range map[string]int{"account": 3, "account_key": 3} {
		if n := people.Ask[int](t, db, `select count(*) from app.`+table); n != wanted {
			t.Errorf("%d rows in %s, want %d", n, table, wanted)
		}
	}
}

func TestReadShowsWhatTheProviderSaidLast(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	who := people.Identity("ada")
	who.Name, who.Email, who.Picture = "Ada King", "countess@example.org", ""
	mustSignIn(t, db, who, people.Now().Add(time.Hour))
	db.Do(t, `select app.hold_credits($1, gen_random_uuid(), 3, $2)`, ada.ID, people.Now())
	profile, caller, err := account.Read(context.Background(), db.Reader, db.Service, ada.Token, people.Now())
	wanted := account.Profile{
		ID: ada.ID, Name: who.Name, Email: who.Email, Picture: "",
		Credits: account.Credits{Available: 47, Held: 3}, CreatedAt: people.Now(), SignedInAt: people.Now(),
		Preferences: account.Preferences{Theme: "system"}, Emails: account.Emails{Billing: true},
	}
	if err != nil || profile != wanted {
		t.Errorf("%+v, %v; want %+v", profile, err, wanted)
	}
	if caller.AccountID != ada.ID || caller.Pseudonym != ada.Pseudonym || caller.Prefix != ada.Prefix {
		t.Errorf("the caller is %+v", caller)
	}
}

func TestAnAccountWithoutABalanceHasNoCredits(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	profile, _, err := account.Read(context.Background(), db.Reader, db.Service, ada.Token, people.Now())
	if err != nil || profile.Credits != (account.Credits{}) {
		t.Errorf("%+v, %v", profile.Credits, err)
	}
}

func TestOfTwoFirstSignInsAtOnceOneRetries(t *testing.T) {
	t.Parallel()
	ctx, db, who := context.Background(), people.Open(t), people.Identity("ada")
	opened, done := make(chan struct{}), make(chan struct{})
	var winner account.SignedIn
	go func() {
		defer close(done)
		err := db.Web.Transaction(ctx, func(tx postgres.Querier) (err error) {
			winner, err = account.SignIn(ctx, tx, db.Service, db.Lookup, who, people.Now())
			close(opened)
			waiting := `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`
			for err == nil && !people.Ask[bool](t, db, waiting) {
				time.Sleep(5 * time.Millisecond)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}()
	<-opened
	second := db // an instance of its own: one has one connection
	second.Web = postgres.Open(db.Address.Web)
	defer second.Web.Close()
	if _, err := signIn(second, who, people.Now()); !errors.Is(err, account.ErrRace) {
		t.Errorf("the loser was told %v", err)
	}
	<-done
	if found := mustSignIn(t, db, who, people.Now()); found.ID != winner.ID {
		t.Error("the retry did not find the winner's account")
	}
	if n := people.Ask[int](t, db, `select count(*) from app.account`); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestTwentySignInsAtOnceMakeOneAccount(t *testing.T) {
	t.Parallel()
	db, who := people.Open(t), people.Identity("ada")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			of := db // an instance of its own: one has one connection
			of.Web = postgres.Open(db.Address.Web)
			defer of.Web.Close()
			_, err := signIn(of, who, people.Now())
			if errors.Is(err, account.ErrRace) {
				_, err = signIn(of, who, people.Now())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := people.Ask[int](t, db, `select count(*) from app.account`); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestTheTablesDoNotShowWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	db.SignIn(t, "ada", 50)
	who := people.Identity("ada")
	rows := people.Ask[[]byte](t, db, `
		select convert_to(concat((select json_agg(x) from app.account x), (select json_agg(x) from app.account_key x),
			(select json_agg(x) from app.account_lookup x), (select json_agg(x) from app.session x),
			(select json_agg(x) from app.free_grant_guard x), (select json_agg(x) from app.credit_grant x)), 'utf8')`)
	if len(rows) < 1000 {
		t.Fatalf("the search saw only %s", rows)
	}
	for _, text := range []string{who.Name, who.Email, who.Picture, who.Subject, who.Issuer, who.Address, "Mozilla"} {
		// A bytea stands in JSON as hexadecimal digits.
		hex := people.Ask[string](t, db, `select encode(convert_to($1, 'utf8'), 'hex')`, text)
		if bytes.Contains(rows, []byte(text)) || bytes.Contains(rows, []byte(hex)) {
			t.Errorf("%q can be read from the tables", text)
		}
	}
}

func TestAnAccountIsFoundByItsHashesUntilTheyEnd(t *testing.T) {
	t.Parallel()
	db, who := people.Open(t), people.Identity("ada")
	first := mustSignIn(t, db, who, people.Now())
	later := people.Now().Add(24 * time.Hour)
	old := who.Email
	who.Email = "Countess@Example.org"
	mustSignIn(t, db, who, later)
	end := func(kind, text string) string {
		return people.Ask[string](t, db, `select expires_at::text from app.account_lookup where kind = $1 and hash = $2 and account_id = $3`,
			kind, seal.MAC(db.Lookup, kind, text), first.ID)
	}
	for what, c := range map[string][2]string{
		"the subject stays":            {end("subject", who.Issuer+"\x00"+who.Subject), "infinity"},
		"the new e-mail address stays": {end("email", "countess@example.org"), "infinity"},
		"the old one ends":             {end("email", old), "2026-03-02 12:00:00+00"},
		"the address lasts 30 days":    {end("address", who.Address), "2026-04-01 12:00:00+00"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: it ends at %s, not %s", what, c[0], c[1])
		}
	}
	who.Email = old
	mustSignIn(t, db, who, later)
	if end("email", old) != "infinity" {
		t.Error("an address that came back is not found")
	}
}

func TestWithoutItsKeyAnAccountIsGone(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50)
	db.Do(t, `delete from app.account_key where account_id = $1`, ada.ID)
	if _, _, err := account.Read(ctx, db.Reader, db.Service, ada.Token, people.Now()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("read without a key: %v", err)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.caller($1, $2)`, ada.Token, people.Now()); n != 0 {
		t.Error("the session of an account without a key still counts")
	}
	if _, _, err := account.Read(ctx, db.Reader, db.Service, grace.Token, people.Now()); err != nil {
		t.Errorf("somebody else's account went with it: %v", err)
	}
}

func TestAnotherServiceKeyReadsNothing(t *testing.T) {
	t.Parallel()
	db, other := people.Open(t), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	if p, _, err := account.Read(context.Background(), db.Reader, other.Service, ada.Token, people.Now()); !errors.Is(err, seal.ErrUnreadable) || p.Name != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAClosedAccountIsSignedOut(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	db.Do(t, `update app.account set closed_at = $2 where id = $1`, ada.ID, people.Now())
	if _, _, err := account.Read(context.Background(), db.Reader, db.Service, ada.Token, people.Now()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.caller($1, $2)`, ada.Token, people.Now()); n != 0 {
		t.Error("only row-level security keeps the caller out")
	}
	// Whoever signs in again gets no way in either, until the closing is taken back.
	again := db.SignIn(t, "ada", 50)
	if _, _, err := account.Read(context.Background(), db.Reader, db.Service, again.Token, people.Now()); again.ID != ada.ID || !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("%v", err)
	}
}
