package session_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestATokenOpensItsSessionUntilItEnds(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	token, until, err := session.Open(ctx, db.Web, ada.Key, ada.ID, session.Device{}, people.Now())
	if err != nil || until != people.Now().Add(30*24*time.Hour) {
		t.Fatal(until, err)
	}
	hash := sha256.Sum256([]byte(token))
	unknown := sha256.Sum256([]byte("unknown"))
	for what, c := range map[string]struct {
		token []byte
		at    time.Time
		who   string
	}{
		"at once":                      {hash[:], people.Now(), ada.ID},
		"in its last microsecond":      {hash[:], until.Add(-time.Microsecond), ada.ID},
		"when it ends":                 {hash[:], until, ""},
		"another person's":             {grace.Token, people.Now(), grace.ID},
		"a hash that nobody has":       {unknown[:], people.Now(), ""},
		"the token instead of a hash":  {[]byte(token), people.Now(), ""},
		"no token":                     {nil, people.Now(), ""},
		"an empty one":                 {[]byte{}, people.Now(), ""},
		"the beginning of a good hash": {hash[:16], people.Now(), ""},
	} {
		_, caller, err := account.Read(ctx, db.Reader, db.Service, c.token, c.at)
		if caller.AccountID != c.who || (c.who == "") != errors.Is(err, session.ErrSignedOut) {
			t.Errorf("%s: %q, %v", what, caller.AccountID, err)
		}
	}
}

func TestCloseEndsOneSessionAtOnce(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	desk, phone := db.SignIn(t, "ada", 0), db.SignIn(t, "ada", 0)
	for range 2 { // signed out is signed out
		if err := session.Close(ctx, db.Web, desk.Token); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Close(ctx, db.Web, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := account.Read(ctx, db.Reader, db.Service, desk.Token, people.Now()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("a closed session still reads: %v", err)
	}
	if _, _, err := account.Read(ctx, db.Reader, db.Service, phone.Token, people.Now()); err != nil {
		t.Errorf("the other browser was signed out too: %v", err)
	}
}

func TestTheTableHoldsNoTokenAndNoDevice(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	db.Do(t, `delete from app.session`)
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
	token, _, err := session.Open(ctx, db.Web, ada.Key, ada.ID, session.Device{UserAgent: chrome, Address: "192.0.2.9"}, people.Now())
	if err != nil {
		t.Fatal(err)
	}
	row := people.Ask[string](t, db, `select s::text from app.session s`)
	if people.Ask[bool](t, db, `select $1 like '%' || encode(convert_to($2, 'utf8'), 'hex') || '%' or $1 like '%' || $2 || '%'`, row, token) {
		t.Error("the token can be read from the table")
	}
	id := people.Ask[string](t, db, `select id from app.session`)
	for column, wanted := range map[string]string{"browser": "Chrome 120.0.0.0", "system": "Linux x86_64", "address": "192.0.2.9"} {
		sealed := people.Ask[[]byte](t, db, `select `+column+` from app.session`)
		if text, err := ada.Key.Open("session."+column+"/"+id, sealed); err != nil || text != wanted {
			t.Errorf("%s opens as %q, %v", column, text, err)
		}
		if people.Ask[bool](t, db, `select position(convert_to($1, 'utf8') in `+column+`) > 0 from app.session`, wanted) {
			t.Errorf("%s can be read from the table", column)
		}
	}
}

func TestABrowserThatTellsNothingIsUnknown(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	db.Do(t, `delete from app.session`)
	if _, _, err := session.Open(ctx, db.Web, ada.Key, ada.ID, session.Device{}, people.Now()); err != nil {
		t.Fatal(err)
	}
	id := people.Ask[string](t, db, `select id from app.session`)
	for _, column := range []string{"browser", "system"} {
		sealed := people.Ask[[]byte](t, db, `select `+column+` from app.session`)
		if text, err := ada.Key.Open("session."+column+"/"+id, sealed); err != nil || text != "unknown" {
			t.Errorf("%s opens as %q, %v", column, text, err)
		}
	}
}
