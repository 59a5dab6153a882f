package journey

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMoneyBecomesCreditsEachOfWhichIsExplained(t *testing.T) {
	disturbs(t)
	p := newcomer(t)
	free := p.account().Credits.Available
	offers := into[catalogue](stranger(t).call("GET", "/api/plans", nil).is(200))
	pack := offers.Packs[0]
	if len(offers.Plans) != 3 || len(offers.Packs) != 3 || offers.Plans[0].Credits != free {
		t.Fatalf("the offers are %+v", offers)
	}
	p.call("POST", "/api/billing-portal", map[string]any{}).refuses(409, "no_customer")

	key, order := uuid(), map[string]string{"pack": pack.ID}
	to := into[checkout](p.call("POST", "/api/checkout", order, "Idempotency-Key", key).is(201))
	again := into[checkout](p.call("POST", "/api/checkout", order, "Idempotency-Key", key).is(201))
	if to.Kind != "checkout" || again != to {
		t.Fatalf("the order leads to %+v, repeated to %+v", to, again)
	}
	if got := p.follow(to.ID); got != (progress{to.ID, "open", pack.ID, pack.Credits, false}) {
		t.Errorf("before it is paid: %+v", got)
	}
	newcomer(t).call("GET", "/api/checkout/"+to.ID, nil).refuses(404, "checkout_not_found")

	if _, page := p.pay(to.URL, declinedCard); !strings.Contains(page, "Your card was declined.") {
		t.Errorf("a declined card is answered %s", page)
	}
	if got := p.follow(to.ID); got.Status != "open" {
		t.Errorf("after a declined card: %+v", got)
	}
	if at, _ := p.pay(to.URL, goodCard); at.Path != "/checkout/return" || at.Query().Get("session_id") != to.ID {
		t.Errorf("paying led to %s", at)
	}
	if got := p.awaitCredits(to.ID); got != (progress{to.ID, "paid", pack.ID, pack.Credits, true}) {
		t.Errorf("with its credits: %+v", got)
	}

	shown := p.billing()
	if shown.Plan.ID != "free" || shown.Credits.Available != free+pack.Credits || len(shown.Payments) != 1 {
		t.Fatalf("billing shows %+v", shown)
	}
	if bought := shown.Payments[0]; bought.Kind != "pack" || *bought.Offer != pack.ID || bought.Amount != pack.Amount || bought.Status != "paid" {
		t.Errorf("the payment is %+v", bought)
	}
	drawing := into[generation](p.call("POST", "/api/generations", map[string]any{"tool": "text-to-image", "prompt": "A coin"}, "Idempotency-Key", uuid()).is(202))
	p.await(drawing.ID)
	if kinds := kindsOf(p.balanced()); !slices.Equal(kinds, []string{"grant free", "grant pack", "hold order", "settle order"}) {
		t.Errorf("the history is %v", kinds)
	}
}

// kindsOf gives each entry's kind and source.
func kindsOf(entries []entry) (kinds []string) {
	for _, each := range entries {
		kinds = append(kinds, each.Kind+" "+each.Source)
	}
	return kinds
}

func TestMoneyWhoseBellsAreLostIsFoundByTheDailyComparison(t *testing.T) {
	disturbs(t)
	p := newcomer(t)
	silence(t)
	bells(t, map[string]any{"lose": 1})
	pack, plan := p.paid("pack-1000"), p.paid("plus-monthly")
	time.Sleep(2 * time.Second)
	for _, bought := range []checkout{pack, plan} {
		if got := p.follow(bought.ID); got.Status != "paid" || got.Granted {
			t.Fatalf("without a bell: %+v", got)
		}
	}
	if again := p.buys("pro-monthly"); again.Kind != "portal" {
		t.Errorf("a second plan, which our books know nothing of yet, leads to %+v", again)
	}

	repaired := reconcile(t, 1)
	if repaired["sessions"] < 1 || repaired["invoices"]+repaired["subscriptions"] < 1 {
		t.Errorf("what was repaired is %v", repaired)
	}
	for _, bought := range []checkout{pack, plan} {
		if got := p.follow(bought.ID); !got.Granted {
			t.Errorf("after the comparison: %+v", got)
		}
	}
	shown := p.billing()
	if shown.Plan.ID != "plus" || shown.Plan.Status != "active" || shown.Credits.Available != 50+1000+500 || len(shown.Payments) != 2 {
		t.Errorf("after the comparison billing shows %+v", shown)
	}
	before := p.balanced()

	atStripe(t, "POST", "/_control/deliver", nil) // the lost ones come after all
	if again := reconcile(t, 2); len(again) != 0 {
		t.Errorf("a second comparison repaired %v", again)
	}
	if after := p.balanced(); len(after) != len(before) {
		t.Errorf("what came late changed something: %v", kindsOf(after))
	}
	if n := ask[int](t, `select count(*) from app.unbalanced_books()`); n != 0 {
		t.Errorf("the books of %d accounts do not balance", n)
	}
}

// reconcile compares the books with Stripe's as if it were some days later: once a day is compared, it is over.
func reconcile(t *testing.T, days int) map[string]int {
	t.Helper()
	at := time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339)
	var answer struct {
		Payload struct {
			Finished bool
			Repaired map[string]int
			Alarms   []string
		}
	}
	said := control(t, "/fire", fmt.Sprintf(`{"name": "reconcile-stripe", "at": %q}`, at))
	if err := json.Unmarshal(said, &answer); err != nil || !answer.Payload.Finished || len(answer.Payload.Alarms) > 0 {
		t.Fatalf("the comparison answers %s (%v)", said, err)
	}
	return answer.Payload.Repaired
}

func TestMoneyIsCountedOnceHoweverOftenAndInWhateverOrderBellsRing(t *testing.T) {
	disturbs(t)
	p := newcomer(t)
	bells(t, map[string]any{"duplicate": 4, "delay_ms": 100, "reorder": true})
	begun := len(happenings(t))
	first, second, plan := p.paid("pack-200"), p.paid("pack-200"), p.paid("plus-yearly")
	for _, bought := range []checkout{first, second, plan} {
		p.awaitCredits(bought.ID)
	}
	silence(t)
	told := 0
	for _, each := range happenings(t)[begun:] {
		told += each.Delivered
	}
	if told < 25 {
		t.Errorf("the events were told %d times only, so this shows nothing", told)
	}
	entries := p.balanced()
	kinds := kindsOf(entries)
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"grant free", "grant pack", "grant pack", "grant plan"}) {
		t.Errorf("the history is %v", kinds)
	}
	if now := p.account().Credits; now != (credits{Available: 50 + 200 + 200 + 6000}) {
		t.Errorf("the credits are %+v", now)
	}
	if n := ask[int](t, `select count(*) from app.unbalanced_books()`); n != 0 {
		t.Errorf("the books of %d accounts do not balance", n)
	}
}

func TestMoneyThatGoesBackTakesItsCreditsAlong(t *testing.T) {
	disturbs(t)
	p := newcomer(t)
	p.awaitCredits(p.paid("pack-200").ID)
	payment := p.billing().Payments[0].ID
	spend(t, p.account().ID, 240)
	atStripe(t, "POST", "/v1/refunds", url.Values{"payment_intent": {payment}})
	p.becomes(credits{Owed: 190})
	if shown := p.billing().Payments[0]; shown.Status != "refunded" || shown.Refunded != 500 {
		t.Errorf("the payment is shown as %+v", shown)
	}
	order := map[string]any{"tool": "text-to-image", "prompt": "A coin"}
	p.call("POST", "/api/generations", order, "Idempotency-Key", uuid()).refuses(402, "credits_owed")
	p.awaitCredits(p.paid("pack-1000").ID)
	p.becomes(credits{Available: 810})
	p.balanced()
}

// spend takes credits as an order does.
func spend(t *testing.T, account string, amount int64) {
	t.Helper()
	hold := uuid()
	ask[int64](t, `select app.hold_credits($1, $2, $3, $4)`, account, hold, amount, time.Now())
	if !ask[bool](t, `select app.settle_hold($1, $2)`, hold, time.Now()) {
		t.Fatal("the hold could not be settled")
	}
}

// becomes waits until the credits are these.
func (p *person) becomes(want credits) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		now := p.account().Credits
		if now == want {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the credits never became %+v: %+v", want, now)
		}
	}
}
