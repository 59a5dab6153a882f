package stripe

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	stripego "github.com/stripe/stripe-go/v76"
)

func (b *bench) customersNow() int {
	b.t.Helper()
	return len(parts(b.get("/v1/customers", "limit", "100"), "data"))
}

func keyed(key, name string) *stripego.CustomerParams {
	return &stripego.CustomerParams{Params: stripego.Params{IdempotencyKey: stripego.String(key)}, Name: stripego.String(name)}
}

func TestAKeyIsAnsweredOnce(t *testing.T) {
	b := newBench(t)
	api := b.stripeGo()
	first, err := api.Customers.New(keyed("k", "A"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := api.Customers.New(keyed("k", "A"))
	if err != nil || again.ID != first.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" || b.customersNow() != 1 {
		t.Errorf("the same again gives %v: %v", again, err)
	}
	var failure *stripego.Error
	if _, err := api.Customers.New(keyed("k", "B")); !errors.As(err, &failure) || failure.Type != stripego.ErrorTypeIdempotency {
		t.Errorf("another request with the key is told %v", err)
	}
	b.pass(oneDay + 1)
	if late, err := api.Customers.New(keyed("k", "A")); err != nil || late.ID == first.ID {
		t.Errorf("a day later the key still gives %v: %v", late, err)
	}
}

func TestAFailureIsRepeatedForItsKeyButNotOneBeforeTheWork(t *testing.T) {
	b := newBench(t)
	api := b.stripeGo()
	b.command("POST", "/_control/faults", object{"method": "POST", "path": "/v1/customers", "kind": "error"})
	var failure *stripego.Error
	for range 2 { // the fault is over after the first
		if _, err := api.Customers.New(keyed("k", "A")); !errors.As(err, &failure) || failure.HTTPStatusCode != http.StatusInternalServerError {
			t.Errorf("the failure is told as %v", err)
		}
	}
	if b.customersNow() != 0 {
		t.Error("what failed was done")
	}
	b.command("POST", "/_control/faults", object{"path": "/v1/customers", "kind": "error", "status": 503, "method": "POST"})
	if _, err := api.Customers.New(keyed("l", "A")); err != nil {
		t.Errorf("after a failure before the work, the client's second try is told %v", err)
	}
}

func TestAnAnswerThatGotLostIsGivenAgain(t *testing.T) {
	for _, kind := range []string{"reset", "done_then_reset"} {
		b := newBench(t)
		b.command("POST", "/_control/faults", object{"method": "POST", "path": "/v1/cust*", "kind": kind})
		made, err := b.stripeGo().Customers.New(keyed("k", "A"))
		if err != nil || b.customersNow() != 1 {
			t.Errorf("%s: the client's second try gives %v: %v, of %d customers", kind, made, err, b.customersNow())
		}
	}
	b := newBench(t)
	b.command("POST", "/_control/faults", object{"method": "POST", "path": "/v1/customers", "kind": "done_then_error"})
	if _, err := b.stripeGo().Customers.New(keyed("k", "A")); err == nil || b.customersNow() != 1 {
		t.Errorf("done, then failed: %v, of %d customers", err, b.customersNow())
	}
}

func TestListsAreReadPageByPage(t *testing.T) {
	b := newBench(t)
	var made []string
	for range 7 {
		made = append(made, text(b.post("/v1/customers"), "id"))
	}
	slices.Reverse(made)
	params := &stripego.CustomerListParams{}
	params.Limit = stripego.Int64(3)
	var read []string
	all := b.stripeGo().Customers.List(params)
	for all.Next() {
		read = append(read, all.Customer().ID)
	}
	if all.Err() != nil || !slices.Equal(read, made) {
		t.Errorf("read are %v of %v: %v", read, made, all.Err())
	}
	if before := parts(b.get("/v1/customers", "ending_before", made[2]), "data"); len(before) != 2 || before[0]["id"] != made[0] {
		t.Errorf("before the third are %v", before)
	}
	b.refused("GET", "/v1/customers", "limit", "101")
	if none := parts(b.get("/v1/customers", "created[lt]", "1"), "data"); len(none) != 0 {
		t.Errorf("created long ago are %v", none)
	}
}

func TestWhatIsNoIDIsNotExpanded(t *testing.T) {
	b := newBench(t)
	intent := b.sold("4242424242424242")
	deep := b.get("/v1/charges", "expand[]", "data.payment_intent.latest_charge.customer")
	if text(parts(deep, "data")[0], "payment_intent.latest_charge.customer.object") != "customer" {
		t.Errorf("four levels down is %v", deep)
	}
	b.refused("GET", "/v1/payment_intents/"+intent, "expand[]", "amount")
	b.refused("GET", "/v1/payment_intents/"+intent, "expand[]", "nothing")
	b.refused("GET", "/v1/payment_intents/"+intent, "expand[]", "latest_charge.payment_intent.latest_charge.payment_intent.customer")
}
