package main

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// desk is the function with its parts, and an issuer that says what the test wants.
type desk struct {
	handler visitor.Handler
	db      testbed.Database
	cookie  seal.Key
	issuer  *issuer
}

func open(t *testing.T) desk {
	d := desk{db: testbed.Postgres(t), issuer: newIssuer(t)}
	d.cookie, _ = seal.NewKey(visitor.Secret())
	d.handler = d.with(t, google.New(d.issuer.URL, "local", "secret", origin+"/login/callback"))
	return d
}

func (d desk) with(t *testing.T, client *google.Client) visitor.Handler {
	return web.Handler(origin, callback{
		db: visitor.Open(t, d.db.Web), google: client, cookie: d.cookie, service: visitor.Service(t), lookup: visitor.Secret(),
	}.routes())
}

// back comes back from the provider, as it answered: query without the state.
func (d desk) back(t *testing.T, v visitor.Visitor, attempt google.Attempt, query string, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	sealed, err := attempt.Seal(d.cookie)
	if err != nil {
		t.Fatal(err)
	}
	changes = append([]visitor.Change{visitor.Cookie(google.Cookie, sealed)}, changes...)
	return v.Send(t, d.handler, "GET", "/login/callback?state="+attempt.State+query, changes...)
}

// signIn is a whole sign-in of a person at the test's issuer.
func (d desk) signIn(t *testing.T, v visitor.Visitor, subject, email string) visitor.Reply {
	t.Helper()
	attempt := google.NewAttempt("/library", time.Now())
	d.issuer.claims = d.issuer.person(subject, email, attempt.Nonce)
	return d.back(t, v, attempt, "&code="+rand.Text())
}

const attemptOver = "__Host-oauth=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"

// signedIn reads the session that a reply gave the browser.
func signedIn(t *testing.T, reply visitor.Reply) visitor.Visitor {
	t.Helper()
	reply.Is(303)
	if len(reply.Cookies) != 2 || reply.Cookies[0] != attemptOver {
		t.Fatalf("it sets %q", reply.Cookies)
	}
	value, attributes, _ := strings.Cut(reply.Cookies[1], "; ")
	token, named := strings.CutPrefix(value, "__Host-session=")
	if !named || len(token) < 26 || attributes != "Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax" {
		t.Fatalf("the session's cookie is %q", reply.Cookies[1])
	}
	return visitor.Visitor{Token: token}
}

func (d desk) count(t *testing.T, table string) int64 {
	return testbed.One[int64](t, d.db, "select count(*) from app."+table)
}

func (d desk) nothingHappened(t *testing.T, reply visitor.Reply) {
	t.Helper()
	if d.count(t, "session") != 0 || d.count(t, "account") != 0 {
		t.Error("somebody is signed in")
	}
	if len(reply.Cookies) != 1 || reply.Cookies[0] != attemptOver {
		t.Errorf("it sets %q, which does not end the attempt alone", reply.Cookies)
	}
}

func TestAPersonFromGoogleGetsAnAccountASessionAndTheWayTheyCameFor(t *testing.T) {
	t.Parallel()
	d, at := open(t), testbed.Google(t)
	client := google.New(at.Issuer, at.ClientID, at.ClientSecret, at.RedirectURL)
	d.handler = d.with(t, client)
	attempt := google.NewAttempt("/library?kind=result", time.Now())
	address, err := client.AuthorizationURL(t.Context(), attempt, false)
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := url.Parse(address)
	form := asked.Query()
	form.Set("person", "1")
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.PostForm(at.Issuer+"/authorize", form)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	returned, err := answer.Location()
	if err != nil {
		t.Fatal(err)
	}
	reply := d.back(t, visitor.Visitor{}, attempt, "&code="+url.QueryEscape(returned.Query().Get("code"))+"&scope=openid&authuser=0&prompt=none")
	signedIn(t, reply)
	if reply.Header.Get("Location") != "/library?kind=result" {
		t.Errorf("it leads to %q", reply.Header.Get("Location"))
	}
	d.back(t, visitor.Visitor{}, attempt, "&code="+url.QueryEscape(returned.Query().Get("code"))).Refuses(400, "sign_in_refused")
	if d.count(t, "session") != 1 {
		t.Error("a code was good for two sessions")
	}
	testbed.Balanced(t, d.db)
}

// policy P3.4, policy P7e: a second account earns nothing.
func TestFreeCreditsComeOnceForEachPerson(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, email := range []string{"zoe@example.com", "zoe@example.com", "zoe.married@example.com"} {
		signedIn(t, d.signIn(t, visitor.Visitor{}, "1001", email))
	}
	signedIn(t, d.signIn(t, visitor.Visitor{}, "1002", "zoe@example.com")) // the address changed hands
	if d.count(t, "account") != 2 || d.count(t, "session") != 4 {
		t.Errorf("there are %d accounts with %d sessions", d.count(t, "account"), d.count(t, "session"))
	}
	for _, available := range testbed.Column[int64](t, d.db, "select available from app.credit_balance") {
		if available != tool.FreeCredits {
			t.Errorf("an account has %d credits", available)
		}
	}
	if d.count(t, "credit_grant") != 2 {
		t.Errorf("there are %d grants", d.count(t, "credit_grant"))
	}
	testbed.Balanced(t, d.db)
}

func TestTheSamePersonSigningInFiveTimesAtOnceHasOneAccount(t *testing.T) {
	t.Parallel()
	d := open(t)
	attempt := google.NewAttempt("/", time.Now())
	d.issuer.claims = d.issuer.person("1001", "zoe@example.com", attempt.Nonce)
	replies := make(chan visitor.Reply, 5)
	for n := range 5 {
		go func() { replies <- d.back(t, visitor.Visitor{}, attempt, "&code=c"+string(rune('0'+n))) }()
	}
	for range 5 {
		signedIn(t, <-replies)
	}
	if d.count(t, "account") != 1 || d.count(t, "credit_grant") != 1 || d.count(t, "session") != 5 {
		t.Errorf("%d accounts, %d grants, %d sessions", d.count(t, "account"), d.count(t, "credit_grant"), d.count(t, "session"))
	}
}

func TestASessionFromBeforeEndsWithTheSignIn(t *testing.T) {
	t.Parallel()
	d := open(t)
	planted := visitor.SignIn(t, d.db, visitor.Service(t)) // an attacker's session in the victim's browser
	fresh := signedIn(t, d.signIn(t, planted, "1001", "zoe@example.com"))
	if fresh.Token == planted.Token {
		t.Error("the session of before lives on")
	}
	if n := testbed.One[int64](t, d.db, "select count(*) from app.session where account_id = $1", planted.AccountID); n != 0 {
		t.Error("the session of before did not end")
	}
}

func TestACancelledSignInLeadsHomeWithoutASession(t *testing.T) {
	t.Parallel()
	d := open(t)
	reply := d.back(t, visitor.Visitor{}, google.NewAttempt("/library", time.Now()), "&error=access_denied").Is(303)
	if reply.Header.Get("Location") != "/?sign_in=cancelled" {
		t.Errorf("it leads to %q", reply.Header.Get("Location"))
	}
	d.nothingHappened(t, reply)
}

func TestAReturnThatThisBrowserDidNotBeginIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	now := time.Now().Truncate(time.Millisecond)
	mine, other := google.NewAttempt("/", now), google.NewAttempt("/", now)
	d.issuer.claims = d.issuer.person("1001", "zoe@example.com", mine.Nonce)
	sealed, _ := mine.Seal(d.cookie)
	foreignKey, _ := seal.NewKey(visitor.Secret())
	forged, _ := mine.Seal(foreignKey)
	for name, c := range map[string]struct{ state, cookie string }{
		"no state": {"", sealed}, "another attempt's state": {other.State, sealed},
		"a forged cookie": {mine.State, forged}, "a damaged cookie": {mine.State, sealed[:40] + sealed[41:] + sealed[40:41]},
		"a cookie that is none": {mine.State, "%%%"}, "a state in another case": {strings.ToLower(mine.State), sealed},
	} {
		t.Log(name)
		changes := []visitor.Change{visitor.Cookie(google.Cookie, c.cookie)}
		reply := visitor.Visitor{}.Send(t, d.handler, "GET", "/login/callback?code="+rand.Text()+"&state="+c.state, changes...).Refuses(400, "sign_in_refused")
		d.nothingHappened(t, reply)
		cancelled := visitor.Visitor{}.Send(t, d.handler, "GET", "/login/callback?error=access_denied&state="+c.state, changes...)
		d.nothingHappened(t, cancelled.Refuses(400, "sign_in_refused"))
	}
	d.nothingHappened(t, d.back(t, visitor.Visitor{}, mine, "&code=c", visitor.Cookie(google.Cookie, sealed)).Refuses(400, "sign_in_refused"))
	d.nothingHappened(t, d.back(t, visitor.Visitor{}, mine, "&code=c", visitor.At(now.Add(google.AttemptLifetime))).Refuses(400, "sign_in_refused"))
	d.nothingHappened(t, d.back(t, visitor.Visitor{}, mine, "").Refuses(400, "sign_in_refused"))
}

// policy P6.4: who refuses all cookies is told in a sentence what signing in needs.
func TestWhoseCookieDidNotComeBackIsToldWhatSigningInNeeds(t *testing.T) {
	t.Parallel()
	d := open(t)
	state := google.NewAttempt("/", time.Now()).State
	for _, query := range []string{"&code=c", "&error=access_denied"} {
		reply := visitor.Visitor{}.Send(t, d.handler, "GET", "/login/callback?state="+state+query).Refuses(400, "cookie_missing")
		d.nothingHappened(t, reply)
	}
	page := visitor.Visitor{}.Send(t, d.handler, "GET", "/login/callback?code=c&state="+state, visitor.Header("accept", "text/html")).Is(400)
	if !strings.Contains(page.Body, "Allow cookies for this site") {
		t.Errorf("it sees %s", page.Body)
	}
}

func TestAPersonWhoIsRefusedSeesAPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	attempt := google.NewAttempt("/", time.Now())
	reply := d.back(t, visitor.Visitor{}, attempt, "", visitor.Header("accept", "text/html")).Is(400)
	if reply.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(reply.Body, "sign in again") || strings.Contains(reply.Body, attempt.State) {
		t.Errorf("it sees %s", reply.Body)
	}
	d.nothingHappened(t, reply)
}

func TestATokenThatIsNotWhatWeAskedForIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, spoil := range map[string]func(*issuer){
		"wrong nonce":      func(i *issuer) { i.claims["nonce"] = "another" },
		"no nonce":         func(i *issuer) { delete(i.claims, "nonce") },
		"wrong audience":   func(i *issuer) { i.claims["aud"] = "another-client" },
		"wrong issuer":     func(i *issuer) { i.claims["iss"] = "https://accounts.example.com" },
		"expired":          func(i *issuer) { i.claims["exp"] = time.Now().Add(-time.Minute).Unix() },
		"unsigned":         func(i *issuer) { i.algorithm = "none" },
		"another key":      func(i *issuer) { i.signer = keys()[1] },
		"no token":         func(i *issuer) { i.noToken = true },
		"unproven address": func(i *issuer) { i.claims["email_verified"] = false },
		"no address":       func(i *issuer) { delete(i.claims, "email") },
		"no subject":       func(i *issuer) { delete(i.claims, "sub") },
	} {
		t.Log(name)
		attempt := google.NewAttempt("/", time.Now())
		d.issuer.algorithm, d.issuer.signer, d.issuer.noToken = "RS256", keys()[0], false
		d.issuer.claims = d.issuer.person("1001", "zoe@example.com", attempt.Nonce)
		spoil(d.issuer)
		d.nothingHappened(t, d.back(t, visitor.Visitor{}, attempt, "&code="+rand.Text()).Refuses(400, "sign_in_refused"))
	}
}

func TestAProviderThatIsDownIsSaidAndNotTheBrowsersFault(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.issuer.status = 500
	reply := d.back(t, visitor.Visitor{}, google.NewAttempt("/", time.Now()), "&code=c").Refuses(503, "sign_in_unavailable")
	d.nothingHappened(t, reply)
	if reply.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	away := d.with(t, google.New("http://127.0.0.1:1", "local", "secret", origin+"/login/callback"))
	attempt := google.NewAttempt("/", time.Now())
	sealed, _ := attempt.Seal(d.cookie)
	visitor.Visitor{}.Send(t, away, "GET", "/login/callback?code=c&state="+attempt.State, visitor.Cookie(google.Cookie, sealed)).Refuses(503, "sign_in_unavailable")
}

// It swaps the process's standard output for a moment, so it runs alone.
func TestNoLogLineHoldsPersonalData(t *testing.T) {
	logs, err := os.Create(t.TempDir() + "/logs")
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = logs, logs
	d := open(t)
	os.Stdout, os.Stderr = stdout, stderr

	somebody := signedIn(t, d.signIn(t, visitor.Visitor{}, "100100100", "zoe@example.com"))
	d.issuer.status = 500
	d.back(t, somebody, google.NewAttempt("/secret-place", time.Now()), "&code=secretcode").Is(503)
	if _, err := logs.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), `"status":303`) || !strings.Contains(string(text), `"who":"`) {
		t.Errorf("the log is %s", text)
	}
	for _, personal := range []string{"zoe", "Zoe", "100100100", "192.0.2.7", "secret", somebody.Token, "example.com"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the log holds %q: %s", personal, text)
		}
	}
}
