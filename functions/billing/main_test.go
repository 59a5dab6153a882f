package main

import (
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// counter is the function with its parts.
type counter struct {
	handler visitor.Handler
	pool    *postgres.Database
	db      testbed.Database
	service *seal.Service
	till    *till.Till
}

func open(t *testing.T) counter {
	c := counter{db: testbed.Postgres(t), service: visitor.Service(t), till: till.Open(t)}
	c.pool = visitor.Open(t, c.db.Reader)
	c.handler = web.Handler(origin, desk{c.pool, c.till.Stripe}.routes())
	return c
}

// customer makes somebody a customer.
func (c counter) customer(t *testing.T, v visitor.Visitor) string {
	t.Helper()
	id := c.till.Customer(v.AccountID)
	testbed.Column[string](t, c.db, `
		insert into app.customer (account_id, id, operation, begun_at) values ($1, $2, gen_random_uuid(), now()) returning id`, v.AccountID, id)
	return id
}

func TestWhoNeverBoughtAnythingSeesTheFreePlan(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada := visitor.SignIn(t, c.db, c.service)
	reply := ada.Send(t, c.handler, "GET", "/api/billing").Is(200) // as in event.json
	want := `{"plan":{"id":"free","offer":null,"name":"Free","status":"free","interval":null,"amount":null,"currency":null,"renews_at":null,"ends_at":null,` +
		`"cancel":"There is nothing to cancel: the free plan costs nothing."},"credits":{"available":50,"held":0,"owed":0},"payments":[],"invoices":[]}`
	if strings.TrimSpace(reply.Body) != want {
		t.Errorf("it shows %s", reply.Body)
	}
}

func TestAPlanIsShownWithPaymentsAndInvoices(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada, bob := visitor.SignIn(t, c.db, c.service), visitor.SignIn(t, c.db, c.service)
	bought := c.till.Buy(c.customer(t, ada), ada.AccountID, "plus-monthly", till.Visa)
	c.till.Buy(c.customer(t, bob), bob.AccountID, "pro-yearly", till.Visa)
	billed, err := c.till.Stripe.Invoice(t.Context(), bought.Invoice)
	if err != nil {
		t.Fatal(err)
	}
	books := billing.Books{DB: visitor.Open(t, c.db.Cashier), Stripe: c.till.Stripe, Prices: c.till.Prices}
	for _, about := range []payment.Subject{{Kind: payment.SubjectSubscription, ID: bought.Subscription}, {Kind: payment.SubjectPayment, ID: billed.PaymentIntent}} {
		if _, err := books.Converge(t.Context(), about, billing.Event{}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	var seen view
	ada.Send(t, c.handler, "GET", "/api/billing").Into(200, &seen)
	p := seen.Plan
	if p.ID != "plus" || p.Status != "active" || *p.Amount != 900 || p.RenewsAt == nil || time.Until(*p.RenewsAt) < 27*24*time.Hour || p.EndsAt != nil {
		t.Errorf("the plan is %+v", p)
	}
	if seen.Credits.Available != visitor.Credits+500 {
		t.Errorf("the credits are %+v", seen.Credits)
	}
	if len(seen.Payments) != 1 || seen.Payments[0].ID != billed.PaymentIntent || seen.Payments[0].Amount != 900 || seen.Payments[0].Status != "paid" {
		t.Errorf("the payments are %+v", seen.Payments)
	}
	if len(seen.Invoices) != 1 {
		t.Fatalf("the invoices are %+v", seen.Invoices)
	}
	i := seen.Invoices[0]
	if i.ID != billed.ID || i.Number == "" || i.Amount != 900 || i.Currency != "usd" || i.Status != "paid" || !strings.HasPrefix(i.URL, "http") || i.CreatedAt.IsZero() {
		t.Errorf("the invoice is %+v", i)
	}
}

func TestOnlyTheInvoicesWaitForStripe(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada := visitor.SignIn(t, c.db, c.service)
	c.customer(t, ada)
	c.handler = web.Handler(origin, desk{c.pool, payment.Open("http://127.0.0.1:1", c.till.Key)}.routes())
	if reply := ada.Send(t, c.handler, "GET", "/api/billing").Is(200); !strings.Contains(reply.Body, `"invoices":null`) || !strings.Contains(reply.Body, `"available":50`) {
		t.Errorf("without Stripe it shows %s", reply.Body)
	}
	c.handler = web.Handler(origin, desk{c.pool, payment.Open(c.till.URL, "nonsense")}.routes())
	ada.Send(t, c.handler, "GET", "/api/billing").Refuses(500, "internal_error") // a wrong key is nothing that passes
}

func TestAStripeThatHangsIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada := visitor.SignIn(t, c.db, c.service)
	c.customer(t, ada)
	c.till.Arrange("faults", map[string]any{"path": "/v1/invoices", "kind": "hang", "times": 10})
	begun := time.Now()
	if reply := ada.Send(t, c.handler, "GET", "/api/billing").Is(200); !strings.Contains(reply.Body, `"invoices":null`) {
		t.Errorf("it shows %s", reply.Body)
	}
	if took := time.Since(begun); took > patience+2*time.Second {
		t.Errorf("that took %v", took)
	}
}

func TestADeletedCustomerHasNoInvoices(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada := visitor.SignIn(t, c.db, c.service)
	c.till.Delete("/v1/customers/" + c.customer(t, ada))
	if reply := ada.Send(t, c.handler, "GET", "/api/billing").Is(200); !strings.Contains(reply.Body, `"invoices":[]`) {
		t.Errorf("it shows %s", reply.Body)
	}
}

func TestNobodySeesABillingSignedOutOrWithQuestionsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	c := open(t)
	ada := visitor.SignIn(t, c.db, c.service)
	visitor.Visitor{}.Send(t, c.handler, "GET", "/api/billing").Refuses(401, "sign_in_required")
	ada.Send(t, c.handler, "GET", "/api/billing", visitor.At(time.Now().Add(31*24*time.Hour))).Refuses(401, "sign_in_required")
	ada.Send(t, c.handler, "GET", "/api/billing?limit=1").Refuses(400, "unknown_parameter", "limit")
	ada.Send(t, c.handler, "POST", "/api/billing").Refuses(405, "method_not_allowed")
	testbed.Column[string](t, c.db, "update app.account set closed_at = now() returning id::text")
	ada.Send(t, c.handler, "GET", "/api/billing").Refuses(401, "sign_in_required")
}
