package stripe

import (
	"maps"
	"slices"
	"testing"
)

func TestWhatIsSeededLooksAsIfItHadBeenBought(t *testing.T) {
	b := newBench(t)
	intents, err := b.server.Seed(b.key, []Pack{
		{Customer: "cus_1", Metadata: map[string]string{"offer": "a"}, Amount: 500, Currency: "usd"},
		{Customer: "cus_2", Metadata: map[string]string{"offer": "b"}, Amount: 700, Currency: "eur"},
	})
	if err != nil || len(intents) != 2 {
		t.Fatal(intents, err)
	}
	for i, want := range []object{{"customer": "cus_1", "offer": "a", "amount": int64(500)}, {"customer": "cus_2", "offer": "b", "amount": int64(700)}} {
		intent := b.get("/v1/payment_intents/"+intents[i], "expand[]", "latest_charge.refunds")
		for _, path := range []string{"customer", "latest_charge.customer"} {
			if text(intent, path) != want["customer"] {
				t.Errorf("%s is %v, not %v", path, at(intent, path), want["customer"])
			}
		}
		for _, path := range []string{"amount", "amount_received", "latest_charge.amount", "latest_charge.amount_captured"} {
			if number(intent, path) != want["amount"] {
				t.Errorf("%s is %v, not %v", path, at(intent, path), want["amount"])
			}
		}
		if text(intent, "metadata.offer") != want["offer"] || intent["status"] != "succeeded" || text(intent, "latest_charge.payment_intent") != intents[i] {
			t.Errorf("%v", intent)
		}
	}
	w, _ := b.server.worldOf(b.key)
	bought, _ := w.charge("cus_3", text(w.list("payment_method", nil)[0], "id"), 500, "usd", nil)
	if a, b := fields(bought), fields(w.get(intents[0])); !slices.Equal(a, b) {
		t.Errorf("bought has the fields %v, seeded %v", a, b)
	}
	refund := b.post("/v1/refunds", "payment_intent", intents[0])
	if got := b.get("/v1/refunds", "payment_intent", intents[1]); len(parts(got, "data")) != 0 || number(refund, "amount") != 500 {
		t.Errorf("the refund of one payment is also seen in another: %v", got)
	}
	if _, err := b.server.Seed("nothing", nil); err == nil {
		t.Error("somebody without a key has payments")
	}
}

func fields(o object) []string { return slices.Sorted(maps.Keys(o)) }
