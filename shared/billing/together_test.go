package billing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// A refund of an invoice that is looked at while a change of plan takes credits back from it: neither may wait for the other.
func TestARefundAndAChangeOfPlanAtOnceDoNotHinderEachOther(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "pro-monthly", till.Visa).Subscription
	paid := c.Get("/v1/invoices/" + c.Get("/v1/subscriptions/"+plan).Text("latest_invoice")).Text("payment_intent")
	c.hear()
	c.Change(plan, "plus-monthly")
	change := c.Get("/v1/subscriptions/" + plan).Text("latest_invoice")
	// Each has written its own invoice, and so has a lock on the first one, before it goes for both.
	c.Do(t, `create function app.dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$`)
	c.Do(t, `create trigger zz_last after insert or update on app.plan_invoice for each row execute function app.dawdle()`)
	var both sync.WaitGroup
	for _, about := range []payment.Subject{{Kind: payment.SubjectInvoice, ID: change}, {Kind: payment.SubjectPayment, ID: paid}} {
		both.Go(func() {
			cashier := postgres.Open(c.Address.Cashier)
			defer cashier.Close()
			books := billing.Books{DB: cashier, Stripe: c.Stripe, Prices: c.Prices}
			if _, err := books.Converge(t.Context(), about, billing.Event{}, c.now); err != nil {
				t.Errorf("%s: %v", about.Kind, err)
			}
		})
	}
	both.Wait()
	c.has("in the end", 500, 0)
}

// Whenever the plug is pulled, all of an event is there or nothing, and the next delivery finishes it.
func TestThePlugIsPulledInTheMiddle(t *testing.T) {
	c := open(t)
	random := rand.New(rand.NewPCG(7, 7))
	paid := c.Buy(c.customer, c.who.ID, "pack-1000", till.Visa).Payment
	c.Refund(paid, "500")
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(12000))*time.Microsecond)
		_, _ = c.books.Converge(ctx, payment.Subject{Kind: payment.SubjectPayment, ID: paid}, billing.Event{ID: fmt.Sprintf("evt_%d", i), Type: "x"}, c.now)
		cancel()
		whole := people.Ask[bool](t, c.Database, `
			select (select count(*) from app.payment) = (select count(*) from app.credit_grant)
			   and (select count(*) from app.payment) = (select count(*) from app.payment_owner)
			   and coalesce((select sum(reversed) from app.credit_grant), 250) = 250`)
		if !whole {
			t.Fatalf("after %d attempts half of it is there", i)
		}
		c.Books(t)
	}
	c.hear()
	c.has("in the end", 750, 0)
}
