package stripe

import (
	"net/http"
	"testing"
)

func TestAnEventIsToldAgainUntilItIsTaken(t *testing.T) {
	b := newBench(t)
	listening := b.ear()
	listening.refuse = 1
	b.post("/v1/customers")
	event := listening.hears(t, "customer.created", 1)[0]
	b.command("POST", "/_control/deliver", object{"ids": []string{event.ID, event.ID}})
	if heard := listening.hears(t, "customer.created", 3); heard[0].ID != heard[2].ID {
		t.Error("the same event came with another id")
	}
	told := parts(b.command("GET", "/_control/events", nil), "events")[0]
	if number(told, "delivered") != 3 || number(told, "failed") != 1 {
		t.Errorf("what became of it: %v", told)
	}
}

func TestEventsAreHeldLostAndDoubledAsTold(t *testing.T) {
	b := newBench(t)
	listening := b.ear()
	b.command("POST", "/_control/events", object{"hold": true})
	b.post("/v1/customers")
	b.command("POST", "/_control/events", object{"lose": 1})
	b.post("/v1/customers")
	b.command("POST", "/_control/events", object{"duplicate": 2, "reorder": true})
	b.post("/v1/customers", "metadata[doubled]", "yes")
	if heard := listening.hears(t, "customer.created", 3); len(heard) != 3 {
		t.Errorf("%d events came", len(heard))
	}
	told := parts(b.command("GET", "/_control/events", nil), "events")
	if !truth(told[0], "held") || !truth(told[1], "lost") || truth(told[2], "held") {
		t.Errorf("what became of them: %v", told)
	}
	if all := parts(b.command("POST", "/_control/deliver", nil), "deliveries"); len(all) != 2 || !truth(all[0], "taken") {
		t.Errorf("delivered are %v", all)
	}
	listening.hears(t, "customer.created", 5)
}

func TestAnEndpointMadeWithoutAVersionHearsTheNewest(t *testing.T) {
	b := newBench(t)
	made := b.post("/v1/webhook_endpoints", "url", "http://127.0.0.1:1/", "enabled_events[0]", "*")
	if made["api_version"] != newestVersion {
		t.Errorf("it hears %v", made["api_version"])
	}
	if shown := b.get("/v1/webhook_endpoints/" + text(made, "id")); shown["secret"] != nil {
		t.Error("the secret is told again")
	}
}

func TestPagesOfOtherSitesDoNotCommand(t *testing.T) {
	b := newBench(t)
	if status, _ := b.commanded("POST", "/_control/events", object{"lose": 1}, http.Header{"Origin": {"https://example.com"}}); status != http.StatusForbidden {
		t.Errorf("a page's command is answered with %d", status)
	}
	defer func(key string) { b.key = key }(b.key)
	b.key = "none"
	if status, _ := b.commanded("POST", "/_control/events", object{"lose": 1}, nil); status != http.StatusUnauthorized {
		t.Errorf("a command without a key is answered with %d", status)
	}
}
