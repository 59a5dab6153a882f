package stripe

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// withCard fills the form of a page with a card.
func withCard(number string) []string {
	return []string{"card", number, "expiry", "12/36", "cvc", "123", "country", "US"}
}

func TestADeclineIsToldInWordsAndCanBeTriedAgain(t *testing.T) {
	b := newBench(t)
	_, session := b.offered()
	for number, words := range map[string]string{
		"4000000000000002": "Your card was declined.",
		"4000000000009995": "Your card has insufficient funds.",
		"4242424242424241": "Your card number is invalid.",
	} {
		status, page := b.visit("POST", session.URL, withCard(number)...)
		if status != http.StatusPaymentRequired || !strings.Contains(page, `role="alert"`) || !strings.Contains(page, words) {
			t.Errorf("%s is answered with %d: %s", number, status, page)
		}
	}
	b.visit("POST", session.URL, withCard("4242424242424242")...)
	intents := parts(b.get("/v1/payment_intents"), "data")
	if len(intents) != 1 || intents[0]["status"] != "succeeded" {
		t.Errorf("the tries leave %v", intents)
	}
	if failed := b.events("payment_intent.payment_failed"); len(failed) != 2 {
		t.Errorf("%d failures are told", len(failed))
	}
}

func TestABankThatAsksFirstIsAnsweredOnAPageOfItsOwn(t *testing.T) {
	for outcome, paid := range map[string]string{"complete": "paid", "fail": "unpaid"} {
		b := newBench(t)
		_, session := b.offered()
		_, page := b.visit("POST", session.URL, withCard("4000002500003155")...)
		b.shows(page, "Complete authentication", `id="fail"`)
		if status := text(b.get("/v1/checkout/sessions/"+session.ID, "expand[]", "payment_intent"), "payment_intent.status"); status != "requires_action" {
			t.Errorf("before the answer the intent is %s", status)
		}
		_, page = b.visit("POST", b.origin+"/c/confirm/"+session.ID, "outcome", outcome)
		if failed := strings.Contains(page, "unable to authenticate"); failed != (outcome == "fail") {
			t.Errorf("%s shows %s", outcome, page)
		}
		if status := text(b.get("/v1/checkout/sessions/"+session.ID), "payment_status"); status != paid {
			t.Errorf("after %s the session is %s", outcome, status)
		}
	}
}

func TestNoCardNumberOutlivesItsPayment(t *testing.T) {
	b := newBench(t)
	_, session := b.offered()
	b.visit("POST", session.URL, withCard("4000000000000002")...)
	_, page := b.visit("POST", session.URL, append(withCard("4000002500003155"), "cvc", "987")...)
	var saved bytes.Buffer
	if err := b.server.Save(&saved); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"4000000000000002", "4000002500003155", `"987"`} {
		if strings.Contains(saved.String()+page, number) {
			t.Errorf("%s is kept", number)
		}
	}
	if !strings.Contains(saved.String(), `"last4": "3155"`) {
		t.Error("the last digits are not kept, by which a buyer knows the card")
	}
}

func TestMoneyFromABankAccountArrivesLaterOrNever(t *testing.T) {
	for arrived, after := range map[bool]string{true: "paid", false: "unpaid"} {
		b := newBench(t)
		_, session := b.offered()
		b.visit("POST", session.URL, "method", "bank", "country", "US")
		path := "/v1/checkout/sessions/" + session.ID
		now := b.get(path, "expand[]", "payment_intent.latest_charge")
		if now["status"] != "complete" || now["payment_status"] != "unpaid" || text(now, "payment_intent.status") != "processing" {
			t.Errorf("on its way the session is %v", now)
		}
		b.command("POST", "/_control/settle", object{"session": session.ID, "arrived": arrived})
		if now := b.get(path, "expand[]", "payment_intent.latest_charge"); now["payment_status"] != after {
			t.Errorf("arrived %v: the session is %v", arrived, now["payment_status"])
		}
		kinds := b.events("checkout.session.")
		if want := map[bool]string{true: "checkout.session.async_payment_succeeded", false: "checkout.session.async_payment_failed"}[arrived]; !slices.Contains(kinds, want) {
			t.Errorf("arrived %v tells %v", arrived, kinds)
		}
	}
}

func TestASessionThatNobodyPaidExpires(t *testing.T) {
	b := newBench(t)
	_, session := b.offered()
	b.pass(24*time.Hour + time.Minute)
	if status := text(b.get("/v1/checkout/sessions/"+session.ID), "status"); status != "expired" {
		t.Errorf("after a day the session is %s", status)
	}
	status, page := b.visit("POST", session.URL, withCard("4242424242424242")...)
	if status != http.StatusGone || !strings.Contains(page, "Nothing was paid") {
		t.Errorf("its page answers %d: %s", status, page)
	}
}
