package payment_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"nanoflux.ai/backend/shared/payment"
)

const (
	oldSecret = "whsec_0123456789abcdefOLD"
	newSecret = "whsec_0123456789abcdefNEW"
)

// at is long ago, so that whoever asks the wall clock is found out.
var at = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// told is an event as Stripe sends it.
func told(eventType, object string) string {
	return `{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1709207990,"livemode":false,"pending_webhooks":1,` +
		`"request":{"id":null,"idempotency_key":null},"type":"` + eventType + `","data":{"object":` + object + `}}`
}

const refunded = `{"id":"ch_1","object":"charge","payment_intent":"pi_1","refunded":true}`

func sign(body, secret, scheme string, when time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(body), Secret: secret, Scheme: scheme, Timestamp: when,
	}).Header
}

func secrets(t *testing.T, text string) payment.Secrets {
	t.Helper()
	all, err := payment.ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOnlyStripesOwnEventsOfNowPass(t *testing.T) {
	good := told("charge.refunded", refunded)
	header := sign(good, newSecret, "", at)
	signed := func(body string) string { return sign(body, newSecret, "", at) }
	later := func(d time.Duration) string { return sign(good, newSecret, "", at.Add(d)) }
	decoded, err := base64.StdEncoding.DecodeString(base64.StdEncoding.EncodeToString([]byte(good)))
	if err != nil {
		t.Fatal(err)
	}
	versioned := func(version string) string {
		return strings.Replace(good, `"2023-10-16"`, version, 1)
	}
	thin := `{"id":"evt_test_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":false,` +
		`"created":"2024-02-29T12:00:00.000Z","related_object":{"id":"mtr_1","type":"billing.meter"}}`
	dataless := strings.Replace(good, `{"object":`+refunded+`}`, "null", 1)
	large := strings.Replace(good, `"refunded":true`, `"description":"`+strings.Repeat("x", 512<<10-len(good))+`"`, 1)
	cases := []struct {
		name, body, header, secrets string
		want                        error
	}{
		{"good", good, header, newSecret, nil},
		{"good, after base64", string(decoded), header, newSecret, nil},
		{"half a megabyte", large, signed(large), newSecret, nil},
		{"another's secret", good, sign(good, "whsec_anotherone0123456789", "", at), newSecret, payment.ErrSignature},
		{"an empty secret", good, sign(good, "", "", at), newSecret, payment.ErrSignature},
		{"no header", good, "", newSecret, payment.ErrSignature},
		{"header cut at the comma", good, strings.Split(header, ",")[0], newSecret, payment.ErrSignature},
		{"header without a time", good, strings.Split(header, ",")[1], newSecret, payment.ErrSignature},
		{"tampered body", strings.Replace(good, "pi_1", "pi_2", 1), header, newSecret, payment.ErrSignature},
		{"encoded anew", strings.Replace(good, ",", ", ", 1), header, newSecret, payment.ErrSignature},
		{"five minutes old", good, later(-5 * time.Minute), newSecret, nil},
		{"six minutes old", good, later(-6 * time.Minute), newSecret, payment.ErrSignature},
		{"five minutes ahead", good, later(5 * time.Minute), newSecret, nil},
		{"six minutes ahead", good, later(6 * time.Minute), newSecret, payment.ErrSignature},
		{"the end of time", good, sign(good, newSecret, "", time.Unix(1<<62, 0)), newSecret, payment.ErrSignature},
		{"two times, the last right", good, "t=1," + header, newSecret, payment.ErrSignature},
		{"the same time twice", good, strings.Split(header, ",")[0] + "," + header, newSecret, payment.ErrSignature},
		{"two secrets, the old one's", good, sign(good, oldSecret, "", at), newSecret + "," + oldSecret, nil},
		{"two secrets, the new one's", good, header, newSecret + "," + oldSecret, nil},
		{"two signatures, the second right", good, strings.Replace(header, ",v1=", ",v1=00ff,v1=", 1), newSecret, nil},
		{"v0 only", good, sign(good, newSecret, "v0", at), newSecret, payment.ErrSignature},
		{"v0 beside v1", good, header + ",v0=00ff", newSecret, nil},
		{"another version", versioned(`"2025-03-31.basil"`), signed(versioned(`"2025-03-31.basil"`)), newSecret, payment.ErrVersion},
		{"no version", versioned("null"), signed(versioned("null")), newSecret, payment.ErrVersion},
		{"thin event", thin, signed(thin), newSecret, payment.ErrShape},
		{"data null", dataless, signed(dataless), newSecret, payment.ErrShape},
		{"object null", told("charge.refunded", "null"), signed(told("charge.refunded", "null")), newSecret, payment.ErrShape},
		{"object empty", told("charge.refunded", "{}"), signed(told("charge.refunded", "{}")), newSecret, payment.ErrShape},
		{"object an id", told("charge.refunded", `"ch_1"`), signed(told("charge.refunded", `"ch_1"`)), newSecret, payment.ErrShape},
		{"not an object", "[]", signed("[]"), newSecret, payment.ErrShape},
		{"not JSON", "x", signed("x"), newSecret, payment.ErrShape},
		{"nothing", "", signed(""), newSecret, payment.ErrShape},
		{"another type", told("balance.available", `{"object":"balance","mode":1}`), signed(told("balance.available", `{"object":"balance","mode":1}`)), newSecret, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			event, err := payment.Verify([]byte(c.body), c.header, secrets(t, c.secrets), at)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if (err == nil) != (event.ID == "evt_1") || err != nil && event != (payment.Event{}) {
				t.Errorf("got %+v", event)
			}
		})
	}
}

func TestWithoutASecretNothingPasses(t *testing.T) {
	body := told("charge.refunded", refunded)
	if _, err := payment.Verify([]byte(body), sign(body, "", "", at), payment.Secrets{}, at); !errors.Is(err, payment.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func TestAnEventTellsItsMode(t *testing.T) {
	for _, live := range []bool{false, true} {
		body := strings.Replace(told("charge.refunded", refunded), `"livemode":false`, fmt.Sprintf(`"livemode":%t`, live), 1)
		event, err := payment.Verify([]byte(body), sign(body, newSecret, "", at), secrets(t, newSecret), at)
		if err != nil || event.Live != live {
			t.Errorf("got %+v, %v", event, err)
		}
	}
}

// payment_intent may come whole where an endpoint's events are expanded by hand, as in tests of Stripe's own tools.
func TestAnEventSaysWhatToLookAt(t *testing.T) {
	subject := func(kind, id string) payment.Subject { return payment.Subject{Kind: kind, ID: id} }
	paid, nothing := subject(payment.SubjectPayment, "pi_1"), payment.Subject{}
	plan := subject(payment.SubjectSubscription, "sub_1")
	cases := []struct {
		eventType, object string
		want              payment.Subject
	}{
		{"checkout.session.completed", `{"id":"cs_1","mode":"payment","payment_intent":"pi_1","subscription":null}`, paid},
		{"checkout.session.completed", `{"id":"cs_1","mode":"payment","payment_intent":{"id":"pi_1","object":"payment_intent"}}`, paid},
		{"checkout.session.completed", `{"id":"cs_1","mode":"payment","payment_intent":null}`, nothing},
		{"checkout.session.completed", `{"id":"cs_1","mode":"subscription","payment_intent":null,"subscription":"sub_1"}`, plan},
		{"checkout.session.completed", `{"id":"cs_1","mode":"setup","payment_intent":null,"subscription":null}`, nothing},
		{"checkout.session.async_payment_succeeded", `{"id":"cs_1","mode":"payment","payment_intent":"pi_1"}`, paid},
		{"checkout.session.async_payment_failed", `{"id":"cs_1","mode":"payment","payment_intent":"pi_1"}`, paid},
		{"customer.subscription.created", `{"id":"sub_1"}`, plan},
		{"customer.subscription.updated", `{"id":"sub_1"}`, plan},
		{"customer.subscription.deleted", `{"id":"sub_1"}`, plan},
		{"customer.subscription.paused", `{"id":"sub_1"}`, plan},
		{"customer.subscription.resumed", `{"id":"sub_1"}`, plan},
		{"invoice.paid", `{"id":"in_1","payment_intent":"pi_1","subscription":"sub_1"}`, paid},
		{"invoice.paid", `{"id":"in_1","payment_intent":null,"subscription":"sub_1"}`, subject(payment.SubjectInvoice, "in_1")},
		{"invoice.payment_failed", `{"id":"in_1","payment_intent":"pi_1"}`, paid},
		{"invoice.payment_action_required", `{"id":"in_1","payment_intent":"pi_1"}`, paid},
		{"invoice.voided", `{"id":"in_1","payment_intent":"pi_1"}`, paid},
		{"invoice.marked_uncollectible", `{"id":"in_1"}`, subject(payment.SubjectInvoice, "in_1")},
		{"charge.refunded", refunded, paid},
		{"charge.refunded", `{"id":"ch_1","payment_intent":null}`, nothing},
		{"charge.refund.updated", `{"id":"re_1","payment_intent":"pi_1"}`, paid},
		{"charge.dispute.created", `{"id":"dp_1","payment_intent":"pi_1"}`, paid},
		{"charge.dispute.updated", `{"id":"dp_1","payment_intent":"pi_1"}`, paid},
		{"charge.dispute.closed", `{"id":"dp_1","payment_intent":"pi_1"}`, paid},
		{"charge.dispute.funds_withdrawn", `{"id":"dp_1","payment_intent":"pi_1"}`, paid},
		{"charge.dispute.funds_reinstated", `{"id":"dp_1","payment_intent":"pi_1"}`, paid},
		{"radar.early_fraud_warning.created", `{"id":"issfr_1","payment_intent":"pi_1"}`, paid},
		{"radar.early_fraud_warning.updated", `{"id":"issfr_1","payment_intent":"pi_1"}`, paid},
		{"customer.deleted", `{"id":"cus_1","subscription":null}`, subject(payment.SubjectCustomer, "cus_1")},
		{"customer.updated", `{"id":"cus_1"}`, nothing},
	}
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.eventType] = true
		body := []byte(told(c.eventType, c.object))
		event, err := payment.Verify(body, sign(string(body), newSecret, "", at), secrets(t, newSecret), at)
		if err != nil || event.About != c.want || event.Type != c.eventType || !event.At.Equal(at.Add(-10*time.Second)) {
			t.Errorf("%s of %s: got %+v, %v, want %v", c.eventType, c.object, event, err, c.want)
		}
	}
	for _, eventType := range payment.EventTypes() {
		if !seen[eventType] {
			t.Errorf("nothing is tried with %s", eventType)
		}
	}
}

func TestSecretsAreRealOnes(t *testing.T) {
	for _, good := range []string{newSecret, newSecret + "," + oldSecret, newSecret + ", " + oldSecret} {
		if _, err := payment.ParseSecrets(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ",", "whsec_", "whsec_short", "sk_test_0123456789abcdef", newSecret + ",", "," + newSecret,
		newSecret + "," + oldSecret + "," + newSecret, "x" + newSecret, newSecret + "\n" + oldSecret, newSecret + "!"} {
		if _, err := payment.ParseSecrets(bad); err == nil || len(bad) > len("whsec_") && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzVerifyNeverPanics(f *testing.F) {
	f.Add([]byte(told("charge.refunded", refunded)))
	f.Add([]byte(told("checkout.session.completed", `{"id":"cs_1","mode":"payment","payment_intent":{"id":7}}`)))
	f.Add([]byte(`{"object":"event","id":"e","type":"invoice.paid","api_version":"2023-10-16","data":{}}`))
	all, err := payment.ParseSecrets(newSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := payment.Verify(body, sign(string(body), newSecret, "", at), all, at)
		if err == nil && (event.ID == "" || !bytes.Contains(body, []byte(`"2023-10-16"`)) && !bytes.Contains(body, []byte(`\u`))) {
			t.Errorf("%s passed as %+v", body, event)
		}
	})
}
