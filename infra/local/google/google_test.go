package google_test

import (
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"nanoflux.ai/backend/infra/local/google"
)

const redirectURL = "http://localhost:8080/login/callback"

type desk struct {
	provider *google.Provider
	server   *httptest.Server
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	client   *oidc.Provider
	now      time.Time
}

// open starts the provider on a real port and discovers it as production code does.
func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2033, 5, 6, 7, 8, 9, 0, time.UTC)}
	d.server = httptest.NewUnstartedServer(nil)
	issuer := "http://" + d.server.Listener.Addr().String()
	d.provider = google.New(google.Config{Issuer: issuer, ClientID: "local", ClientSecret: "s&cret+/ü",
		RedirectURLs: []string{redirectURL}, Now: func() time.Time { return d.now }})
	d.server.Config.Handler = d.provider
	d.server.Start()
	t.Cleanup(d.server.Close)
	client, err := oidc.NewProvider(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	d.client = client
	d.config = oauth2.Config{ClientID: "local", ClientSecret: "s&cret+/ü", RedirectURL: redirectURL,
		Endpoint: client.Endpoint(), Scopes: []string{"openid", "email", "profile"}}
	d.verifier = client.Verifier(&oidc.Config{ClientID: "local", Now: func() time.Time { return d.now }})
	return d
}

// answer posts the form and gives the query that the browser is sent to the client with.
func (d *desk) answer(t *testing.T, authorize string, choice url.Values) url.Values {
	t.Helper()
	request, err := url.Parse(authorize)
	if err != nil {
		t.Fatal(err)
	}
	form := request.Query()
	for name, values := range choice {
		form[name] = values
	}
	response, err := stay.PostForm(d.server.URL+"/authorize", form)
	if err != nil {
		t.Fatal(err)
	}
	return arrival(t, response)
}

var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func arrival(t *testing.T, response *http.Response) url.Values {
	t.Helper()
	defer response.Body.Close()
	target, err := response.Location()
	if err != nil || response.StatusCode != http.StatusFound {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("no redirect but %d: %s", response.StatusCode, body)
	}
	if got := target.Scheme + "://" + target.Host + target.Path; got != redirectURL {
		t.Fatalf("redirected to %s", got)
	}
	return target.Query()
}

type claims struct {
	Email, Name, Picture, Azp string
	EmailVerified             bool `json:"email_verified"`
}

// signIn goes the whole way as one of the three people.
func (d *desk) signIn(t *testing.T, choice url.Values) (*oidc.IDToken, claims, *oauth2.Token) {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	back := d.answer(t, d.config.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)), choice)
	if back.Get("state") != "state" {
		t.Errorf("state came back as %q", back.Get("state"))
	}
	token, err := d.config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.verifier.Verify(t.Context(), token.Extra("id_token").(string))
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "nonce" {
		t.Errorf("nonce is %q", id.Nonce)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error(err)
	}
	var said claims
	if err := id.Claims(&said); err != nil {
		t.Fatal(err)
	}
	return id, said, token
}

func TestSignInTellsWhoWasChosen(t *testing.T) {
	d := open(t)
	id, said, token := d.signIn(t, url.Values{"person": {"2"}})
	if said.Email != "jonas@example.com" || said.Name != "Jonas Lindström" || !said.EmailVerified || said.Azp != "local" {
		t.Errorf("%+v", said)
	}
	if len(id.Subject) != 21 || id.Issuer != d.server.URL || !id.Expiry.Equal(d.now.Add(time.Hour).Local()) {
		t.Errorf("subject %q, issuer %q, expiry %v", id.Subject, id.Issuer, id.Expiry)
	}
	info, err := d.client.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != id.Subject || info.Email != said.Email {
		t.Errorf("userinfo: %+v, %v", info, err)
	}
	picture, err := http.Get(said.Picture)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Body.Close()
	if _, err := png.Decode(picture.Body); err != nil {
		t.Errorf("the picture: %v", err)
	}
}

func TestAnyAddressIsOneStablePerson(t *testing.T) {
	d := open(t)
	first, said, _ := d.signIn(t, url.Values{"email": {"Jane.Doe@Example.com"}})
	again, _, _ := d.signIn(t, url.Values{"email": {"jane.doe@example.com "}})
	other, _, _ := d.signIn(t, url.Values{"email": {"jane.roe@example.com"}})
	if first.Subject != again.Subject || first.Subject == other.Subject {
		t.Errorf("subjects %s, %s, %s", first.Subject, again.Subject, other.Subject)
	}
	if said.Name != "Jane Doe" || said.Email != "jane.doe@example.com" {
		t.Errorf("%+v", said)
	}
}

func TestPageIsAPlainFormThatLeadsBack(t *testing.T) {
	d := open(t)
	response, err := http.Get(d.config.AuthCodeURL(`a"b<c>`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, _ := io.ReadAll(response.Body)
	for _, wanted := range []string{`<form method="post" action="/authorize"`, `name="person" value="1"`, `name="person" value="3"`,
		`type="email"`, `name="state" value="a&#34;b&lt;c&gt;"`} {
		if !strings.Contains(string(page), wanted) {
			t.Errorf("the page lacks %s", wanted)
		}
	}
	if regexp.MustCompile(`(?i)<script|style=|https?://(www|fonts|accounts)`).Match(page) {
		t.Error("the page has a script, an inline style, or an address elsewhere")
	}
	if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://localhost:8080") {
		t.Errorf("policy %q", policy)
	}
}

func TestNoPageIsShownWhereNoneIsWanted(t *testing.T) {
	d := open(t)
	ask := func(hint string) url.Values {
		response, err := stay.Get(d.config.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", "none"), oauth2.SetAuthURLParam("login_hint", hint)))
		if err != nil {
			t.Fatal(err)
		}
		return arrival(t, response)
	}
	if back := ask("someone@example.com"); back.Get("code") == "" {
		t.Errorf("%v", back)
	}
	if back := ask(""); back.Get("error") != "login_required" || back.Get("state") != "s" {
		t.Errorf("%v", back)
	}
}

func TestWhoeverIsToChooseSeesThePage(t *testing.T) {
	d := open(t)
	for prompt, shown := range map[string]bool{"select_account": true, "consent select_account": true, "login": false, "none consent": false} {
		response, err := stay.Get(d.config.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", prompt), oauth2.SetAuthURLParam("login_hint", "a@example.com")))
		if err != nil {
			t.Fatal(err)
		}
		if shown && response.StatusCode != http.StatusOK || !shown && arrival(t, response).Get("error") != "invalid_request" {
			t.Errorf("%q: %d", prompt, response.StatusCode)
		}
		response.Body.Close()
	}
}

func TestCancellingSendsAnErrorBack(t *testing.T) {
	d := open(t)
	if back := d.answer(t, d.config.AuthCodeURL("s"), url.Values{"cancel": {"1"}}); back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("%v", back)
	}
}

func TestNothingIsSentToAnUnregisteredAddress(t *testing.T) {
	d := open(t)
	for _, elsewhere := range []string{"", "http://localhost:8080/login/callback/", "http://localhost:8080/login/callback?x=1",
		"http://localhost:8081/login/callback", "https://evil.example/login/callback", "http://LOCALHOST:8080/login/callback"} {
		config := d.config
		config.RedirectURL = elsewhere
		response, err := stay.Get(config.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", "none"), oauth2.SetAuthURLParam("login_hint", "a@example.com")))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 400 || response.Header.Get("Location") != "" {
			t.Errorf("%q answered %d to %q", elsewhere, response.StatusCode, response.Header.Get("Location"))
		}
	}
}

// code asks for a code with a challenge.
func (d *desk) code(t *testing.T, options ...oauth2.AuthCodeOption) string {
	t.Helper()
	return d.answer(t, d.config.AuthCodeURL("s", options...), url.Values{"person": {"1"}}).Get("code")
}

func TestCodeIsRefused(t *testing.T) {
	d := open(t)
	verifier, another := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	challenge := oauth2.S256ChallengeOption(verifier)
	for name, c := range map[string]struct {
		exchange func() error
		want     string
	}{
		"with another verifier": {func() error {
			_, err := d.config.Exchange(t.Context(), d.code(t, challenge), oauth2.VerifierOption(another))
			return err
		}, "invalid_grant"},
		"without its verifier": {func() error {
			_, err := d.config.Exchange(t.Context(), d.code(t, challenge))
			return err
		}, "invalid_grant"},
		"with a verifier nobody asked for": {func() error {
			_, err := d.config.Exchange(t.Context(), d.code(t), oauth2.VerifierOption(verifier))
			return err
		}, "invalid_grant"},
		"for another redirect address": {func() error {
			config, code := d.config, d.code(t)
			config.RedirectURL += "/"
			_, err := config.Exchange(t.Context(), code)
			return err
		}, "invalid_grant"},
		"that was never given": {func() error {
			_, err := d.config.Exchange(t.Context(), "4/guess")
			return err
		}, "invalid_grant"},
		"after a minute": {func() error {
			code := d.code(t)
			d.now = d.now.Add(61 * time.Second)
			_, err := d.config.Exchange(t.Context(), code)
			return err
		}, "invalid_grant"},
		"of a client with a wrong secret": {func() error {
			config, code := d.config, d.code(t)
			config.ClientSecret = "guess"
			_, err := config.Exchange(t.Context(), code)
			return err
		}, "invalid_client"},
	} {
		var refused *oauth2.RetrieveError
		if err := c.exchange(); !errors.As(err, &refused) || refused.ErrorCode != c.want {
			t.Errorf("a code %s: %v", name, err)
		}
	}
}

func TestCodeWorksOnceAndItsReplayEndsTheToken(t *testing.T) {
	d := open(t)
	code := d.code(t)
	token, err := d.config.Exchange(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.config.Exchange(t.Context(), code); err == nil {
		t.Error("a code worked twice")
	}
	if _, err := d.client.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("the token of a replayed code still works")
	}
}

func TestClientMayProveItselfEitherWay(t *testing.T) {
	d := open(t)
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		config := d.config
		config.Endpoint.AuthStyle = style
		if _, err := config.Exchange(t.Context(), d.code(t)); err != nil {
			t.Errorf("style %d: %v", style, err)
		}
	}
}

func TestPlainChallengeIsRefused(t *testing.T) {
	d := open(t)
	back := d.answer(t, d.config.AuthCodeURL("s", oauth2.SetAuthURLParam("code_challenge", "x"), oauth2.SetAuthURLParam("code_challenge_method", "plain")), url.Values{"person": {"1"}})
	if back.Get("error") != "invalid_request" {
		t.Errorf("%v", back)
	}
}

func TestRevokedTokenIsDead(t *testing.T) {
	d := open(t)
	_, _, token := d.signIn(t, url.Values{"person": {"1"}})
	response, err := http.PostForm(d.server.URL+"/revoke", url.Values{"token": {token.AccessToken}})
	if err != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	response.Body.Close()
	if _, err := d.client.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("a revoked token still works")
	}
}

// TestEveryTokenFaultIsCaught looks with the library's checks, and by hand at what it leaves to its users.
func TestEveryTokenFaultIsCaught(t *testing.T) {
	d := open(t)
	for _, fault := range []google.Fault{google.BadNonce, google.WrongAudience, google.WrongIssuer, google.Expired,
		google.AlgNone, google.OtherKey, google.EmailUnverified} {
		d.provider.Faults(0, fault)
		token, err := d.config.Exchange(t.Context(), d.code(t, oidc.Nonce("nonce")))
		if err != nil {
			t.Fatal(fault, err)
		}
		id, err := d.verifier.Verify(t.Context(), token.Extra("id_token").(string))
		if err != nil {
			continue
		}
		var said claims
		if err := id.Claims(&said); err != nil {
			t.Fatal(err)
		}
		if id.Nonce == "nonce" && said.EmailVerified {
			t.Errorf("%s: the token looks good", fault)
		}
	}
	d.provider.Faults(0)
	d.signIn(t, url.Values{"person": {"1"}})
}

func TestServerFaultsAreToldOverHTTP(t *testing.T) {
	d := open(t)
	tell := func(body string) int {
		response, err := http.Post(d.server.URL+"/_faults", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := tell(`{"faults":["error500"]}`); status != 204 {
		t.Fatal(status)
	}
	if _, err := d.config.Exchange(t.Context(), d.code(t)); err == nil {
		t.Error("a broken provider gave a token")
	}
	if status := tell(`{"faults":["slow"],"delay_ms":60000}`); status != 204 {
		t.Fatal(status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := oidc.NewProvider(ctx, d.server.URL); err == nil {
		t.Error("a slow provider was quick")
	}
	if status := tell(`{"faults":["no_such"]}`); status != 400 {
		t.Errorf("an unknown fault answered %d", status)
	}
	tell(`{"faults":[]}`)
	response, err := http.Get(d.server.URL + "/certs")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var keys struct{ Keys []map[string]string }
	if err := json.NewDecoder(response.Body).Decode(&keys); err != nil || len(keys.Keys) != 1 || keys.Keys[0]["d"] != "" || keys.Keys[0]["alg"] != "RS256" {
		t.Errorf("keys %v, %v", keys, err)
	}
}
