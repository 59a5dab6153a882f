package billing_test

import (
	"sync"
	"testing"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
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
