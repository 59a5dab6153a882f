package payment_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/problem"
)

// says answers everything with one error of Stripe's.
func says(status int, fields string) func(*desk, http.ResponseWriter, *http.Request) {
	return func(_ *desk, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req_1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{%s,"message":"ann@example.com sk_test_desk"}}`, fields)
	}
}

func TestEachRefusalOfStripesIsOneOfOurErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		fields string
		want   error  // nil: ours to set right, so an internal error
		code   string // of the problem
		class  logline.ErrorClass
	}{
		"missing":             {404, `"type":"invalid_request_error","code":"resource_missing","param":"id"`, payment.ErrNotFound, "", ""},
		"missing customer":    {400, `"type":"invalid_request_error","code":"resource_missing","param":"customer"`, payment.ErrNotFound, "", ""},
		"missing price":       {400, `"type":"invalid_request_error","code":"resource_missing","param":"line_items[0][price]"`, nil, "", "stripe:400:invalid_request_error:resource_missing:line_items[0][price]"},
		"unknown address":     {404, `"type":"invalid_request_error"`, nil, "", "stripe:404:invalid_request_error"},
		"wrong parameter":     {400, `"type":"invalid_request_error","code":"parameter_unknown","param":"x"`, nil, "", "stripe:400:invalid_request_error:parameter_unknown:x"},
		"wrong key":           {401, `"type":"invalid_request_error"`, nil, "", "stripe:401:invalid_request_error"},
		"key may not":         {403, `"type":"invalid_request_error"`, nil, "", "stripe:403:invalid_request_error"},
		"declined":            {402, `"type":"card_error","code":"card_declined"`, nil, "", "stripe:402:card_error:card_declined"},
		"key of another":      {400, `"type":"idempotency_error"`, payment.ErrKeyReused, "", ""},
		"key still in use":    {409, `"type":"idempotency_error","code":"idempotency_key_in_use"`, nil, "stripe_unavailable", ""},
		"too many":            {429, `"type":"invalid_request_error","code":"rate_limit"`, nil, "stripe_unavailable", ""},
		"failed":              {500, `"type":"api_error"`, nil, "stripe_unavailable", ""},
		"failed without type": {502, `"type":""`, nil, "stripe_unavailable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newDesk(t, says(c.status, c.fields)).open().CreateCustomer(context.Background(), "a", "k")
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			for _, other := range []error{payment.ErrNotFound, payment.ErrKeyReused} {
				if !errors.Is(c.want, other) && errors.Is(err, other) {
					t.Errorf("got %v", err)
				}
			}
			if told := problem.Of(err); (told == nil) != (c.code == "") || told != nil && (told.Code != c.code || told.Kind != problem.Unavailable) {
				t.Errorf("got %v, want the code %q", err, c.code)
			}
			if c.class != "" && logline.Class(err) != c.class {
				t.Errorf("logged as %s", logline.Class(err))
			}
			for _, text := range []string{"ann@", "sk_test"} {
				if strings.Contains(whole(err), text) {
					t.Errorf("%v tells %s", whole(err), text)
				}
			}
		})
	}
}

// whole is the text of an error and all its causes.
func whole(err error) string {
	text := ""
	for ; err != nil; err = errors.Unwrap(err) {
		text += err.Error() + "\n"
	}
	return text
}

func TestARefusedKeyNamesItsSetting(t *testing.T) {
	_, err := newDesk(t, says(401, `"type":"invalid_request_error"`)).open().Session(context.Background(), "cs_1")
	if err == nil || !strings.Contains(err.Error(), "STRIPE_SECRET_KEY") || !strings.Contains(err.Error(), "req_1") {
		t.Errorf("got %v", err)
	}
}

func unavailable(t *testing.T, err error) {
	t.Helper()
	if told := problem.Of(err); told == nil || told.Code != "stripe_unavailable" || strings.Contains(whole(err), "cs_1") || strings.Contains(whole(err), "ann@") {
		t.Errorf("got %v", whole(err))
	}
}

func TestWhatIsNotStripeIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*desk, http.ResponseWriter, *http.Request){
		"page":     func(_ *desk, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>ann@example.com") },
		"bad page": func(_ *desk, w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>ann@example.com", 400) },
		"nothing":  func(*desk, http.ResponseWriter, *http.Request) {},
		"elsewhere": func(_ *desk, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/ann@example.com", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, answer)
			_, err := d.open().Session(context.Background(), "cs_1")
			unavailable(t, err)
			for _, line := range d.lines() {
				if line != "GET /v1/checkout/sessions/cs_1" {
					t.Errorf("asked %q", line)
				}
			}
		})
	}
	_, err := payment.Open("http://127.0.0.1:1", "sk_test_x").Session(context.Background(), "cs_1")
	unavailable(t, err)
}

func TestAHangingStripeEndsWithTheCallersTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	d := newDesk(t, func(_ *desk, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, end := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer end()
	began := time.Now()
	_, err := d.open().Payment(ctx, "pi_1")
	unavailable(t, err)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}

	left, leave := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, leave)
	if _, err := d.open().Session(left, "cs_1"); !errors.Is(err, context.Canceled) || problem.Of(err) != nil {
		t.Errorf("got %v", err)
	}
}

// idempotent makes one object for each key, the answer of which goes wrong so many times.
func idempotent(times int, wrong func(w http.ResponseWriter)) func(*desk, http.ResponseWriter, *http.Request) {
	made := map[string]string{}
	return func(d *desk, w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		key := r.Header.Get("Idempotency-Key")
		if made[key] == "" {
			made[key] = fmt.Sprintf("cus_%d", len(made)+1)
		}
		times--
		fail := times >= 0
		d.mu.Unlock()
		if fail {
			wrong(w)
			return
		}
		fmt.Fprintf(w, `{"id":%q,"object":"customer"}`, made[key])
	}
}

func TestALostAnswerIsAskedForAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(http.ResponseWriter){
		"cut":  func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"503":  func(w http.ResponseWriter) { http.Error(w, `{"error":{"type":"api_error"}}`, 503) },
		"409":  func(w http.ResponseWriter) { http.Error(w, `{"error":{"type":"idempotency_error"}}`, 409) },
		"lock": func(w http.ResponseWriter) { http.Error(w, `{"error":{"type":"x","code":"lock_timeout"}}`, 429) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, idempotent(2, wrong))
			id, err := d.open().CreateCustomer(context.Background(), "account-1", "operation-1")
			if err != nil || id != "cus_1" {
				t.Errorf("got %s, %v", id, err)
			}
			asked := d.all()
			if len(asked) != 3 {
				t.Fatalf("asked %d times", len(asked))
			}
			for _, a := range asked {
				if a.key != "operation-1" || a.body != "metadata[account]=account-1" {
					t.Errorf("asked %q under %q", a.body, a.key)
				}
			}
		})
	}
}

// Stripe keeps the 500 with the key, so repeating it at once gains nothing: whoever asked repeats it.
func TestAFailedOrderIsLeftToItsCallerToRepeat(t *testing.T) {
	d := newDesk(t, idempotent(1, func(w http.ResponseWriter) { http.Error(w, `{"error":{"type":"api_error"}}`, 500) }))
	account := d.open()
	_, err := account.CreateCustomer(context.Background(), "account-1", "operation-1")
	unavailable(t, err)
	if id, err := account.CreateCustomer(context.Background(), "account-1", "operation-1"); err != nil || id != "cus_1" || len(d.all()) != 2 {
		t.Errorf("got %s, %v, after %d", id, err, len(d.all()))
	}
}

func TestALookUpIsRepeated(t *testing.T) {
	t.Parallel()
	d := newDesk(t, idempotent(2, func(w http.ResponseWriter) { http.Error(w, `{"error":{"type":"api_error"}}`, 500) }))
	if _, err := d.open().Session(context.Background(), "cs_1"); err != nil || len(d.all()) != 3 {
		t.Errorf("%v, after %d", err, len(d.all()))
	}
}

func TestEveryOrderHasAKeyAndSaysLittleOfUs(t *testing.T) {
	d := newDesk(t, func(_ *desk, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"id":"bpc_1","object":"list","data":[{"id":"bpc_1","metadata":{"made_by":"nanoflux"}}]}`)
	})
	account := d.open()
	for _, do := range []func() error{
		func() error { _, err := account.Portal(context.Background(), "cus_1", "https://x/"); return err },
		func() error { _, err := account.Portal(context.Background(), "cus_1", "https://x/"); return err },
		func() error { _, err := account.CreateCustomer(context.Background(), "a", "k"); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	posts := 0
	for _, a := range d.all() {
		if strings.HasPrefix(a.line, "POST") {
			posts++
			if a.key == "" {
				t.Errorf("%s has no key", a.line)
			}
		}
		if a.header.Get("Stripe-Version") != "2023-10-16" || a.header.Get("Authorization") != "Bearer sk_test_desk" || a.header.Get("X-Stripe-Client-Telemetry") != "" {
			t.Errorf("%s with %v", a.line, a.header)
		}
	}
	if posts != 3 || len(d.all()) != 4 { // the portal's configuration is looked up once
		t.Errorf("asked %q", d.lines())
	}
}

func TestWhatCannotBeAnIDIsNotAskedFor(t *testing.T) {
	d := newDesk(t, shelf(nil))
	for _, id := range []string{"", "..", "../customers", "cs_1/expire", "cs_1?x", "cs_%31", "cs 1", strings.Repeat("c", 256)} {
		if _, err := d.open().Session(context.Background(), id); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(d.all()) > 0 {
		t.Errorf("asked %q", d.lines())
	}
}

func TestAKeyTellsItsMode(t *testing.T) {
	for key, live := range map[string]bool{"sk_live_x": true, "rk_live_x": true, "sk_test_x": false, "rk_test_x": false, "live": false} {
		if payment.Open("https://api.stripe.com", key).Live() != live {
			t.Errorf("%s: %t", key, !live)
		}
	}
}
