package cdn

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryEdgeAndWeSignAlike(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../infra/cdn/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name      string
		Key       string `json:"key_base64"`
		ObjectKey string `json:"object_key"`
		Expiry    string `json:"exp"`
		Signature string `json:"sig"`
		URL       string
		Valid     bool
	}
	if err := json.Unmarshal(file, &vectors); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, v := range vectors {
		key, err := base64.StdEncoding.DecodeString(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Valid {
			continue // what an edge must refuse, we never write
		}
		if got := signature(key, v.ObjectKey, v.Expiry); got != v.Signature {
			t.Errorf("%s: %s, want %s", v.Name, got, v.Signature)
		}
		if NewLinks("", key).link(v.ObjectKey, v.Expiry) == v.URL {
			whole++
		}
	}
	if whole < 2 {
		t.Errorf("of %d vectors only %d are links as we write them", len(vectors), whole)
	}
}

func TestLinksOfOneQuarterAreEqualAndLastAnHour(t *testing.T) {
	t.Parallel()
	links := NewLinks("https://cdn.example.com/", []byte("key"))
	quarter := time.Date(2026, 3, 1, 12, 15, 0, 0, time.UTC)
	first, last := quarter, quarter.Add(15*time.Minute-time.Nanosecond)
	if a, b := links.Link("p/a.png", first), links.Link("p/a.png", last); a != b {
		t.Errorf("%s differs from %s", a, b)
	}
	if a, b := links.Link("p/a.png", last), links.Link("p/a.png", last.Add(time.Nanosecond)); a == b {
		t.Error("the next quarter's link is the same")
	}
	if links.Link("p/a.png", first) == links.Link("p/b.png", first) || !strings.HasPrefix(links.Link("p/a.png", first), "https://cdn.example.com/p/a.png?exp=") {
		t.Error(links.Link("p/a.png", first))
	}
	for second := range 3600 {
		at := quarter.Add(time.Duration(second) * time.Second)
		if left := Until(at).Sub(at); left <= time.Hour || left > 75*time.Minute {
			t.Fatalf("a link made at %s lasts %s", at, left)
		}
	}
}

// edge answers purges with what it is told and keeps what it was asked.
type edge struct {
	purged  [][]string
	refused int // the request, counted from 1, that fails
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Files []string }
	err := json.NewDecoder(r.Body).Decode(&asked)
	e.purged = append(e.purged, asked.Files)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer token" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
	}
	// Cloudflare says 200 to a request that it did not carry out.
	fmt.Fprintf(w, `{"success": %t, "errors": [{"code": 1094, "message": "p/key"}]}`, len(e.purged) != e.refused)
}

func keys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("p/%d.png", i))
	}
	return keys
}

func TestAPurgeNamesEveryKeyInRequestsOfAHundred(t *testing.T) {
	t.Parallel()
	for n, wanted := range map[int][]int{0: nil, 1: {1}, 100: {100}, 101: {100, 1}, 200: {100, 100}} {
		var e edge
		server := httptest.NewServer(&e)
		if err := NewPurger("https://cdn.example.com/", server.URL, "token").Purge(context.Background(), keys(n)...); err != nil {
			t.Error(err)
		}
		server.Close()
		var sizes []int
		for _, files := range e.purged {
			sizes = append(sizes, len(files))
		}
		all := slices.Concat(e.purged...)
		for i, key := range keys(n) {
			if all[i] != "https://cdn.example.com/"+key {
				t.Errorf("%d: %s", i, all[i])
			}
		}
		if !slices.Equal(sizes, wanted) {
			t.Errorf("%d keys went in requests of %v, want %v", n, sizes, wanted)
		}
	}
}

func TestAPurgeThatWasNotCarriedOutIsAnErrorWithoutKeys(t *testing.T) {
	t.Parallel()
	hung := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that its client went
		<-r.Context().Done()
	}
	for what, handler := range map[string]http.Handler{
		"the first request is refused":   &edge{refused: 1},
		"the second one is":              &edge{refused: 2},
		"a page instead of an answer":    http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>p/0.png") }),
		"an empty answer":                http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"too many requests":              http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"success":true}`, 429) }),
		"another address":                http.NotFoundHandler(),
		"the connection breaks":          http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"it hangs (until the deadline)":  http.HandlerFunc(hung),
		"another token (the edge's 400)": http.HandlerFunc((&edge{}).withOtherToken),
	} {
		server := httptest.NewServer(handler)
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		err := NewPurger("https://cdn.example.com", server.URL, "token").Purge(ctx, keys(101)...)
		cancel()
		server.Close()
		if err == nil || strings.Contains(err.Error(), "p/") || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", what, err)
		}
		if strings.HasPrefix(what, "it hangs") && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func (e *edge) withOtherToken(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("Authorization", "Bearer other")
	e.ServeHTTP(w, r)
}

func TestAPurgeGivesUpWithoutADeadlineOfItsCaller(t *testing.T) {
	t.Parallel()
	if p := NewPurger("x", "y", "z"); p.client.Timeout == 0 || p.client.Timeout > 10*time.Second {
		t.Errorf("it waits %s", p.client.Timeout)
	}
}

func TestAPurgeByPrefixNamesHostAndPathWithoutAScheme(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, _ := io.ReadAll(r.Body)
		body = string(read)
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	defer server.Close()
	if err := NewPurger("https://cdn.example.com/", server.URL, "token").PurgeUnder(context.Background(), "abc/"); err != nil {
		t.Fatal(err)
	}
	if body != `{"prefixes":["cdn.example.com/abc/"]}` {
		t.Errorf("asked %s", body)
	}
}
