package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// desk is the function with its parts.
type desk struct {
	handler visitor.Handler
	pool    *postgres.Database
	db      testbed.Database
	service *seal.Service
	till    *till.Till
}

func open(t *testing.T) desk {
	d := desk{db: testbed.Postgres(t), service: visitor.Service(t), till: till.Open(t)}
	d.pool = visitor.Open(t, d.db.Web)
	d.handler = web.Handler(origin, checkout{d.pool, d.till.Stripe, d.till.Prices, origin}.routes())
	return d
}

// fields of a body.
type fields map[string]any

func key() visitor.Change { return visitor.Header("idempotency-key", uuid.NewString()) }

func (d desk) buy(t *testing.T, v visitor.Visitor, f fields, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	return v.Send(t, d.handler, "POST", "/api/checkout", append([]visitor.Change{key(), visitor.Body(f)}, changes...)...)
}

// bought buys and gives where it leads.
func (d desk) bought(t *testing.T, v visitor.Visitor, f fields, changes ...visitor.Change) (to way) {
	t.Helper()
	d.buy(t, v, f, changes...).Into(201, &to)
	return to
}

func (d desk) follow(t *testing.T, v visitor.Visitor, id string) (p progress) {
	t.Helper()
	v.Send(t, d.handler, "GET", "/api/checkout/"+id).Into(200, &p)
	return p
}

func (d desk) customer(t *testing.T, v visitor.Visitor) string {
	t.Helper()
	return testbed.One[string](t, d.db, "select coalesce(id, '') from app.customer where account_id = $1", v.AccountID)
}

// subscribe writes a plan of somebody's down, as a webhook does.
func (d desk) subscribe(t *testing.T, v visitor.Visitor, id, status string) {
	t.Helper()
	testbed.Column[string](t, d.db, `
		insert into app.subscription (id, account_id, offer, status, created_at, period_end, version)
		values ($1, $2, 'plus-monthly', $3, now(), now() + interval '1 month', 1) returning id`, id, v.AccountID, status)
}

// all is what Stripe has of a kind.
func (d desk) all(path string) (found []till.Object) {
	for _, one := range d.till.Get(path + "?limit=100")["data"].([]any) {
		found = append(found, one.(map[string]any))
	}
	return found
}

func TestAPlanIsBoughtOnStripesPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	var to way
	ada.Send(t, d.handler, "POST", "/api/checkout").Into(201, &to) // as in event.json
	if !strings.HasPrefix(to.ID, "cs_test_") || !strings.HasPrefix(to.URL, d.till.URL+"/") || to.Kind != "checkout" {
		t.Fatalf("it leads to %+v", to)
	}
	at := d.till.Get("/v1/checkout/sessions/" + to.ID + "?expand[]=line_items")
	for path, want := range map[string]string{
		"mode": "subscription", "customer": d.customer(t, ada), "metadata.account": ada.AccountID, "metadata.offer": "plus-monthly",
		"success_url": origin + "/checkout/return?session_id={CHECKOUT_SESSION_ID}", "cancel_url": origin + "/checkout/return?canceled=1",
	} {
		if got := at.Text(path); got != want {
			t.Errorf("%s is %q, not %q", path, got, want)
		}
	}
	if at.Number("amount_total") != 900 {
		t.Errorf("it costs %d", at.Number("amount_total"))
	}
	if who := d.till.Get("/v1/customers/" + d.customer(t, ada)); who.Text("metadata.account") != ada.AccountID || who.Text("email") != "" || who.Text("name") != "" {
		t.Errorf("Stripe was told %v", who)
	}
}

func TestAPurchaseIsFollowedUntilItsCreditsAreThere(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	to := d.bought(t, ada, fields{"pack": "pack-200"})
	if p := d.follow(t, ada, to.ID); p != (progress{to.ID, "open", "pack-200", 200, false}) {
		t.Errorf("before paying %+v", p)
	}
	d.till.Arrange("pay", fields{"session": to.ID, "card": till.Visa})
	if p := d.follow(t, ada, to.ID); p != (progress{to.ID, "paid", "pack-200", 200, false}) {
		t.Errorf("after paying %+v", p)
	}
	paid, err := d.till.Stripe.Session(t.Context(), to.ID)
	if err != nil || paid.Payment == "" {
		t.Fatal(paid, err)
	}
	d.grant(t, ada, "pack", paid.Payment, 200)
	if p := d.follow(t, ada, to.ID); p != (progress{to.ID, "paid", "pack-200", 200, true}) {
		t.Errorf("with its credits %+v", p)
	}

	plan := d.bought(t, ada, fields{"plan": "pro-yearly"})
	d.till.Arrange("pay", fields{"session": plan.ID, "card": till.Visa})
	if p := d.follow(t, ada, plan.ID); p != (progress{plan.ID, "paid", "pro-yearly", 24000, false}) {
		t.Errorf("the plan %+v", p)
	}
	paid, err = d.till.Stripe.Session(t.Context(), plan.ID)
	if err != nil || paid.Invoice == "" {
		t.Fatal(paid, err)
	}
	d.grant(t, ada, "plan", paid.Invoice, 24000)
	if p := d.follow(t, ada, plan.ID); !p.Granted || p.Credits != 24000 {
		t.Errorf("the plan with its credits %+v", p)
	}
}

func TestMoneyFromABankAccountIsPendingUntilItArrivesOrDoesNot(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	for arrived, want := range map[bool]string{false: "failed", true: "paid"} {
		to := d.bought(t, ada, fields{"pack": "pack-200"})
		d.till.Arrange("pay", fields{"session": to.ID, "method": "bank"})
		if p := d.follow(t, ada, to.ID); p != (progress{to.ID, "pending", "pack-200", 200, false}) {
			t.Errorf("on its way it is %+v", p)
		}
		d.till.Arrange("settle", fields{"session": to.ID, "arrived": arrived})
		if p := d.follow(t, ada, to.ID); p != (progress{to.ID, want, "pack-200", 200, false}) {
			t.Errorf("arrived %v, it is %+v", arrived, p)
		}
	}
	left := d.bought(t, ada, fields{"pack": "pack-200"})
	d.till.Post("/v1/checkout/sessions/" + left.ID + "/expire")
	if p := d.follow(t, ada, left.ID); p.Status != "expired" || p.Granted {
		t.Errorf("never paid, it is %+v", p)
	}
}

func (d desk) grant(t *testing.T, v visitor.Visitor, source, reference string, amount int64) {
	t.Helper()
	testbed.One[bool](t, d.db, "select app.grant_credits($1, $2, $3, $4, now(), now() + interval '1 year')", v.AccountID, source, reference, amount)
}

func TestAnOlderPageForAPlanEndsWhenANewerIsOpened(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	pack := d.bought(t, ada, fields{"pack": "pack-200"})
	first := d.bought(t, ada, fields{"plan": "plus-monthly"})
	second := d.bought(t, ada, fields{"plan": "pro-monthly"})
	open := 0
	for _, id := range []string{first.ID, second.ID} {
		if d.follow(t, ada, id).Status == "open" {
			open++
		}
	}
	if open != 1 || d.follow(t, ada, pack.ID).Status != "open" {
		t.Errorf("%d pages for a plan are open", open)
	}
}

func TestWhoHasAPlanIsSentToThePortalForAnotherOne(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	first := d.bought(t, ada, fields{"plan": "plus-monthly"})
	d.till.Arrange("pay", fields{"session": first.ID, "card": till.Visa})
	// Stripe knows already, our books do not.
	early := d.bought(t, ada, fields{"plan": "pro-monthly"})
	if early.Kind != "portal" || early.ID != "" || !strings.HasPrefix(early.URL, d.till.URL+"/") {
		t.Errorf("before the webhook it leads to %+v", early)
	}
	d.subscribe(t, ada, "sub_1", "past_due")
	sessions := len(d.all("/v1/checkout/sessions"))
	if late := d.bought(t, ada, fields{"plan": "pro-monthly"}); late.Kind != "portal" || late.ID != "" {
		t.Errorf("after the webhook it leads to %+v", late)
	}
	if pack := d.bought(t, ada, fields{"pack": "pack-1000"}); pack.Kind != "checkout" {
		t.Errorf("a pack leads to %+v", pack)
	}
	if n := len(d.all("/v1/checkout/sessions")); n != sessions+1 {
		t.Errorf("%d sessions, then %d", sessions, n)
	}
}

func TestAPlanThatNeverBeganDoesNotKeepFromBuying(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	d.subscribe(t, ada, "sub_1", "incomplete")
	d.subscribe(t, ada, "sub_2", "canceled")
	if to := d.bought(t, ada, fields{"plan": "plus-monthly"}); to.Kind != "checkout" {
		t.Errorf("it leads to %+v", to)
	}
}

func TestThePortalIsForWhoHasBought(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	portal := func() visitor.Reply {
		t.Helper()
		return ada.Send(t, d.handler, "POST", "/api/billing-portal", visitor.Body("{}"), visitor.Header("idempotency-key", ""))
	}
	portal().Refuses(409, "no_customer")
	d.bought(t, ada, fields{"pack": "pack-200"})
	var to way
	portal().Into(201, &to)
	if at, err := url.Parse(to.URL); err != nil || !strings.HasPrefix(to.URL, d.till.URL+"/") || at.Path == "/" || to.ID != "" || to.Kind != "" {
		t.Errorf("it leads to %+v", to)
	}
	d.till.Delete("/v1/customers/" + d.customer(t, ada))
	portal().Refuses(409, "no_customer")
	if left := d.customer(t, ada); left != "" {
		t.Errorf("the deleted customer %s is kept", left)
	}
}
