package google_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/testbed"
)

// The provider's faults concern everybody who signs in there, so these tests have a provider of their own.
func TestMain(m *testing.M) {
	os.Unsetenv("NANOFLUX_PARTS")
	os.Exit(m.Run())
}

func client(at testbed.GoogleAddress) *google.Client {
	return google.New(at.Issuer, at.ClientID, at.ClientSecret, at.RedirectURL)
}

// agree chooses a person on the provider's page, and returns the query that it sends the browser back with.
func agree(t *testing.T, c *google.Client, a google.Attempt) url.Values {
	t.Helper()
	address, err := c.AuthorizationURL(context.Background(), a, false)
	if err != nil {
		t.Fatal(err)
	}
	page, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	form := page.Query()
	form.Set("email", "ada@example.com")
	page.RawQuery = ""
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := browser.PostForm(page.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	back, err := reply.Location()
	if err != nil {
		text, _ := io.ReadAll(reply.Body)
		t.Fatalf("%v: %s", err, text)
	}
	return back.Query()
}

func faults(t *testing.T, at testbed.GoogleAddress, faults ...string) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"faults": faults, "delay_ms": 60_000})
	reply, err := http.Post(at.Issuer+"/_faults", "application/json", strings.NewReader(string(body)))
	if err != nil || reply.StatusCode != http.StatusNoContent {
		t.Fatal(reply, err)
	}
	reply.Body.Close()
}

func TestASignInLeadsToAPerson(t *testing.T) {
	at := testbed.Google(t)
	c, a := client(at), google.NewAttempt("/library", time.Now())
	back := agree(t, c, a)
	if back.Get("state") != a.State {
		t.Errorf("the state that came back is %q", back.Get("state"))
	}
	p, err := c.Exchange(context.Background(), a, back.Get("code"), time.Now())
	if err != nil || p.Issuer != at.Issuer || p.Subject == "" || p.Email != "ada@example.com" || p.Name == "" || !strings.HasPrefix(p.Picture, at.Issuer) {
		t.Errorf("%+v, %v", p, err)
	}
	again, err := c.Exchange(context.Background(), a, agree(t, c, a).Get("code"), time.Now())
	if err != nil || again != p {
		t.Errorf("the next time: %+v, %v", again, err)
	}
}

// policy P2.1: name, e-mail address, avatar, and nothing more.
func TestTheBrowserIsSentWithAChallengeAndNoMoreScopesThanPromised(t *testing.T) {
	at := testbed.Google(t)
	a := google.NewAttempt("/", time.Now())
	address, err := client(at).AuthorizationURL(context.Background(), a, false)
	if err != nil {
		t.Fatal(err)
	}
	sent, _ := url.Parse(address)
	q := sent.Query()
	if q.Get("scope") != "openid email profile" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" ||
		q.Get("nonce") != a.Nonce || q.Get("state") != a.State || q.Get("redirect_uri") != at.RedirectURL || q.Get("response_type") != "code" {
		t.Error(q)
	}
	if strings.Contains(address, a.Verifier) || strings.Contains(address, at.ClientSecret) {
		t.Error("the verifier or the secret is in the address")
	}
}

func TestAnAnswerThatIsNotToBeTrustedIsRefused(t *testing.T) {
	at := testbed.Google(t)
	for what, spoil := range map[string]func(a *google.Attempt, code *string, clock *time.Time){
		"bad_nonce": nil, "wrong_audience": nil, "wrong_issuer": nil, "expired": nil, "alg_none": nil, "other_key": nil,
		"email_unverified": nil, "no_id_token": nil,
		"another browser's verifier": func(a *google.Attempt, _ *string, _ *time.Time) {
			a.Verifier = google.NewAttempt("/", *new(time.Time)).Verifier
		},
		"no verifier": func(a *google.Attempt, _ *string, _ *time.Time) { a.Verifier = "" },
		"another attempt's nonce": func(a *google.Attempt, _ *string, _ *time.Time) {
			a.Nonce = google.NewAttempt("/", *new(time.Time)).Nonce
		},
		"no code":                 func(_ *google.Attempt, code *string, _ *time.Time) { *code = "" },
		"an invented code":        func(_ *google.Attempt, code *string, _ *time.Time) { *code += "x" },
		"a clock two hours later": func(_ *google.Attempt, _ *string, clock *time.Time) { *clock = clock.Add(2 * time.Hour) },
	} {
		c, a, now := client(at), google.NewAttempt("/", time.Now()), time.Now()
		code := agree(t, c, a).Get("code")
		if spoil != nil {
			spoil(&a, &code, &now)
		} else {
			faults(t, at, what)
		}
		if p, err := c.Exchange(context.Background(), a, code, now); !errors.Is(err, google.ErrRefused) || p != (google.Person{}) {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
		faults(t, at)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	at := testbed.Google(t)
	c, a := client(at), google.NewAttempt("/", time.Now())
	code := agree(t, c, a).Get("code")
	for i, wanted := range []error{nil, google.ErrRefused} {
		if _, err := c.Exchange(context.Background(), a, code, time.Now()); !errors.Is(err, wanted) {
			t.Errorf("exchange %d: %v", i+1, err)
		}
	}
}

func TestAWrongSecretIsOurFaultAndNotThePersons(t *testing.T) {
	at := testbed.Google(t)
	a := google.NewAttempt("/", time.Now())
	code := agree(t, client(at), a).Get("code")
	at.ClientSecret = "another"
	if _, err := client(at).Exchange(context.Background(), a, code, time.Now()); err == nil || errors.Is(err, google.ErrRefused) {
		t.Error(err)
	}
}

func TestAProviderThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	at := testbed.Google(t)
	a := google.NewAttempt("/", time.Now())
	notAnswered := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, google.ErrRefused) || strings.Contains(err.Error(), at.ClientSecret) {
			t.Errorf("%s: %v", what, err)
		}
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := google.New(closed.URL, "x", at.ClientSecret, "http://localhost/").AuthorizationURL(context.Background(), a, false)
	notAnswered("nobody listens", err)

	c := client(at)
	code := agree(t, c, a).Get("code")
	faults(t, at, "error500")
	defer faults(t, at)
	_, err = c.Exchange(context.Background(), a, code, time.Now())
	notAnswered("the token endpoint is broken", err)
	fresh := client(at)
	_, err = fresh.AuthorizationURL(context.Background(), a, false)
	notAnswered("discovery is broken", err)
	faults(t, at, "slow")
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = c.Exchange(ctx, a, code, time.Now())
	notAnswered("the token endpoint hangs", err)

	faults(t, at)
	if _, err = fresh.AuthorizationURL(context.Background(), a, false); err != nil {
		t.Errorf("discovery is not tried again: %v", err)
	}
}

// A front stands before the provider and breaks one path of it; the provider's own faults break all.
func TestKeysThatCannotBeFetchedAreNoRefusal(t *testing.T) {
	at := testbed.Google(t)
	behind, err := url.Parse(at.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	var front *httptest.Server
	proxy := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Header.Del("Accept-Encoding") },
		ModifyResponse: func(reply *http.Response) error {
			body, err := io.ReadAll(reply.Body)
			moved := strings.ReplaceAll(string(body), at.Issuer, front.URL)
			reply.Body, reply.ContentLength = io.NopCloser(strings.NewReader(moved)), int64(len(moved))
			reply.Header.Del("Content-Length")
			return err
		},
	}
	front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/certs" {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	a, moved := google.NewAttempt("/", time.Now()), at
	moved.Issuer = front.URL
	c := client(moved)
	code := agree(t, c, a).Get("code")
	if _, err := c.Exchange(context.Background(), a, code, time.Now()); err == nil || errors.Is(err, google.ErrRefused) {
		t.Error(err)
	}
}
