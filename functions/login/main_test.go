package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

func open(t *testing.T, issuer string) (visitor.Handler, seal.Key) {
	t.Parallel()
	cookie, err := seal.NewKey(visitor.Secret())
	if err != nil {
		t.Fatal(err)
	}
	return web.Handler(origin, login{google.New(issuer, "local", "secret", origin+"/login/callback"), cookie}.routes()), cookie
}

// begin signs in with next and returns where the browser is sent, beside the attempt in the cookie.
func begin(t *testing.T, handler visitor.Handler, cookie seal.Key, query string) (url.Values, google.Attempt) {
	t.Helper()
	reply := visitor.Visitor{}.Send(t, handler, "GET", "/login"+query).Is(302)
	address, err := url.Parse(reply.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	value, attributes, _ := strings.Cut(reply.Cookies[0], "; ")
	if len(reply.Cookies) != 1 || attributes != "Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("it sets %q", reply.Cookies)
	}
	sealed, ours := strings.CutPrefix(value, "__Host-oauth=")
	attempt, err := google.OpenAttempt(cookie, sealed, address.Query().Get("state"), time.Now())
	if err != nil || !ours {
		t.Fatalf("the cookie %q does not hold the attempt: %v", value, err)
	}
	return address.Query(), attempt
}

func TestTheBrowserIsSentToGoogleWithAnAttemptOfItsOwn(t *testing.T) {
	at := testbed.Google(t)
	handler, cookie := open(t, at.Issuer)
	asked, attempt := begin(t, handler, cookie, "?next=%2Flibrary")
	want := map[string]string{
		"client_id": "local", "response_type": "code", "redirect_uri": origin + "/login/callback", "scope": "openid email profile",
		"state": attempt.State, "nonce": attempt.Nonce, "code_challenge_method": "S256",
	}
	for name, value := range want {
		if asked.Get(name) != value {
			t.Errorf("%s is %q, not %q", name, asked.Get(name), value)
		}
	}
	if len(asked.Get("code_challenge")) != 43 || asked.Get("code_challenge") == attempt.Verifier || attempt.Next != "/library" {
		t.Errorf("asked with %v to go to %q", asked, attempt.Next)
	}
	_, second := begin(t, handler, cookie, "")
	if second.State == attempt.State || second.Nonce == attempt.Nonce || second.Verifier == attempt.Verifier || second.Next != "/studio" {
		t.Error("two attempts have something in common")
	}
}

func TestAFreshSignInIsADeliberateOne(t *testing.T) {
	handler, cookie := open(t, testbed.Google(t).Issuer)
	asked, attempt := begin(t, handler, cookie, "?fresh=1&next=%2Faccount%3Fexport")
	if asked.Get("prompt") != "select_account" || attempt.Next != "/account?export" {
		t.Errorf("asked with %v to go to %q", asked, attempt.Next)
	}
	if asked, _ = begin(t, handler, cookie, "?next=%2Flibrary"); asked.Has("prompt") {
		t.Errorf("an everyday sign-in is asked with %v", asked)
	}
}

func TestTheSampleEventIsAnswered(t *testing.T) {
	handler, _ := open(t, testbed.Google(t).Issuer)
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ RawPath, RawQueryString string }
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	visitor.Visitor{}.Send(t, handler, "GET", event.RawPath+"?"+event.RawQueryString).Is(302)
}

func TestNoLinkLeadsThroughTheSignInToAnotherSite(t *testing.T) {
	handler, cookie := open(t, testbed.Google(t).Issuer)
	for _, next := range []string{
		"//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "HTTPS:evil.example", "http:/evil.example",
		"javascript:alert(1)", "data:text/html,x", "/%09/evil.example\t", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example",
		"evil.example", "@evil.example", "/%2f%2fevil.example/../..//", "//user@evil.example/", "/\x00", "/" + strings.Repeat("a", 500), "", "?x", "#x", "%", "/%zz",
		"/%2Fevil.example", "/%5Cevil.example", "/./\\evil.example", "/library/..//evil.example",
	} {
		query := "?next=" + url.QueryEscape(next)
		reply := visitor.Visitor{}.Send(t, handler, "GET", "/login"+query)
		if reply.Status == 400 { // a NUL is no query at all
			continue
		}
		_, attempt := begin(t, handler, cookie, query)
		leads, err := url.Parse(origin)
		if err != nil {
			t.Fatal(err)
		}
		target, err := leads.Parse(attempt.Next)
		if err != nil || target.Host != "nanoflux.ai" || target.Scheme != "https" || strings.HasPrefix(attempt.Next, "//") || strings.ContainsAny(attempt.Next, "\\\r\n\t\x00") {
			t.Errorf("next=%q leads to %q", next, attempt.Next)
		}
	}
}

func TestALocalNextIsKept(t *testing.T) {
	handler, cookie := open(t, testbed.Google(t).Issuer)
	for _, next := range []string{"/", "/library", "/library?kind=upload&limit=3", "/studio#result", "/a/b%20c"} {
		if _, attempt := begin(t, handler, cookie, "?next="+url.QueryEscape(next)); attempt.Next != next {
			t.Errorf("next=%q leads to %q", next, attempt.Next)
		}
	}
}

func TestUnknownAndRepeatedParametersAreRefused(t *testing.T) {
	handler, _ := open(t, testbed.Google(t).Issuer)
	visitor.Visitor{}.Send(t, handler, "GET", "/login?nxt=%2F").Refuses(400, "unknown_parameter", "nxt")
	visitor.Visitor{}.Send(t, handler, "GET", "/login?next=%2F&next=%2Fstudio").Refuses(400, "repeated_parameter", "next")
	visitor.Visitor{}.Send(t, handler, "GET", "/login?fresh=yes").Refuses(400, "invalid_fresh")
	visitor.Visitor{}.Send(t, handler, "GET", "/login?fresh=").Refuses(400, "invalid_fresh")
	visitor.Visitor{}.Send(t, handler, "POST", "/login").Refuses(405, "method_not_allowed")
}

func TestGoogleBeingAwayIsSaidAndMendsItself(t *testing.T) {
	real, away := testbed.Google(t), true
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": "http://" + r.Host, "authorization_endpoint": real.Issuer + "/authorize", "token_endpoint": real.Issuer + "/token",
			"jwks_uri": real.Issuer + "/certs", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}))
	t.Cleanup(front.Close)
	handler, cookie := open(t, front.URL)
	reply := visitor.Visitor{}.Send(t, handler, "GET", "/login").Refuses(503, "sign_in_unavailable")
	if len(reply.Cookies) != 0 || reply.Header.Get("Retry-After") == "" {
		t.Errorf("it sets %q and %v", reply.Cookies, reply.Header)
	}
	away = false
	begin(t, handler, cookie, "")
}
