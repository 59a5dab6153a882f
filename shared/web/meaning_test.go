package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestStoriesMeanTheSameAsUnderNetHTTP tells the same stories through a net/http server and through the adapter.
func TestStoriesMeanTheSameAsUnderNetHTTP(t *testing.T) {
	stories := map[string]func(w http.ResponseWriter, r *http.Request){
		"nothing":    func(http.ResponseWriter, *http.Request) {},
		"text":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") },
		"two writes": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hel"); fmt.Fprint(w, "lo") },
		"a page":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><p>hello") },
		"a status":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); fmt.Fprint(w, "made") },
		"two statuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(202)
			fmt.Fprint(w, "a")
			w.WriteHeader(500)
		},
		"a status too late": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a"); w.WriteHeader(404) },
		"a header too late": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); w.Header().Set("X-Story", "late") },
		"an empty value":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Story", ""); fmt.Fprint(w, "a") },
		"no content":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); fmt.Fprint(w, "a") },
		"not modified":      func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Etag", `"1"`); w.WriteHeader(304) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/library?a=b&c", http.StatusSeeOther)
		},
		"several values": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-Story"] = []string{"a", "b"}
			fmt.Fprint(w, "a")
		},
		"bytes":              func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 1, 2}) },
		"an early hint":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(201) },
		"cookie after write": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a"); EndSession(w) },
		"the request": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %q %q %s", r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("X-List"), body)
		},
	}
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(tell))
			defer server.Close()
			request, _ := http.NewRequest("POST", server.URL+"/a%20b/c?d=e&d=f%20g", strings.NewReader("body"))
			request.Header.Set("X-List", "a,b, c")
			client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			want, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Body.Close()
			body, _ := io.ReadAll(want.Body)

			b := story(t, func(w http.ResponseWriter, r *http.Request) error { tell(w, r); return nil })
			got := b.send(ask(t, "POST", "/a%20b/c", query("d=e&d=f%20g"), header("x-list", "a,b, c"), func(e *event) { e.Body = "body" }))
			if got.status != want.StatusCode || got.body != string(body) {
				t.Errorf("got %d %q, net/http says %d %q", got.status, got.body, want.StatusCode, body)
			}
			for _, name := range []string{"Content-Type", "X-Story", "Location", "Etag"} {
				if got, want := got.header.Get(name), strings.Join(want.Header.Values(name), ","); got != want {
					t.Errorf("%s is %q, net/http says %q", name, got, want)
				}
			}
			if want := want.Header.Values("Set-Cookie"); !slices.Equal(got.cookies, want) && len(got.cookies)+len(want) > 0 {
				t.Errorf("cookies %q, net/http says %q", got.cookies, want)
			}
		})
	}
}
