package session_test

import (
	"context"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestEndedSessionsAreForgottenOldestFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	for i := range 3 {
		if _, _, err := session.Open(ctx, db.Web, ada.Key, ada.ID, session.Device{}, people.Now().Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	end := people.Now().Add(session.Lifetime)
	for _, c := range []struct {
		at      time.Time
		limit   int
		n, left int
	}{
		{end.Add(-time.Microsecond), 10, 0, 4}, {end, 1, 1, 3}, {end, 10, 1, 2}, {end, 10, 0, 2}, {end.Add(time.Hour), 10, 1, 1},
	} {
		if n, err := session.ForgetEnded(ctx, db.Sweeper, c.at, c.limit); n != c.n || err != nil {
			t.Errorf("%v, at most %d: %d were forgotten, %v", c.at, c.limit, n, err)
		}
		if left := people.Ask[int](t, db, `select count(*) from app.session`); left != c.left {
			t.Errorf("%v, at most %d: %d are left", c.at, c.limit, left)
		}
	}
	if last := people.Ask[time.Time](t, db, `select created_at from app.session`); !last.Equal(people.Now().Add(2 * time.Hour)) {
		t.Errorf("the one that is left began %v", last)
	}
}
