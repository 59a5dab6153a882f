package generation_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/tool"
)

func place(db people.Database, p people.Person, at time.Time, o tool.Order, key string) (generation.View, error) {
	ordered, err := o.Check()
	if err != nil {
		return generation.View{}, err
	}
	placed, _, err := generation.Place(context.Background(), db.Web, db.Service, p.Token, at, ordered, o, key)
	return placed, err
}

// mustPlace places an order for a lighthouse.
func mustPlace(t *testing.T, db people.Database, p people.Person, at time.Time) generation.View {
	t.Helper()
	placed, err := place(db, p, at, lighthouse(), uuid.NewString())
	if err != nil {
		t.Fatal(err)
	}
	return placed
}

func lighthouse() tool.Order { return tool.Order{Tool: "text-to-image", Prompt: "a lighthouse"} }

// standing is what of somebody's orders and credits there is.
func standing(t *testing.T, db people.Database, p people.Person) [3]int64 {
	t.Helper()
	return [3]int64(people.Ask[[]int64](t, db, `
		select array[(select count(*) from app.generation where account_id = $1), available, held]
		from app.credit_balance where account_id = $1`, p.ID))
}

func TestARepeatedOrderIsAnsweredAsTheFirstTime(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, key := db.SignIn(t, "ada", 50), uuid.NewString()
	v, err := place(db, ada, people.Now(), lighthouse(), key)
	if err != nil {
		t.Fatal(err)
	}
	if v.Status != "queued" || *v.Prompt != "a lighthouse" || *v.Size != "1024x1024" || v.Seed == nil || v.Cost != 1 || v.Images == nil {
		t.Errorf("%+v", v)
	}
	order := mustClaim(t, db, v.ID, people.Now())
	for _, state := range []string{"running", "failed"} {
		again, err := place(db, ada, people.Now().Add(time.Hour), lighthouse(), key)
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("while it is %s: %+v, %v; want %+v", state, again, err, v)
		}
		if state == "running" {
			fail(t, db, order, generation.Refused)
		}
	}
	if got := standing(t, db, ada); got != [3]int64{1, 50, 0} {
		t.Errorf("orders and credits are %v", got)
	}
}

func TestAnotherOrderUnderTheSameKeyIsRefused(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace, key := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50), uuid.NewString()
	seed := int64(7)
	if _, err := place(db, ada, people.Now(), lighthouse(), key); err != nil {
		t.Fatal(err)
	}
	for what, o := range map[string]tool.Order{
		"another prompt": {Tool: "text-to-image", Prompt: "a mill"},
		"another size":   {Tool: "text-to-image", Prompt: "a lighthouse", Size: "1344x768"},
		"a seed":         {Tool: "text-to-image", Prompt: "a lighthouse", Seed: &seed},
		"another tool":   {Tool: "edit", Prompt: "a lighthouse", Images: []string{shelve(t, db, ada, nil)}},
	} {
		if _, err := place(db, ada, people.Now(), o, key); !errors.Is(err, generation.ErrKeyReused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := place(db, grace, people.Now(), lighthouse(), key); err != nil {
		t.Errorf("another person's key of the same letters: %v", err)
	}
	if got := standing(t, db, ada); got != [3]int64{1, 49, 1} {
		t.Errorf("orders and credits are %v", got)
	}
}

func TestTwentyOrdersAtOnceUnderOneKeyAreOne(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, key := db.SignIn(t, "ada", 50), uuid.NewString()
	var all sync.WaitGroup
	answers := make([]generation.View, 20)
	for i := range answers {
		all.Go(func() {
			instance := postgres.Open(db.Address.Web)
			defer instance.Close()
			of := db
			of.Web = instance
			var err error
			if answers[i], err = place(of, ada, people.Now(), lighthouse(), key); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := standing(t, db, ada); got != [3]int64{1, 49, 1} {
		t.Errorf("orders and credits are %v", got)
	}
	for i, a := range answers {
		if a.ID == "" || !reflect.DeepEqual(a, answers[0]) {
			t.Errorf("answer %d is %+v, want %+v", i, a, answers[0])
		}
	}
}

// owing is somebody whose payment was taken back after its credits had been spent.
func owing(t *testing.T, db people.Database) people.Person {
	t.Helper()
	ctx, p, hold := context.Background(), db.SignIn(t, "owing", 0), uuid.NewString()
	lot := credit.Lot{Account: p.ID, Source: credit.Pack, Reference: "payment", Amount: 5, ExpiresAt: people.Now().AddDate(1, 0, 0)}
	if _, err := credit.Grant(ctx, db.Cashier, lot, people.Now()); err != nil {
		t.Fatal(err)
	}
	db.Do(t, `select app.hold_credits($1, $2, 1, $3)`, p.ID, hold, people.Now())
	if _, err := credit.Settle(ctx, db.Worker, hold, people.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := credit.Reverse(ctx, db.Cashier, p.ID, credit.Pack, "payment", 5, "payment", people.Now()); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnOrderThatIsNotAcceptedLeavesNothing(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace, owing := db.SignIn(t, "ada", 1), db.SignIn(t, "grace", 50), owing(t, db)
	edit := func(ids ...string) tool.Order { return tool.Order{Tool: "edit", Prompt: "at night", Images: ids} }
	mine, hers := shelve(t, db, ada, nil), shelve(t, db, grace, nil)
	hidden := shelve(t, db, grace, nil)
	db.Do(t, `update app.image set state = 'deleting' where id = $1`, hidden)
	for what, c := range map[string]struct {
		p   people.Person
		o   tool.Order
		err error
	}{
		"too few credits":           {ada, edit(mine), credit.ErrInsufficient},
		"credits are owed":          {owing, lighthouse(), credit.ErrOwed},
		"another person's image":    {ada, edit(hers), image.ErrNotFound},
		"one of two is not hers":    {grace, edit(hers, mine), image.ErrNotFound},
		"an image that was deleted": {grace, edit(hidden), image.ErrNotFound},
		"an unknown image":          {grace, edit(uuid.NewString()), image.ErrNotFound},
		"nobody":                    {people.Person{}, lighthouse(), session.ErrSignedOut},
	} {
		if _, err := place(db, c.p, people.Now(), c.o, uuid.NewString()); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := standing(t, db, ada); got != [3]int64{0, 1, 0} {
		t.Errorf("ada has %v", got)
	}
	if got := standing(t, db, grace); got != [3]int64{0, 50, 0} {
		t.Errorf("grace has %v", got)
	}
	if holds := people.Ask[int](t, db, `select count(*) from app.credit_hold where state = 'held'`); holds != 0 {
		t.Errorf("%d holds", holds)
	}
}

func TestAClosedAccountPlacesNothing(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	db.Do(t, `update app.account set closed_at = $1`, people.Now())
	if _, err := place(db, ada, people.Now(), lighthouse(), uuid.NewString()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if got := standing(t, db, ada); got != [3]int64{0, 50, 0} {
		t.Errorf("orders and credits are %v", got)
	}
}

func TestTheTableDoesNotShowWhatWasOrdered(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50)
	mustPlace(t, db, ada, people.Now())
	mustPlace(t, db, grace, people.Now())
	rows := people.Ask[string](t, db, `select json_agg(g)::text from app.generation g`)
	if hex := people.Ask[string](t, db, `select encode('lighthouse', 'hex')`); strings.Contains(rows, "lighthouse") || strings.Contains(rows, hex) {
		t.Error("the prompt can be read from the table")
	}
	if n := people.Ask[int](t, db, `select count(distinct request_hash) from app.generation`); n != 2 {
		t.Error("equal orders of two people have equal hashes, so a prompt can be guessed")
	}
}
