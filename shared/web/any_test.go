package web

import (
	"encoding/json"
	"net/http"
	"testing"
	"unicode/utf8"
)

// FuzzNoRequestIsOurFault sends whatever strangers may send: the function neither fails nor answers 5xx, and its line stays whole.
func FuzzNoRequestIsOurFault(f *testing.F) {
	f.Add("GET", "/things", "limit=3", "user-agent", "curl/8.5.0", "", "a=b", false)
	f.Add("POST", "/things/%2F", "a=%zz;b", "content-type", "application/json", `{"tool":1}`, "__Host-session=x", true)
	f.Add("ge t", "//a/../%", "#?&=", "X-GoLambdaProxy-ApiGw-Context", "{}", "\xff\x00", ";;=,", false)
	f.Add("", "", "", "", "", "", "", true)
	f.Fuzz(func(t *testing.T, method, path, query, name, value, body, cookie string, inBase64 bool) {
		b := newBench(t, Routes{
			"GET /things":       func(w http.ResponseWriter, r *http.Request) error { _, err := Query(r, "limit"); return err },
			"POST /things/{id}": func(_ http.ResponseWriter, r *http.Request) error { SessionHash(r); return Read(r, new(order)) },
		})
		a := b.send(ask(t, method, path, header(name, value), func(e *event) {
			e.RawQueryString, e.Body, e.IsBase64Encoded, e.Cookies = query, body, inBase64, []string{cookie}
		}))
		if a.status < 200 || a.status >= 500 || !json.Valid(b.logs.Bytes()) || !utf8.ValidString(a.body) {
			t.Errorf("answered %d %q and logged %s", a.status, a.body, b.logs.String())
		}
	})
}
