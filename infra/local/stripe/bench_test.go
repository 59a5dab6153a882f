package stripe

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// bench is one world with a caller, and a clock of its own.
type bench struct {
	t      *testing.T
	server *Server
	origin string
	key    string
	mu     sync.Mutex
	time   time.Time
	asked  map[string]bool // the routes that were called, as "POST /v1/prices", and what was complained about
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, key: "sk_test_" + newHex(12), time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), asked: map[string]bool{}}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.server.ServeHTTP(w, r) }))
	t.Cleanup(listener.Close)
	b.origin = listener.URL
	b.server = New(Config{Origin: b.origin, Now: b.now})
	t.Cleanup(b.server.Close)
	t.Cleanup(b.holdEvents)
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.time
}

// pass lets time go by, as the local cloud's clock does.
func (b *bench) pass(some time.Duration) {
	b.mu.Lock()
	b.time = b.time.Add(some)
	b.mu.Unlock()
	b.get("/v1/customers")
}

// send calls the API with fields like "items[0][price]", "price_1", and gives status and answer, both held against
// Stripe's description.
func (b *bench) send(method, path string, fields ...string) (int, object) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	address, body := b.origin+path, values.Encode()
	if method == http.MethodGet {
		address, body = address+"?"+body, ""
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.key)
	if method != http.MethodGet {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var answer any
	if err := json.Unmarshal(text, &answer); err != nil {
		b.t.Fatalf("%s %s answers no JSON: %s", method, path, text)
	}
	b.hold(method, path, values, response.StatusCode, answer)
	made, _ := whole(answer).(object)
	return response.StatusCode, made
}

func (b *bench) post(path string, fields ...string) object {
	b.t.Helper()
	return b.must(http.MethodPost, path, fields...)
}

func (b *bench) get(path string, fields ...string) object {
	b.t.Helper()
	return b.must(http.MethodGet, path, fields...)
}

func (b *bench) delete(path string, fields ...string) object {
	b.t.Helper()
	return b.must(http.MethodDelete, path, fields...)
}

func (b *bench) must(method, path string, fields ...string) object {
	b.t.Helper()
	status, answer := b.send(method, path, fields...)
	if status != http.StatusOK {
		b.t.Fatalf("%s %s %v answers %d: %v", method, path, fields, status, answer["error"])
	}
	return answer
}

// refused calls the API, which must not do as asked, and gives the error's code, else its message.
func (b *bench) refused(method, path string, fields ...string) string {
	b.t.Helper()
	status, answer := b.send(method, path, fields...)
	if status < 400 {
		b.t.Fatalf("%s %s %v is accepted: %v", method, path, fields, answer)
	}
	return textOr(answer, "error.code", text(answer, "error.message"))
}

// whole makes JSON's numbers whole ones, which objects have.
func whole(value any) any {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case object:
		for name, inner := range value {
			value[name] = whole(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = whole(inner)
		}
	}
	return value
}

// events gives the types of all events about a kind of object since a number of them, oldest first.
func (b *bench) events(prefix string) (types []string) {
	w, _ := b.server.worldOf(b.key)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, told := range w.events {
		if kind := text(told.event, "type"); strings.HasPrefix(kind, prefix) {
			types = append(types, kind)
		}
	}
	return types
}
