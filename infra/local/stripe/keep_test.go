package stripe

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestAWorldGoesOnWhereItWasSaved(t *testing.T) {
	const key = "sk_test_keep1234"
	before := New(Config{})
	defer before.Close()
	w, _ := before.worldOf(key)
	w.add(object{"id": "cus_1", "object": "customer", "balance": -5, "metadata": object{"account": "a"}, "created": int64(1)})
	w.add(object{"id": "sub_1", "object": "subscription", "status": "active", "current_period_end": int64(4_000_000_000),
		"items": envelope("/v1/subscription_items", []object{{"id": "si_1", "quantity": int64(1)}})})
	w.endpoint("http://localhost:1/x", "whsec_x", Version, []string{"invoice.paid"}, form{})
	w.shift, w.numbers["ABC"] = time.Hour, 7
	w.answers["key"] = answer{"POST /v1/customers?", 1, 200, []byte(`{"id": "cus_1"}`)}
	for number, behavior := range testCards {
		behavior.confirmed = true
		w.cards["pm_"+number[10:]] = behavior
	}
	w.sales["cs_1"] = &sale{form{"mode": "payment", "line_items": form{"0": form{"price": "price_1"}}},
		[]object{{"id": "li_1", "quantity": int64(1)}}, "pm_1"}
	w.emit("customer.created", w.get("cus_1"))

	var file bytes.Buffer
	if err := before.Save(&file); err != nil {
		t.Fatal(err)
	}
	after := New(Config{})
	defer after.Close()
	if err := after.Load(bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	again, _ := after.worldOf(key)
	if inJSON(t, again.objects) != inJSON(t, w.objects) || inJSON(t, again.order) != inJSON(t, w.order) {
		t.Errorf("before %s\nafter %s", inJSON(t, w.objects), inJSON(t, again.objects))
	}
	if len(again.cards) != len(testCards) {
		t.Errorf("%d cards", len(again.cards))
	}
	for method, card := range w.cards {
		if again.cards[method] != card {
			t.Errorf("%+v became %+v", card, again.cards[method])
		}
	}
	if a := again.answers["key"]; again.shift != time.Hour || again.numbers["ABC"] != 7 || a.status != 200 || string(a.body) != `{"id": "cus_1"}` {
		t.Errorf("shift %v, numbers %v, answer %+v", again.shift, again.numbers, a)
	}
	if number(again.get("cus_1"), "balance") != -5 || len(again.listeners("invoice.paid")) != 1 || len(again.events) != 1 ||
		again.billing.due["sub_1"] != 4_000_000_000 {
		t.Errorf("balance %v, listeners %v, events %v, due %v", again.get("cus_1")["balance"], again.listeners("invoice.paid"), again.events, again.billing.due)
	}
	if sold := again.sales["cs_1"]; !reflect.DeepEqual(sold, w.sales["cs_1"]) {
		t.Errorf("the sale is %+v", sold)
	}
	if len(parts(again.get("sub_1"), "items")) != 1 {
		t.Errorf("items %v", again.get("sub_1")["items"])
	}
}

func TestWhateverAWorldRemembersIsSavedOrLeftOutOnPurpose(t *testing.T) {
	decided := []string{"shift", "objects", "order", "cards", "answers", "numbers", "sales", "events", "billing",
		"kinds", "config", "live", "send", "mu", "request", "switches", "faults"}
	fields := reflect.TypeFor[world]()
	for i := range fields.NumField() {
		if name := fields.Field(i).Name; !slices.Contains(decided, name) {
			t.Errorf("%s is new: save it in keep.go, or leave it out, and list it here", name)
		}
	}
}

func TestADamagedFileIsAnError(t *testing.T) {
	for _, file := range []string{"", "{", `[{"key": "nobody", "objects": []}]`} {
		s := New(Config{})
		if s.Load(bytes.NewBufferString(file)) == nil {
			t.Errorf("%q was loaded", file)
		}
		s.Close()
	}
}

func inJSON(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
