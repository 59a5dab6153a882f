package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const (
	origin    = "https://nanoflux.ai"
	oldSecret = "whsec_before0before0before"
	newSecret = "whsec_after00after00after0"
)

func secrets(t *testing.T) payment.Secrets {
	t.Helper()
	both, err := payment.ParseSecrets(newSecret + "," + oldSecret)
	if err != nil {
		t.Fatal(err)
	}
	return both
}

// snapshot is an event about nothing that has to be asked for, so that its answer is about the event alone.
func snapshot(kind string) map[string]any {
	return map[string]any{
		"id": "evt_1", "object": "event", "api_version": "2023-10-16", "created": 1796117400, "livemode": false, "type": kind,
		"pending_webhooks": 1, "request": map[string]any{"id": nil, "idempotency_key": nil},
		"data": map[string]any{"object": map[string]any{"id": "cus_1", "object": "customer", "deleted": true}},
	}
}

func text(t *testing.T, event any) string {
	t.Helper()
	body, err := json.MarshalIndent(event, "", "  ") // as Stripe indents them
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// sign is the scheme of https://docs.stripe.com/webhooks#verify-manually, written down once more.
func sign(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("%x", mac.Sum(nil))
}

func stamped(at time.Time, signatures ...string) string {
	header := fmt.Sprintf("t=%d", at.Unix())
	for _, signature := range signatures {
		header += "," + signature
	}
	return header
}

// watched is the function behind the real adapter, with the log lines that it writes.
func watched(t *testing.T, h webhook) (visitor.Handler, *bufio.Scanner) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { write.Close(); read.Close() })
	stdout := os.Stdout
	os.Stdout = write
	handler := web.Handler(origin, h.routes())
	os.Stdout = stdout
	return handler, bufio.NewScanner(read)
}

// told is one request, and what must come of it.
type told struct {
	body, header string
	encoded      bool
	status       int
	code, alarm  string
}

// signed is well signed, whatever else is wrong.
func signed(body string, at time.Time, status int, code, alarm string) told {
	return told{body, stamped(at, "v1="+sign(body, newSecret, at)), false, status, code, alarm}
}

func TestOnlyWhatStripeSignedJustNowIsTakenIn(t *testing.T) {
	db, stripe := people.Open(t), testbed.Stripe(t)
	handler, log := watched(t, webhook{books: billing.Books{DB: db.Cashier, Stripe: payment.Open(stripe.URL, stripe.Key)}, secrets: secrets(t)})
	at := time.Date(2033, 3, 12, 17, 3, 58, 0, time.UTC) // whatever the wall clock says
	good := text(t, snapshot("customer.deleted"))
	v1 := func(body, secret string, at time.Time) string { return "v1=" + sign(body, secret, at) }
	with := func(name string, value any) string {
		event := snapshot("customer.deleted")
		event[name] = value
		return text(t, event)
	}
	for name, c := range map[string]told{
		"the new secret":                   {good, stamped(at, v1(good, newSecret, at)), false, 204, "", ""},
		"the old secret":                   {good, stamped(at, v1(good, oldSecret, at)), false, 204, "", ""},
		"both secrets, as Stripe rolls":    {good, stamped(at, v1(good, oldSecret, at), v1(good, newSecret, at)), false, 204, "", ""},
		"a body in base64":                 {good, stamped(at, v1(good, newSecret, at)), true, 204, "", ""},
		"an older scheme beside":           {good, stamped(at, v1(good, newSecret, at), "v0="+sign(good, "x", at)), false, 204, "", ""},
		"a minute old":                     {good, stamped(at.Add(-time.Minute), v1(good, newSecret, at.Add(-time.Minute))), false, 204, "", ""},
		"six minutes old":                  {good, stamped(at.Add(-6*time.Minute), v1(good, newSecret, at.Add(-6*time.Minute))), false, 400, "invalid_signature", ""},
		"six minutes ahead":                {good, stamped(at.Add(6*time.Minute), v1(good, newSecret, at.Add(6*time.Minute))), false, 400, "invalid_signature", ""},
		"an old one with a new time added": {good, fmt.Sprintf("t=%d,%s", at.Unix(), stamped(at.Add(-time.Hour), v1(good, newSecret, at.Add(-time.Hour)))), false, 400, "invalid_signature", ""},
		"an old one, the new time behind":  {good, fmt.Sprintf("%s,t=%d", stamped(at.Add(-time.Hour), v1(good, newSecret, at.Add(-time.Hour))), at.Unix()), false, 400, "invalid_signature", ""},
		"another's secret":                 {good, stamped(at, v1(good, "whsec_another0another", at)), false, 400, "invalid_signature", ""},
		"an empty secret":                  {good, stamped(at, v1(good, "", at)), false, 400, "invalid_signature", ""},
		"an older scheme only":             {good, stamped(at, "v0="+sign(good, newSecret, at)), false, 400, "invalid_signature", ""},
		"no signature":                     {good, "", false, 400, "invalid_signature", ""},
		"nonsense":                         {good, "t=now,v1=yes", false, 400, "invalid_signature", ""},
		"a changed body":                   {strings.Replace(good, "cus_1", "cus_2", 1), stamped(at, v1(good, newSecret, at)), false, 400, "invalid_signature", ""},
		"a body that was written anew":     {strings.ReplaceAll(good, "\n", ""), stamped(at, v1(good, newSecret, at)), false, 400, "invalid_signature", ""},
		"signed for another time":          {good, stamped(at, v1(good, newSecret, at.Add(time.Second))), false, 400, "invalid_signature", ""},
		"another API version":              signed(with("api_version", "2025-03-31.basil"), at, 400, "wrong_api_version", "wrong_api_version"),
		"no API version":                   signed(with("api_version", nil), at, 400, "wrong_api_version", "wrong_api_version"),
		"a thin event": signed(text(t, map[string]any{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found", "livemode": false,
			"created": "2033-03-12T17:03:58Z", "related_object": map[string]any{"id": "cus_1", "type": "customer"}}), at, 400, "malformed_event", "malformed_event"),
		"data: null":        signed(with("data", nil), at, 400, "malformed_event", "malformed_event"),
		"no object":         signed(with("data", map[string]any{"object": nil}), at, 400, "malformed_event", "malformed_event"),
		"no JSON":           signed("so what", at, 400, "malformed_event", "malformed_event"),
		"live in test mode": signed(with("livemode", true), at, 400, "wrong_mode", "wrong_mode"),
		"an unknown type":   signed(with("type", "customer.tax_id.created"), at, 204, "", "unknown_event"),
		"too much":          signed(with("pad", strings.Repeat("x", longest)), at, 413, "body_too_large", ""),
	} {
		reply := visitor.Visitor{}.Send(t, handler, "POST", "/webhooks/stripe", visitor.At(at), func(event *events.APIGatewayV2HTTPRequest) {
			event.Headers["stripe-signature"] = c.header
			if event.Body = c.body; c.encoded {
				event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(c.body)), true
			}
		})
		if !log.Scan() {
			t.Fatal("no log line")
		}
		var line struct {
			Code   string
			Alarms []string
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if reply.Status != c.status || line.Code != c.code || strings.Join(line.Alarms, " ") != c.alarm {
			t.Errorf("%s: %d %s, code %q, alarms %v; want %d %q %q", name, reply.Status, reply.Body, line.Code, line.Alarms, c.status, c.code, c.alarm)
		}
		if strings.Contains(log.Text(), "cus_") {
			t.Errorf("%s: logged %s", name, log.Text())
		}
	}
}
