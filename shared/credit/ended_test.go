package credit_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestGuardsOfFreeCreditsAreForgottenAfterTwoYears(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	for i, name := range []string{"ada", "grace", "barbara"} {
		identity := sha256.Sum256([]byte(name))
		if err := credit.GrantFree(ctx, db.Web, db.SignIn(t, name, 0).ID, identity[:], 50, people.Now().Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	end := people.Now().Add(2 * 365 * 24 * time.Hour)
	for _, c := range []struct {
		at      time.Time
		limit   int
		n, left int
	}{
		{end.Add(-time.Microsecond), 10, 0, 3}, {end.Add(time.Hour), 1, 1, 2}, {end.Add(time.Hour), 10, 1, 1}, {end.Add(time.Hour), 10, 0, 1},
	} {
		if n, err := credit.ForgetEnded(ctx, db.Sweeper, c.at, c.limit); n != c.n || err != nil {
			t.Errorf("%v, at most %d: %d were forgotten, %v", c.at, c.limit, n, err)
		}
		if left := people.Ask[int](t, db, `select count(*) from app.free_grant_guard`); left != c.left {
			t.Errorf("%v, at most %d: %d are left", c.at, c.limit, left)
		}
	}
	if last := people.Ask[time.Time](t, db, `select expires_at from app.free_grant_guard`); !last.Equal(end.Add(2 * time.Hour)) {
		t.Errorf("the one that is left ends %v", last)
	}
}
