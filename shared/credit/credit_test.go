package credit_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

func hold(db postgres.Querier, account string, amount int64, at time.Time) (id string, err error) {
	id = uuid.NewString()
	_, err = db.Exec(context.Background(), `select app.hold_credits($1, $2, $3, $4)`, account, id, amount, at)
	return id, err
}

func mustHold(t *testing.T, db people.Database, account string, amount int64, at time.Time) string {
	t.Helper()
	id, err := hold(db.Web, account, amount, at)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// grant gives somebody a lot that expires after so many days.
func grant(t *testing.T, db people.Database, account, reference string, amount int64, days int) {
	t.Helper()
	db.Do(t, `select app.grant_credits($1, 'pack', $2, $3, $4, $5)`, account, reference, amount, people.Now(), people.Now().AddDate(0, 0, days))
}

// lots are what remains of each, in the order of their references.
func lots(t *testing.T, db people.Database, account string) []int64 {
	t.Helper()
	return people.Ask[[]int64](t, db,
		`select coalesce(array_agg(remaining order by reference), '{}') from app.credit_grant where account_id = $1 and source = 'pack'`, account)
}

func balance(t *testing.T, db people.Database, account string) [2]int64 {
	t.Helper()
	return [2]int64(people.Ask[[]int64](t, db, `select array[available, held] from app.credit_balance where account_id = $1`, account))
}

func TestTwoHundredHoldsOnFiftyCreditsGiveExactlyFifty(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	var instances [10]*postgres.Database
	for i := range instances {
		instances[i] = postgres.Open(db.Address.Web)
		defer instances[i].Close()
	}
	var held, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			switch _, err := hold(instances[i%len(instances)], ada.ID, 1, people.Now()); {
			case err == nil:
				held.Add(1)
			case credit.Insufficient(err):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if held.Load() != 50 || refused.Load() != 150 || balance(t, db, ada.ID) != [2]int64{0, 50} {
		t.Errorf("%d held, %d refused, balance %v", held.Load(), refused.Load(), balance(t, db, ada.ID))
	}
}

func TestHoldRefusesMoreThanTheBalance(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	if _, err := hold(db.Web, ada.ID, 51, people.Now()); !credit.Insufficient(err) {
		t.Errorf("held more than there is: %v", err)
	}
	if _, err := hold(db.Web, uuid.NewString(), 1, people.Now()); !credit.Insufficient(err) {
		t.Errorf("somebody without a balance held credits: %v", err)
	}
	for _, amount := range []int64{0, -1} {
		if _, err := hold(db.Web, ada.ID, amount, people.Now()); err == nil {
			t.Errorf("a hold of %d was accepted", amount)
		}
	}
	if left := balance(t, db, ada.ID); left != [2]int64{50, 0} {
		t.Errorf("refused holds left %v", left)
	}
}

// closing is a verb that ends a hold.
type closing func(ctx context.Context, db postgres.Querier, hold string, at time.Time) (bool, error)

func TestAHoldIsClosedOnce(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 10)
	for name, c := range map[string]struct {
		first, second closing
		spent         int64
	}{
		"settle, settle":   {credit.Settle, credit.Settle, 1},
		"settle, release":  {credit.Settle, credit.Release, 1},
		"release, release": {credit.Release, credit.Release, 0},
		"release, settle":  {credit.Release, credit.Settle, 0},
	} {
		wanted := [2]int64{balance(t, db, ada.ID)[0] - c.spent, 0}
		id := mustHold(t, db, ada.ID, 1, people.Now())
		if done, err := c.first(ctx, db.Worker, id, people.Now()); !done || err != nil {
			t.Errorf("%s: the first did nothing: %v", name, err)
		}
		if got := balance(t, db, ada.ID); got != wanted {
			t.Errorf("%s: the first left %v, want %v", name, got, wanted)
		}
		if done, err := c.second(ctx, db.Sweeper, id, people.Now()); done || err != nil {
			t.Errorf("%s: the second did something: %v", name, err)
		}
		if got := balance(t, db, ada.ID); got != wanted {
			t.Errorf("%s: the second left %v, want %v", name, got, wanted)
		}
	}
	if done, err := credit.Settle(ctx, db.Worker, uuid.NewString(), people.Now()); done || err != nil {
		t.Errorf("a hold that does not exist was settled: %v, %v", done, err)
	}
	id := mustHold(t, db, ada.ID, 1, people.Now())
	if _, err := db.Web.Exec(ctx, `select app.hold_credits($1, $2, 1, $3)`, ada.ID, id, people.Now()); err == nil {
		t.Error("one order held twice")
	}
}

func TestLotsAreSpentInTheOrderOfExpiryAndGivenBackToWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	grant(t, db, ada.ID, "a", 5, 300)
	grant(t, db, ada.ID, "b", 5, 30)
	grant(t, db, ada.ID, "c", 5, 100)
	first := mustHold(t, db, ada.ID, 7, people.Now())
	if left := lots(t, db, ada.ID); !slices.Equal(left, []int64{5, 0, 3}) {
		t.Errorf("7 of 15 came from the wrong lots; left %v", left)
	}
	second := mustHold(t, db, ada.ID, 4, people.Now())
	if left := lots(t, db, ada.ID); !slices.Equal(left, []int64{4, 0, 0}) {
		t.Errorf("4 more came from the wrong lots; left %v", left)
	}
	for _, id := range []string{first, second} {
		if _, err := credit.Release(ctx, db.Worker, id, people.Now()); err != nil {
			t.Fatal(err)
		}
		db.Books(t)
	}
	if left := lots(t, db, ada.ID); !slices.Equal(left, []int64{5, 5, 5}) {
		t.Errorf("released credits went elsewhere: %v", left)
	}
}

func TestExpiredCreditsCannotBeSpent(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	grant(t, db, ada.ID, "long", 2, 60)
	grant(t, db, ada.ID, "short", 5, 30)
	later := people.Now().AddDate(0, 0, 30) // the second at which it ends
	if _, err := hold(db.Web, ada.ID, 3, later); !credit.Insufficient(err) {
		t.Errorf("an expired lot was spent: %v", err)
	}
	mustHold(t, db, ada.ID, 2, later)
	if left := lots(t, db, ada.ID); !slices.Equal(left, []int64{0, 5}) {
		t.Errorf("left %v", left)
	}
}

func TestFreeCreditsComeOncePerIdentity(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	first, second := db.SignIn(t, "first", 0), db.SignIn(t, "second", 0)
	identity := sha256.Sum256([]byte("ada"))
	give := func(account string, at time.Time) {
		if err := credit.GrantFree(ctx, db.Web, account, identity[:], 50, at); err != nil {
			t.Error(err)
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { give(first.ID, people.Now()) })
	}
	all.Wait()
	if got := balance(t, db, first.ID); got != [2]int64{50, 0} {
		t.Errorf("20 sign-ins at once gave %v", got)
	}
	end := people.Ask[time.Time](t, db, `select expires_at from app.free_grant_guard`)
	give(second.ID, end.Add(-time.Microsecond))
	if got := balance(t, db, second.ID); got != [2]int64{0, 0} {
		t.Errorf("a new account of the same person got %v while the guard stands", got)
	}
	give(second.ID, end)
	give(first.ID, end)
	if got := balance(t, db, second.ID); got != [2]int64{50, 0} {
		t.Errorf("a new account after the guard's end got %v", got)
	}
	if got := balance(t, db, first.ID); got != [2]int64{50, 0} {
		t.Errorf("the first account now has %v", got)
	}
}

func TestFreeCreditsAreFew(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, identity := db.SignIn(t, "ada", 0), sha256.Sum256([]byte("ada"))
	for _, amount := range []int64{101, 1 << 40, 0, -1} {
		if err := credit.GrantFree(ctx, db.Web, ada.ID, identity[:], amount, people.Now()); err == nil {
			t.Errorf("%d free credits were granted", amount)
		}
	}
	if err := credit.GrantFree(ctx, db.Web, ada.ID, identity[:], 100, people.Now()); err != nil || balance(t, db, ada.ID) != [2]int64{100, 0} {
		t.Errorf("of 100 free credits %v came, %v", balance(t, db, ada.ID), err)
	}
}

func TestOneCauseGrantsOnce(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	grant(t, db, ada.ID, "payment-1", 5, 30)
	grant(t, db, ada.ID, "payment-1", 5, 30)
	if got := balance(t, db, ada.ID); got != [2]int64{5, 0} {
		t.Errorf("the same payment counted twice: %v", got)
	}
}

func TestNobodyChangesAnEntry(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	db.SignIn(t, "ada", 50)
	for _, sql := range []string{`update app.credit_entry set available = 1000`, `truncate app.credit_entry`} {
		if _, err := db.Owner.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "immutable") {
			t.Errorf("%s, as the owner: %v", sql, err)
		}
	}
}

func TestNoApplicationRoleWritesACreditPastTheLedger(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	for role, as := range map[string]*postgres.Database{"web": db.Web, "reader": db.Reader, "worker": db.Worker, "sweeper": db.Sweeper, "cashier": db.Cashier} {
		for _, sql := range []string{
			`insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after)
			 values ('` + ada.ID + `', 2, now(), 'grant', 'x', 1, 0, 0, 51, 0, 0)`,
			`update app.credit_entry set available = 1000`, `delete from app.credit_entry`, `truncate app.credit_entry`,
			`update app.credit_balance set available = 1000`, `delete from app.credit_balance`,
			`insert into app.credit_balance values (gen_random_uuid(), 1, 0)`,
			`update app.credit_grant set remaining = amount`, `delete from app.credit_grant`,
			`insert into app.credit_grant (account_id, source, reference, amount, remaining, granted_at, expires_at)
			 values ('` + ada.ID + `', 'pack', 'x', 1, 1, now(), 'infinity')`,
			`update app.free_grant_guard set expires_at = now()`, `insert into app.free_grant_guard values ('x', now())`, `update app.credit_hold set state = 'released', closed_at = now()`,
			`select app.grant_credits('` + ada.ID + `', 'pack', 'x', 1, now(), 'infinity')`,
			`select app.reverse_credits('` + ada.ID + `', 'free', '` + ada.ID + `', 0, 'x', now())`,
			`select app.book('` + ada.ID + `', now(), 'grant', 'x', 1, 0, 0, null)`,
			`select app.lock_balance('` + ada.ID + `')`, `select app.expire_lots('` + ada.ID + `', 'infinity')`,
		} {
			duty := as == db.Cashier && (strings.Contains(sql, "app.grant_credits") || strings.Contains(sql, "app.reverse_credits"))
			if _, err := as.Exec(ctx, sql); !duty && !postgres.Raised(err, "42501") {
				t.Errorf("%s may %s: %v", role, sql, err)
			}
		}
	}
}

func TestOpenHoldsAreFoundOldestFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	var ids []string
	for i := range 4 {
		ids = append(ids, mustHold(t, db, ada.ID, 1, people.Now().Add(time.Duration(4-i)*time.Minute)))
	}
	if _, err := credit.Settle(ctx, db.Worker, ids[2], people.Now()); err != nil {
		t.Fatal(err)
	}
	found, err := credit.OpenHolds(ctx, db.Sweeper, people.Now().Add(3*time.Minute), 10)
	if err != nil || !slices.Equal(found, []string{ids[3], ids[1]}) {
		t.Errorf("%v, %v; want %v", found, err, []string{ids[3], ids[1]})
	}
	if found, err = credit.OpenHolds(ctx, db.Sweeper, people.Now().Add(time.Hour), 1); err != nil || !slices.Equal(found, []string{ids[3]}) {
		t.Errorf("%v, %v with a limit of one", found, err)
	}
}
