package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

func TestTwentyPurchasesOfANewPersonAtOnceMakeOneCustomer(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	replies := make(chan visitor.Reply, 20)
	for range 20 {
		go func() { replies <- d.buy(t, ada, fields{"pack": "pack-200"}) }()
	}
	for range 20 {
		if reply := <-replies; reply.Status != 201 {
			t.Errorf("answers %d %s", reply.Status, reply.Body)
		}
	}
	made := d.all("/v1/customers")
	if len(made) != 1 || made[0].Text("id") != d.customer(t, ada) {
		t.Errorf("%d customers", len(made))
	}
	for _, session := range d.all("/v1/checkout/sessions") {
		if session.Text("customer") != made[0].Text("id") {
			t.Errorf("a session is %s's", session.Text("customer"))
		}
	}
}

func TestTheSameKeyOpensTheSamePage(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	id := uuid.NewString()
	same, upper := visitor.Header("idempotency-key", id), visitor.Header("idempotency-key", strings.ToUpper(id))
	for _, f := range []fields{{"plan": "plus-monthly"}, {"pack": "pack-200"}} {
		other := key()
		first, replies := d.bought(t, ada, f, other), make(chan way, 2)
		for range 2 { // a double click
			go func() { replies <- d.bought(t, ada, f, other) }()
		}
		for range 2 {
			if again := <-replies; again != first || d.follow(t, ada, again.ID).Status != "open" {
				t.Errorf("first %+v, then %+v", first, again)
			}
		}
	}
	pack := d.bought(t, ada, fields{"pack": "pack-1000"}, same)
	if again := d.bought(t, ada, fields{"pack": "pack-1000"}, upper); again != pack {
		t.Errorf("first %+v, then %+v", pack, again)
	}
	d.buy(t, ada, fields{"pack": "pack-5000"}, same).Refuses(422, "idempotency_key_reused")
	if theirs := d.bought(t, bob, fields{"pack": "pack-5000"}, same); theirs.ID == pack.ID {
		t.Error("another person's key opened the page")
	}
}

func TestADeletedCustomerIsForgottenAndMadeAnewOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fields{"a pack": {"pack": "pack-200"}, "a plan": {"plan": "plus-monthly"}, "a plan beside one that ended with the customer": {"plan": "pro-yearly"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			ada := visitor.SignIn(t, d.db, d.service)
			d.bought(t, ada, fields{"pack": "pack-1000"})
			before := d.customer(t, ada)
			if strings.Contains(name, "beside") {
				d.subscribe(t, ada, "sub_1", "active")
			}
			d.till.Delete("/v1/customers/" + before)
			same := key()
			to := d.bought(t, ada, f, same)
			after := d.customer(t, ada)
			if to.Kind != "checkout" || after == before || after == "" || d.follow(t, ada, to.ID).Status != "open" {
				t.Errorf("it leads to %+v with customer %q after %q", to, after, before)
			}
			if again := d.bought(t, ada, fields{"pack": "pack-1000"}); again.Kind != "checkout" || d.customer(t, ada) != after {
				t.Errorf("then it leads to %+v", again)
			}
		})
	}
}

func TestAPriceThatStripeDoesNotHaveMakesNoCustomersAnew(t *testing.T) {
	t.Parallel()
	d := open(t)
	elsewhere := till.Open(t) // whose prices are another world's
	d.handler = web.Handler(origin, checkout{d.pool, d.till.Stripe, elsewhere.Prices, origin}.routes())
	ada := visitor.SignIn(t, d.db, d.service)
	d.buy(t, ada, fields{"pack": "pack-200"}).Refuses(500, "internal_error")
	d.buy(t, ada, fields{"pack": "pack-200"}).Refuses(500, "internal_error")
	if made := d.all("/v1/customers"); len(made) != 1 {
		t.Errorf("%d customers", len(made))
	}
}

func TestAnotherPersonsPurchaseAnswersLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	foreign := d.bought(t, bob, fields{"pack": "pack-200"}).ID
	strange := d.till.Order(d.customer(t, bob), "", "pack-200").ID // not by our checkout
	unknown := ada.Send(t, d.handler, "GET", "/api/checkout/cs_test_nowhere").Refuses(404, "checkout_not_found")
	for _, id := range []string{foreign, strange, "1", "cs_", "cs_test_..%2Fcustomers", "cs_%27", "cs_" + strings.Repeat("a", 300), "pi_1"} {
		if reply := ada.Send(t, d.handler, "GET", "/api/checkout/"+id); reply.Status != 404 || !strings.Contains(id, "%2F") && reply.Body != unknown.Body {
			t.Errorf("%s answers %d %s", id, reply.Status, reply.Body)
		}
	}
	bob.Send(t, d.handler, "GET", "/api/checkout/"+foreign).Is(200)
}

func TestPurchasesThatCannotBeUnderstoodAreRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	for body, code := range map[string]string{
		`{}`: "one_offer_required", `{"plan":"plus-monthly","pack":"pack-200"}`: "one_offer_required", `{"plan":null,"pack":null}`: "one_offer_required",
		`{"plan":"free"}`: "unknown_offer", `{"plan":""}`: "unknown_offer", `{"plan":"pack-200"}`: "unknown_offer", `{"pack":"plus-monthly"}`: "unknown_offer",
		`{"pack":"pack-201"}`: "unknown_offer", `{"pack":200}`: "wrong_type", `{"pack":"pack-200","amount":1}`: "unknown_field", `[]`: "object_required",
	} {
		ada.Send(t, d.handler, "POST", "/api/checkout", key(), visitor.Body(body)).Refuses(422, code)
	}
	d.buy(t, ada, fields{"plan": "nothing"}).Refuses(422, "unknown_offer", "plan")
	d.buy(t, ada, fields{"pack": "nothing"}).Refuses(422, "unknown_offer", "pack")
	for _, bad := range []string{"", "1", "{5b6d0a7e-2f1c-4a55-9a0e-0e6f2d3c4b5a}"} {
		d.buy(t, ada, fields{"pack": "pack-200"}, visitor.Header("idempotency-key", bad)).Refuses(400, "idempotency_key_required")
	}
	ada.Send(t, d.handler, "POST", "/api/checkout?a=b", key()).Refuses(400, "unknown_parameter", "a")
	ada.Send(t, d.handler, "GET", "/api/checkout/cs_1?a=b").Refuses(400, "unknown_parameter", "a")
	ada.Send(t, d.handler, "POST", "/api/billing-portal?a=b", visitor.Body("{}")).Refuses(400, "unknown_parameter", "a")
	ada.Send(t, d.handler, "POST", "/api/billing-portal", visitor.Body(`{"return_url":"https://evil.example"}`)).Refuses(422, "unknown_field")
	ada.Send(t, d.handler, "POST", "/api/billing-portal", visitor.Body(""), visitor.Header("content-type", "text/plain")).Refuses(415, "json_required")
	if n := testbed.One[int64](t, d.db, "select count(*) from app.customer"); n != 0 || len(d.all("/v1/customers")) != 0 {
		t.Errorf("a refused purchase made %d customers", n)
	}
}

func TestNobodyBuysSignedOutOrFromAnotherSiteOrAfterClosing(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	nobody := func(v visitor.Visitor, changes ...visitor.Change) {
		t.Helper()
		d.buy(t, v, fields{"pack": "pack-200"}, changes...).Refuses(401, "sign_in_required")
		v.Send(t, d.handler, "POST", "/api/billing-portal", append(changes, visitor.Body("{}"))...).Refuses(401, "sign_in_required")
		v.Send(t, d.handler, "GET", "/api/checkout/cs_test_1", changes...).Refuses(401, "sign_in_required")
	}
	nobody(visitor.Visitor{})
	nobody(ada, visitor.At(time.Now().Add(31*24*time.Hour)))
	away := []visitor.Change{visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")}
	d.buy(t, ada, fields{"pack": "pack-200"}, away...).Refuses(403, "cross_origin")
	ada.Send(t, d.handler, "POST", "/api/billing-portal", append(away, visitor.Body("{}"))...).Refuses(403, "cross_origin")
	testbed.Column[string](t, d.db, "update app.account set closed_at = now() returning id::text")
	nobody(ada)
	if n := len(d.all("/v1/customers")); n != 0 {
		t.Errorf("%d customers were made", n)
	}
}

func TestWhoOwesCreditsBuysToSettleThat(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	d.grant(t, ada, "pack", "pi_1", 200)
	testbed.Column[string](t, d.db, `select app.hold_credits($1, gen_random_uuid(), 200, now())::text`, ada.AccountID)
	testbed.Column[string](t, d.db, `select app.reverse_credits($1, 'pack', 'pi_1', 200, 'refund', now())::text`, ada.AccountID)
	if owed := testbed.One[int64](t, d.db, "select debt from app.credit_balance where account_id = $1", ada.AccountID); owed == 0 {
		t.Fatal("nothing is owed")
	}
	d.bought(t, ada, fields{"pack": "pack-1000"})
}

func TestStripesAbsenceIsSaid(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	to := d.bought(t, ada, fields{"pack": "pack-200"})
	d.handler = web.Handler(origin, checkout{d.pool, payment.Open("http://127.0.0.1:1", d.till.Key), d.till.Prices, origin}.routes())
	for _, reply := range []visitor.Reply{
		d.buy(t, ada, fields{"pack": "pack-200"}), d.buy(t, ada, fields{"plan": "plus-monthly"}), d.buy(t, visitor.SignIn(t, d.db, d.service), fields{"pack": "pack-200"}),
		ada.Send(t, d.handler, "POST", "/api/billing-portal", visitor.Body("{}")), ada.Send(t, d.handler, "GET", "/api/checkout/"+to.ID),
	} {
		if reply.Refuses(503, "stripe_unavailable").Header.Get("Retry-After") == "" {
			t.Errorf("when to come back is not said: %v", reply.Header)
		}
	}
}
