package billing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// rowsOf counts what is left of an account in our books.
func (c *counter) rowsOf(account string) int64 {
	c.t.Helper()
	return people.Ask[int64](c.t, c.Database, `select coalesce(sum(rows), 0)::bigint from app.remains($1)`, account)
}

// vanish erases all rows of a closed account, as the sweep does.
func (c *counter) vanish(account string) {
	c.t.Helper()
	for _, sql := range []string{`delete from app.account_key where account_id = $1`, `select app.erase_rows($1, '{}', 100000)`,
		`delete from app.account where id = $1`} {
		_, err := c.Eraser.Exec(c.t.Context(), sql, account)
		for problem.Of(err) != nil { // it met an event about the same rows, and gave way
			_, err = c.Eraser.Exec(c.t.Context(), sql, account)
		}
		if err != nil {
			c.t.Error(err)
		}
	}
}

// duringTheErasure runs story while the deletion of the account waits for its commit, which comes once story waits for that.
func (c *counter) duringTheErasure(account string, story func()) {
	c.t.Helper()
	watcher := postgres.Open(c.Address.Owner)
	defer watcher.Close()
	done := make(chan struct{})
	err := c.Owner.Transaction(c.t.Context(), func(tx postgres.Querier) error {
		if _, err := tx.Exec(c.t.Context(), `delete from app.account where id = $1`, account); err != nil {
			return err
		}
		go func() { defer close(done); story() }()
		for waits := false; !waits; {
			select {
			case <-done:
				c.t.Error("nobody waited for the erasure")
				return nil
			case <-time.After(5 * time.Millisecond):
			}
			err := watcher.QueryRow(c.t.Context(), `select exists (select from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waits)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	<-done
}

func TestMoneyThatComesWhileItsAccountIsErasedIsNobodys(t *testing.T) {
	c := open(t)
	pack := c.Buy(c.customer, c.who.ID, "pack-200", till.Visa).Payment
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	c.leave(c.who.ID)
	c.duringTheErasure(c.who.ID, func() {
		outcome, err := c.books.Converge(t.Context(), payment.Subject{Kind: payment.SubjectPayment, ID: pack}, billing.Event{ID: "evt_1", Type: "x"}, c.now)
		if err != nil || !slices.Contains(outcome.Alarms, billing.AlarmUnclaimed) {
			t.Errorf("the pack: %+v, %v", outcome, err)
		}
	})
	if list, err := billing.ListUnclaimed(t.Context(), c.Cashier, 10); err != nil || len(list) != 1 || list[0].Reason != "account_gone" {
		t.Errorf("unclaimed is %+v, %v", list, err)
	}
	outcome, err := c.books.Converge(t.Context(), payment.Subject{Kind: payment.SubjectSubscription, ID: plan}, billing.Event{}, c.now)
	if err != nil || !slices.Contains(outcome.Alarms, billing.AlarmNoOwner) {
		t.Errorf("the plan: %+v, %v", outcome, err)
	}
	if n := c.rowsOf(c.who.ID); n != 0 {
		t.Errorf("%d rows came back", n)
	}
}

func TestWhoIsErasedOnTheWayToTheCheckoutIsSignedOut(t *testing.T) {
	c := open(t)
	c.duringTheErasure(c.who.ID, func() {
		if _, err := billing.Customer(t.Context(), c.Web, c.Stripe, c.who.ID, c.now); err == nil || problem.Of(err) == nil ||
			problem.Of(err).Code != problem.Of(session.ErrSignedOut).Code {
			t.Errorf("got %v", err)
		}
	})
	if n := len(customers(c.Till)); n != 1 {
		t.Errorf("%d customers", n)
	}
}

// People buy, close their accounts and are erased, and pay on pages that were left open. Hundreds of events come late, twice and
// in any order, before, after and while it is done.
func TestLateEventsBringNothingBackOfWhoLeft(t *testing.T) {
	c := open(t)
	random := rand.New(rand.NewPCG(11, 12))
	for round := range 20 {
		c.who = c.SignIn(t, fmt.Sprintf("leaver-%d", round), 0)
		c.Till = till.Open(t) // in which nothing else happened
		c.books.Stripe, c.books.Prices, c.customer = c.Stripe, c.Prices, c.Customer(c.who.ID)
		if random.IntN(2) == 0 {
			c.Do(t, `insert into app.customer (account_id, id, operation, begun_at) values ($1, $2, $3, $4)`, c.who.ID, c.customer, uuid.NewString(), c.now)
		}
		c.leavesInAnyOrder(random)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

func (c *counter) leavesInAnyOrder(random *rand.Rand) {
	page := c.Order(c.customer, c.who.ID, "pro-monthly").ID
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	c.Buy(c.customer, c.who.ID, "pack-200", till.Visa)
	c.hearSome(random, 3)
	for _, step := range []func(){
		func() { c.leave(c.who.ID) },
		func() {
			if random.IntN(2) == 0 {
				c.Arrange("pay", map[string]string{"session": page})
			}
		},
		func() { c.ends("ending", c.Stripe, c.later(), true) },
		func() { c.erases("erasing", c.Stripe, c.later(), true) },
	} {
		step()
		c.hearSome(random, random.IntN(8))
	}
	var both sync.WaitGroup
	both.Go(func() { c.hearSome(random, 6) })
	both.Go(func() { c.vanish(c.who.ID) })
	both.Wait()
	events := c.Events()
	for _, i := range random.Perm(len(events)) {
		c.hearLate(events[i])
	}
	if n := c.rowsOf(c.who.ID); n != 0 {
		c.t.Errorf("%d rows came back", n)
	}
	if left := c.live(c.customer); len(left) != 0 || !c.deleted(c.customer) {
		c.t.Errorf("%v go on, beside %s", left, plan)
	}
	if paid, known := c.paid(); paid != known {
		c.t.Errorf("%d payments, of which our books have %d", paid, known)
	}
}

// paid counts the customer's payments, at Stripe and in our books.
func (c *counter) paid() (theirs, ours int64) {
	var ids []string
	for _, p := range c.Get("/v1/payment_intents?limit=100&customer=" + c.customer)["data"].([]any) {
		if intent := till.Object(p.(map[string]any)); intent.Text("status") == "succeeded" {
			ids = append(ids, intent.Text("id"))
		}
	}
	return int64(len(ids)), people.Ask[int64](c.t, c.Database, `select count(*) from app.payment where id = any ($1)`, ids)
}

// hearSome tells our books of so many events, any of them.
func (c *counter) hearSome(random *rand.Rand, many int) {
	events := c.Events()
	for range many {
		c.hearLate(events[random.IntN(len(events))])
	}
}

// hearLate tells our books of an event as often as Stripe would, under an id that they have not seen.
func (c *counter) hearLate(event till.Object) {
	about, handled := subject(event)
	for handled {
		_, err := c.books.Converge(context.Background(), about, billing.Event{ID: uuid.NewString(), Type: event.Text("type")}, c.now)
		if told := problem.Of(err); told != nil && told.Code == "database_unavailable" {
			continue // it met the erasure of the same rows, and gave way
		}
		if err != nil {
			c.t.Errorf("%s: %v", event.Text("type"), err)
		}
		return
	}
}
