package session_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

// open signs one more browser of somebody in and gives the hash of its token.
func open(t *testing.T, db people.Database, who people.Person, device session.Device, at time.Time) []byte {
	t.Helper()
	token, _, err := session.Open(context.Background(), db.Web, who.Key, who.ID, device, at)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

func ids(t *testing.T, db people.Database, token []byte, at time.Time) (all []string) {
	t.Helper()
	views, _, err := session.List(context.Background(), db.Reader, db.Service, token, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		all = append(all, v.ID)
	}
	return all
}

func TestPeopleSeeWhereTheyAreSignedIn(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
	later := people.Now().Add(30 * time.Minute)
	token := open(t, db, ada, session.Device{UserAgent: phone, Address: "2001:db8::7"}, later)

	views, caller, err := session.List(ctx, db.Reader, db.Service, token, later)
	if err != nil || len(views) != 2 || caller.AccountID != ada.ID {
		t.Fatalf("%+v, %v", views, err)
	}
	wanted := session.View{
		ID: caller.SessionID, Browser: "Safari 17.4", System: "iOS 17.4", Address: "2001:db8::7",
		CreatedAt: later, LastSeenAt: later, ExpiresAt: later.Add(session.Lifetime), Current: true,
	}
	if views[0] != wanted {
		t.Errorf("the phone is %+v, want %+v", views[0], wanted)
	}
	if views[1].Address != "192.0.2.7" || views[1].Current || !views[1].LastSeenAt.Equal(people.Now()) {
		t.Errorf("the other one is %+v", views[1])
	}
	if end := people.Now().Add(session.Lifetime); len(ids(t, db, token, end)) != 1 {
		t.Error("a session that has ended is still listed")
	}
	if theirs := ids(t, db, grace.Token, later); len(theirs) != 1 || theirs[0] == views[0].ID || theirs[0] == views[1].ID {
		t.Errorf("Grace sees %v", theirs)
	}
}

func TestOneSessionEndsAndTheOthersStay(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	other := open(t, db, ada, session.Device{}, people.Now().Add(time.Minute))
	at := people.Now().Add(2 * time.Minute)
	theirs, mine := ids(t, db, grace.Token, at)[0], ids(t, db, ada.Token, at)
	for what, id := range map[string]string{"another person's": theirs, "nobody's": uuid.NewString()} {
		if caller, err := session.End(ctx, db.Web, ada.Token, at, id); !errors.Is(err, session.ErrNotFound) || caller.AccountID != ada.ID {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := session.End(ctx, db.Web, ada.Token, at, mine[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := session.End(ctx, db.Web, other, at, mine[1]); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("the session that was ended still ends others: %v", err)
	}
	if left := ids(t, db, ada.Token, at); !reflect.DeepEqual(left, mine[1:]) || len(ids(t, db, grace.Token, at)) != 1 {
		t.Errorf("%v are left", left)
	}
	if _, err := session.End(ctx, db.Web, ada.Token, at, mine[0]); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("ended once more: %v", err)
	}
	if caller, err := session.End(ctx, db.Web, ada.Token, at, mine[1]); err != nil || caller.SessionID != mine[1] {
		t.Errorf("one's own: %v", err)
	}
}

func TestAllSessionsEndTogether(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	open(t, db, ada, session.Device{}, people.Now().Add(time.Minute))
	if caller, err := session.EndAll(ctx, db.Web, ada.Token, people.Now()); err != nil || caller.AccountID != ada.ID {
		t.Fatal(err)
	}
	if _, err := session.EndAll(ctx, db.Web, ada.Token, people.Now()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("once more: %v", err)
	}
	if left := people.Ask[string](t, db, `select string_agg(account_id::text, ',') from app.session`); left != grace.ID {
		t.Errorf("%s are signed in", left)
	}
}

// counting passes statements on and counts them; where it is told so, those without rows fail.
type counting struct {
	people.Database
	asked, told int
	broken      bool
}

func (c *counting) Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	c.asked++
	return c.Reader.Query(ctx, sql, arguments...)
}

func (c *counting) QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row {
	c.asked++
	return c.Reader.QueryRow(ctx, sql, arguments...)
}

func (c *counting) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	c.told++
	if c.broken {
		return pgconn.CommandTag{}, errors.New("the database is away")
	}
	return c.Reader.Exec(ctx, sql, arguments...)
}

func TestThatASessionWasSeenIsNotedOnceAnHour(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	through := &counting{Database: db}
	seen := func() time.Duration {
		return people.Ask[time.Time](t, db, `select last_seen_at from app.session`).Sub(people.Now())
	}
	for i, c := range []struct {
		after  time.Duration
		broken bool
		told   int
		seen   time.Duration
	}{
		{0, false, 0, 0}, {time.Hour, false, 0, 0},
		{time.Hour + time.Microsecond, true, 1, 0}, // the request has its answer all the same
		{2 * time.Hour, false, 1, 2 * time.Hour}, {3 * time.Hour, false, 0, 2 * time.Hour}, {4 * time.Hour, false, 1, 4 * time.Hour},
		{time.Minute, false, 0, 4 * time.Hour}, // a late request does not put the clock back
	} {
		through.asked, through.told, through.broken = 0, 0, c.broken
		if _, _, err := session.List(ctx, through, db.Service, ada.Token, people.Now().Add(c.after)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if through.asked != 1 || through.told != c.told || seen() != c.seen {
			t.Errorf("%d, after %v: %d and %d round trips, seen after %v", i, c.after, through.asked, through.told, seen())
		}
	}
}

func TestASignInIsFreshForTenMinutes(t *testing.T) {
	t.Parallel()
	caller := session.Caller{SignedInAt: people.Now()}
	for after, fresh := range map[time.Duration]bool{0: true, 10 * time.Minute: true, 10*time.Minute + time.Microsecond: false, 24 * time.Hour: false} {
		if err := session.Fresh(caller, people.Now().Add(after)); (err == nil) != fresh || err != nil && !errors.Is(err, session.ErrStale) {
			t.Errorf("after %v: %v", after, err)
		}
	}
}

func TestUsingASessionDoesNotMakeItsSignInFresh(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, later := db.SignIn(t, "ada", 0), people.Now().Add(2*time.Hour)
	for range 2 {
		_, caller, err := session.List(ctx, db.Reader, db.Service, ada.Token, later)
		if err != nil || !caller.SignedInAt.Equal(people.Now()) || !errors.Is(session.Fresh(caller, later), session.ErrStale) {
			t.Errorf("%+v, %v", caller, err)
		}
	}
}
