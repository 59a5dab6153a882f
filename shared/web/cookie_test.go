package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"
)

func hashOf(t *testing.T, cookies ...string) (hash []byte) {
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error { hash = SessionHash(r); return nil })
	b.send(ask(t, "GET", "/", func(e *event) { e.Cookies = cookies }))
	return hash
}

func TestTheSessionIsKnownByItsHash(t *testing.T) {
	token := rand.Text()
	want := sha256.Sum256([]byte(token))
	if got := hashOf(t, "theme=dark", "__Host-session="+token); !bytes.Equal(got, want[:]) {
		t.Errorf("got %x", got)
	}
}

func TestNoSessionComesFromNoneFromGarbageOrFromTwo(t *testing.T) {
	token := rand.Text()
	for name, cookies := range map[string][]string{
		"none": nil, "another": {"session=" + token}, "empty": {"__Host-session="}, "short": {"__Host-session=abc"},
		"strange": {"__Host-session=" + token + "'--"}, "long": {"__Host-session=" + strings.Repeat("a", 129)},
		"two": {"__Host-session=" + token, "__Host-session=" + rand.Text()},
	} {
		if got := hashOf(t, cookies...); got != nil {
			t.Errorf("%s: got %x", name, got)
		}
	}
}

// policy P2.4: the two cookies that functions set.
func TestCookiesAreForThisHostOverTLSOnly(t *testing.T) {
	at := time.Date(2033, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		set  func(w http.ResponseWriter)
		want string
	}{
		"a session":      {func(w http.ResponseWriter) { SetSession(w, "token", at.Add(30*24*time.Hour), at) }, "__Host-session=token; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"},
		"its end":        {EndSession, "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		"one long over":  {func(w http.ResponseWriter) { SetSession(w, "token", at, at.Add(time.Hour)) }, "__Host-session=token; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		"a sign-in":      {func(w http.ResponseWriter) { SetCookie(w, "__Host-oauth", "sealed", 10*time.Minute) }, "__Host-oauth=sealed; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"},
		"a sign-in over": {func(w http.ResponseWriter) { EndCookie(w, "__Host-oauth") }, "__Host-oauth=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
	} {
		b := story(t, func(w http.ResponseWriter, _ *http.Request) error { c.set(w); return nil })
		if a := b.send(ask(t, "GET", "/")); len(a.cookies) != 1 || a.cookies[0] != c.want {
			t.Errorf("%s: got %q", name, a.cookies)
		}
	}
}
