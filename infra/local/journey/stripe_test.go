package journey

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// disturbs skips a test that needs more of the service than its site.
func disturbs(t *testing.T) {
	t.Helper()
	if os.Getenv("JOURNEY_CONTROL") == "" {
		t.Skip("this test looks behind the service, so it starts its own: run it without JOURNEY_SITE")
	}
}

// atStripe asks Stripe's stand-in with the key of the service: with JSON under /_control, else with a form.
func atStripe(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	kind, content := "application/json", []byte(nil)
	switch body := body.(type) {
	case nil:
	case url.Values:
		kind, content = "application/x-www-form-urlencoded", []byte(body.Encode())
	default:
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, os.Getenv("JOURNEY_STRIPE")+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("JOURNEY_STRIPE_KEY"))
	request.Header.Set("Stripe-Version", "2023-10-16")
	request.Header.Set("Content-Type", kind)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s %s at the local Stripe answers %d: %s (%v)", method, path, reply.StatusCode, text, err)
	}
	return text
}

// bells says how events come from Stripe for the rest of a test.
func bells(t *testing.T, how map[string]any) {
	t.Helper()
	t.Cleanup(func() { atStripe(t, "POST", "/_control/events", map[string]any{}) })
	atStripe(t, "POST", "/_control/events", how)
}

// happening is an event at Stripe's stand-in with what became of telling it.
type happening struct {
	Event     json.RawMessage
	Delivered int
	Failed    int
	UnderWay  int `json:"under_way"`
	Held      bool
	Lost      bool
}

func happenings(t *testing.T) []happening {
	t.Helper()
	var all struct{ Events []happening }
	if err := json.Unmarshal(atStripe(t, "GET", "/_control/events", nil), &all); err != nil {
		t.Fatal(err)
	}
	return all.Events
}

// silence waits until no event is under way any more.
func silence(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		under := 0
		for _, each := range happenings(t) {
			under += each.UnderWay
		}
		if under == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events are still under way", under)
		}
	}
}

// pay fills in the form of the page behind a checkout's address, and gives where that led.
func (p *person) pay(address, card string) (at *url.URL, page string) {
	p.t.Helper()
	target := p.formOf(address)
	fields := url.Values{"card": {card}, "expiry": {"12 / 39"}, "cvc": {cvc}, "country": {"DE"}}
	return p.submit(target, fields)
}

// formOf opens a page and gives where its form leads.
func (p *person) formOf(address string) string {
	p.t.Helper()
	reply, err := p.client.Get(address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	form := action.FindSubmatch(text)
	if form == nil {
		p.t.Fatalf("%s has no form: %s", address, text)
	}
	target, err := reply.Request.URL.Parse(string(form[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return target.String()
}

func (p *person) submit(target string, fields url.Values) (at *url.URL, page string) {
	p.t.Helper()
	reply, err := p.client.PostForm(target, fields)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply.Request.URL, string(text)
}

// buys opens a checkout for a plan or a pack.
func (p *person) buys(offer string) checkout {
	p.t.Helper()
	kind := "plan"
	if strings.HasPrefix(offer, "pack-") {
		kind = "pack"
	}
	return into[checkout](p.call("POST", "/api/checkout", map[string]string{kind: offer}, "Idempotency-Key", uuid()).is(201))
}

// paid buys with a card that always pays, and gives the checkout.
func (p *person) paid(offer string) checkout {
	p.t.Helper()
	to := p.buys(offer)
	if at, page := p.pay(to.URL, goodCard); at.Path != "/checkout/return" || at.Query().Get("session_id") != to.ID {
		p.t.Fatalf("paying for %s led to %s: %s", offer, at, page)
	}
	return to
}

func (p *person) follow(id string) progress {
	p.t.Helper()
	return into[progress](p.call("GET", "/api/checkout/"+id, nil).is(200))
}

// awaitCredits follows a checkout until its credits are there.
func (p *person) awaitCredits(id string) progress {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		got := p.follow(id)
		if got.Granted {
			return got
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the credits never came: %+v", got)
		}
	}
}

func (p *person) billing() billing {
	p.t.Helper()
	return into[billing](p.call("GET", "/api/billing", nil).is(200))
}

func (p *person) account() account {
	p.t.Helper()
	return into[account](p.call("GET", "/api/account", nil).is(200))
}

// balanced reads the whole history, small page by small page, adds it up and compares it with the balance; it gives it oldest
// first.
func (p *person) balanced() []entry {
	p.t.Helper()
	var all []entry
	var lots []lot
	for path := "/api/account/credits?limit=3"; path != ""; {
		page := into[history](p.call("GET", path, nil).is(200))
		lots = page.Lots
		all = append(page.reversed(), all...)
		path = ""
		if page.NextCursor != nil {
			path = "/api/account/credits?limit=3&cursor=" + url.QueryEscape(*page.NextCursor)
		}
	}
	var sum credits
	for i, each := range all {
		sum = credits{sum.Available + each.Available, sum.Held + each.Held, sum.Owed + each.Owed}
		if each.ID != int64(i+1) || each.Reason == "" || sum != (credits{each.AvailableAfter, each.HeldAfter, each.OwedAfter}) {
			p.t.Errorf("entry %d does not explain itself, the sum so far is %+v: %+v", i+1, sum, each)
		}
	}
	if now := p.account().Credits; sum != now || p.billing().Credits != now {
		p.t.Errorf("the entries add up to %+v, but the balance is %+v", sum, now)
	}
	for _, each := range lots {
		sum.Available -= each.Credits
	}
	if sum.Available != 0 {
		p.t.Errorf("what can be spent is not what the lots have: %+v", lots)
	}
	return all
}

// reversed gives a page oldest first.
func (h history) reversed() []entry {
	var all []entry
	for i := range h.Entries {
		all = append(all, h.Entries[len(h.Entries)-1-i])
	}
	return all
}
