package generation_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/tool"
)

func mustClaim(t *testing.T, db people.Database, id string, at time.Time) generation.Claimed {
	t.Helper()
	order, found, err := generation.Claim(context.Background(), db.Worker, db.Service, id, at)
	if err != nil || !found {
		t.Fatalf("nothing to claim: %v", err)
	}
	return order
}

func nothingToClaim(t *testing.T, db people.Database, why string, at time.Time) {
	t.Helper()
	if order, found, err := generation.Claim(context.Background(), db.Worker, db.Service, uuid.NewString(), at); found || err != nil {
		t.Errorf("%s: claimed %s, %v", why, order.ID, err)
	}
}

func TestTheOrderThatWasRungForIsClaimedFirstThenTheOldest(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	var ids []string
	for i := range 4 {
		ids = append(ids, mustPlace(t, db, ada, people.Now().Add(time.Duration(i)*time.Second)).ID)
	}
	at := people.Now().Add(time.Minute)
	for _, c := range [][2]string{{ids[2], ids[2]}, {ids[2], ids[0]}, {uuid.NewString(), ids[1]}, {ids[0], ids[3]}} {
		if order := mustClaim(t, db, c[0], at); order.ID != c[1] {
			t.Errorf("rung for %s, claimed %s, want %s", c[0], order.ID, c[1])
		}
	}
	nothingToClaim(t, db, "all are under a lease", at)
}

func TestAClaimHoldsWhatDrawingNeeds(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	seed, inputs := int64(7), []string{shelve(t, db, ada, nil), shelve(t, db, ada, nil)}
	placed, err := place(db, ada, people.Now(), tool.Order{Tool: "edit", Prompt: "at night", Seed: &seed, Images: inputs}, uuid.NewString())
	if err != nil {
		t.Fatal(err)
	}
	c := mustClaim(t, db, placed.ID, people.Now())
	if c.AccountID != ada.ID || c.Tool != "edit" || c.Prompt != "at night" || c.Size != "" || c.Seed != 7 || !slices.Equal(c.Inputs, inputs) ||
		c.Calls != 0 || c.Fence != 1 || c.Prefix != ada.Prefix || c.Pseudonym != ada.Pseudonym {
		t.Errorf("%+v", c)
	}
	if text, err := c.Key.Open("p", ada.Key.Seal("p", "x")); text != "x" {
		t.Errorf("the key is not the account's: %v", err)
	}
	upscale, err := place(db, ada, people.Now(), tool.Order{Tool: "upscale", Images: inputs[:1]}, uuid.NewString())
	if err != nil {
		t.Fatal(err)
	}
	if c := mustClaim(t, db, upscale.ID, people.Now()); c.Prompt != "" || c.Seed != 0 {
		t.Errorf("%+v", c)
	}
}

func TestTwentyClaimsAtOnceOfFiveOrdersTakeFiveDifferentOnes(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	for range 5 {
		mustPlace(t, db, ada, people.Now())
	}
	var claimed sync.Map
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			instance := postgres.Open(db.Address.Worker)
			defer instance.Close()
			order, found, err := generation.Claim(context.Background(), instance, db.Service, uuid.NewString(), people.Now())
			if err != nil {
				t.Error(err)
			}
			if _, twice := claimed.LoadOrStore(order.ID, true); found && twice {
				t.Errorf("%s was claimed twice", order.ID)
			}
		})
	}
	all.Wait()
	claimed.Delete("") // those that found nothing
	if n := len(maps.Collect(claimed.Range)); n != 5 {
		t.Errorf("%d orders were claimed", n)
	}
}

func TestOneOrderMakesAtMostTwoCallsWhoeverMakesThem(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	at := people.Now()
	id := mustPlace(t, db, ada, at).ID
	for calls := range 2 {
		order := mustClaim(t, db, id, at)
		if order.Calls != calls {
			t.Errorf("the claim says %d calls, want %d", order.Calls, calls)
		}
		call, err := order.BeginCall(ctx, db.Worker, "workers-ai", "flux", at)
		if err != nil {
			t.Fatal(err)
		}
		if err := generation.EndCall(ctx, db.Worker, call, "failed", at.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		at = at.Add(generation.Lease)
	}
	if _, err := mustClaim(t, db, id, at).BeginCall(ctx, db.Worker, "gemini", "gemini", at); !errors.Is(err, generation.ErrLost) {
		t.Errorf("a third call: %v", err)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.provider_call where outcome = 'failed' and finished_at = started_at + interval '1 s'`); n != 2 {
		t.Errorf("%d calls are recorded", n)
	}
}

func TestALeaseEndsAndItsSuccessorCannotBeWrittenOver(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	id := mustPlace(t, db, ada, people.Now()).ID
	slow := mustClaim(t, db, id, people.Now())
	call, err := slow.BeginCall(ctx, db.Worker, "workers-ai", "flux", people.Now())
	if err != nil {
		t.Fatal(err)
	}
	nothingToClaim(t, db, "under a lease", people.Now().Add(generation.Lease-time.Microsecond))
	end := people.Now().Add(generation.Lease)
	if _, err := slow.BeginCall(ctx, db.Worker, "gemini", "gemini", end); !errors.Is(err, generation.ErrLost) {
		t.Errorf("a call after the lease: %v", err)
	}
	next := mustClaim(t, db, id, end)
	if next.Fence != slow.Fence+1 {
		t.Errorf("the fence went from %d to %d", slow.Fence, next.Fence)
	}
	for what, write := range map[string]func() error{
		"call":      func() error { _, err := slow.BeginCall(ctx, db.Worker, "gemini", "gemini", people.Now()); return err },
		"defer":     func() error { return slow.Defer(ctx, db.Worker, end) },
		"turn away": func() error { return slow.TurnedAway(ctx, db.Worker, call, end) },
		"succeed":   func() error { return slow.Succeed(ctx, db.Worker, end) },
		"fail":      func() error { return slow.Fail(ctx, db.Worker, generation.Refused, end) },
	} {
		if err := write(); !errors.Is(err, generation.ErrLost) {
			t.Errorf("the one who lost the lease could %s: %v", what, err)
		}
	}
	if err := next.Succeed(ctx, db.Worker, end); err != nil {
		t.Errorf("the successor: %v", err)
	}
	if err := next.Fail(ctx, db.Worker, generation.Refused, end); !errors.Is(err, generation.ErrLost) {
		t.Errorf("a finished order failed: %v", err)
	}
	nothingToClaim(t, db, "it is finished", end.Add(time.Hour))
}

func TestADeferredOrderWaitsAndItsCallDoesNotCount(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	at := people.Now()
	id := mustPlace(t, db, ada, at).ID
	for range 3 { // more often than there are calls
		order := mustClaim(t, db, id, at)
		call, err := order.BeginCall(ctx, db.Worker, "workers-ai", "flux", at)
		if err != nil {
			t.Fatal(err)
		}
		until := at.Add(30 * time.Second)
		if err := order.TurnedAway(ctx, db.Worker, call, at); err != nil {
			t.Fatal(err)
		}
		if err := order.Defer(ctx, db.Worker, until); err != nil {
			t.Fatal(err)
		}
		nothingToClaim(t, db, "it was put off", until.Add(-time.Microsecond))
		at = until
	}
	if order := mustClaim(t, db, id, at); order.Calls != 0 {
		t.Errorf("%d calls count", order.Calls)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.provider_call where outcome = 'deferred'`); n != 3 {
		t.Errorf("%d calls are recorded", n)
	}
}

func TestAbandonedOrdersFailWithTheirCreditsGivenBack(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	now := people.Now().Add(generation.Patience)
	waiting := mustPlace(t, db, ada, people.Now()).ID
	stopped := mustPlace(t, db, ada, people.Now()).ID
	mustClaim(t, db, stopped, now.Add(-generation.Lease))
	drawing := mustPlace(t, db, ada, people.Now()).ID
	mustClaim(t, db, drawing, now.Add(-time.Second))
	young := mustPlace(t, db, ada, people.Now().Add(time.Microsecond)).ID
	done := mustClaim(t, db, mustPlace(t, db, ada, people.Now().Add(-time.Hour)).ID, people.Now())
	if err := done.Succeed(ctx, db.Worker, people.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := credit.Settle(ctx, db.Worker, done.ID, people.Now()); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []int64{1, 1, 0} { // one at a time
		if n, err := generation.Abandon(ctx, db.Sweeper, now, 1); n != wanted || err != nil {
			t.Errorf("%d, %v; want %d", n, err, wanted)
		}
		db.Books(t)
	}
	statuses, err := generation.Statuses(ctx, db.Sweeper, []string{waiting, stopped, drawing, young, done.ID, uuid.NewString()})
	wanted := map[string]string{waiting: "failed", stopped: "failed", drawing: "running", young: "queued", done.ID: "succeeded"}
	if err != nil || !maps.Equal(statuses, wanted) {
		t.Errorf("%v, %v; want %v", statuses, err, wanted)
	}
	if got := standing(t, db, ada); got != [3]int64{5, 47, 2} {
		t.Errorf("orders and credits are %v", got)
	}
}

func TestUnansweredOrdersAreRungForAfterAWhile(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	first := mustPlace(t, db, ada, people.Now()).ID
	second := mustPlace(t, db, ada, people.Now().Add(time.Millisecond)).ID
	mustPlace(t, db, ada, people.Now().Add(time.Minute))
	unanswered := func(at time.Time) []string {
		ids, err := generation.Unanswered(ctx, db.Sweeper, at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	at := people.Now().Add(20*time.Second + time.Millisecond)
	if ids := unanswered(at); !slices.Equal(ids, []string{first, second}) {
		t.Errorf("%v; want %s, %s", ids, first, second)
	}
	mustClaim(t, db, first, at)
	if ids := unanswered(at); !slices.Equal(ids, []string{second}) {
		t.Errorf("with one under a lease: %v", ids)
	}
	if ids := unanswered(at.Add(generation.Lease)); len(ids) != 3 || ids[0] != first {
		t.Errorf("after the lease: %v", ids)
	}
}

func TestAClosedAccountHasNothingToDraw(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50)
	id := mustPlace(t, db, ada, people.Now()).ID
	hers := mustPlace(t, db, grace, people.Now().Add(time.Second)).ID
	db.Do(t, `update app.account set closed_at = $2 where id = $1`, ada.ID, people.Now())
	if order := mustClaim(t, db, id, people.Now().Add(time.Minute)); order.ID != hers {
		t.Errorf("claimed %s of a closed account", order.ID)
	}
	nothingToClaim(t, db, "the account is closed", people.Now().Add(time.Minute))
	if n, err := generation.Abandon(ctx, db.Sweeper, people.Now().Add(generation.Patience), 10); n != 1 || err != nil {
		t.Errorf("its order does not end: %d, %v", n, err)
	}
}
