package payment_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"nanoflux.ai/backend/shared/payment"
)

// desk answers as it is told and keeps what it was asked; for what a well-behaved Stripe never does, and for its wide shapes.
type desk struct {
	*httptest.Server
	answer func(d *desk, w http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	asked []asked
}

type asked struct {
	line, body, key string
	header          http.Header
}

func newDesk(t *testing.T, answer func(d *desk, w http.ResponseWriter, r *http.Request)) *desk {
	t.Helper()
	d := &desk{answer: answer}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.mu.Lock()
		d.asked = append(d.asked, asked{lineOf(r), string(body), r.Header.Get("Idempotency-Key"), r.Header})
		d.mu.Unlock()
		d.answer(d, w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// lineOf is a request in one line, its query readable and in order.
func lineOf(r *http.Request) string {
	text, query := r.Method+" "+r.URL.Path, r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			text += " " + name + "=" + value
		}
	}
	return text
}

// shelf answers each line with its text; what is not on it is missing as Stripe says so.
func shelf(texts map[string]string) func(*desk, http.ResponseWriter, *http.Request) {
	return func(_ *desk, w http.ResponseWriter, r *http.Request) {
		if text, found := texts[lineOf(r)]; found {
			io.WriteString(w, text)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"id","message":"No such thing: '`+r.URL.Path+`'"}}`)
	}
}

func (d *desk) open() *payment.Stripe { return payment.Open(d.URL, "sk_test_desk") }

func (d *desk) lines() (lines []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.asked {
		lines = append(lines, a.line)
	}
	slices.Sort(lines)
	return lines
}

func (d *desk) all() []asked {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}
