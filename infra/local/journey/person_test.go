package journey

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// person is somebody with a client that keeps cookies.
type person struct {
	t      *testing.T
	site   string
	client *http.Client
}

// jar sends secure cookies to http://localhost, as browsers do; net/http/cookiejar asks for https.
type jar struct{ *cookiejar.Jar }

func (j jar) Cookies(u *url.URL) []*http.Cookie {
	trusted := *u
	trusted.Scheme = "https"
	return j.Jar.Cookies(&trusted)
}

func stranger(t *testing.T) *person {
	t.Helper()
	cookies, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t: t, site: running(), client: &http.Client{Jar: jar{cookies}, Timeout: 40 * time.Second}}
}

// newcomer signs in with an address that was never used before.
func newcomer(t *testing.T) *person {
	t.Helper()
	p := stranger(t)
	p.signIn(freshAddress())
	return p
}

func freshAddress() string { return "journey-" + strings.ToLower(rand.Text()[:12]) + "@example.com" }

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	action = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
)

// signIn goes the way of a browser: to the provider's page, through its form, back over the callback.
func (p *person) signIn(email string) {
	p.t.Helper()
	p.lands(email, "/library")
}

// lands is signIn for somebody who does not get where they wanted to, the library.
func (p *person) lands(email, path string) {
	p.t.Helper()
	page, err := p.client.Get(p.site + "/login?next=/library")
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := io.ReadAll(page.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	form := action.FindSubmatch(text)
	if form == nil {
		p.t.Fatalf("GET /login led to %s, %d, which has no form: %s", page.Request.URL, page.StatusCode, text)
	}
	fields := url.Values{"email": {email}}
	for _, field := range hidden.FindAllSubmatch(text, -1) {
		fields.Set(html.UnescapeString(string(field[1])), html.UnescapeString(string(field[2])))
	}
	target, err := page.Request.URL.Parse(html.UnescapeString(string(form[1])))
	if err != nil {
		p.t.Fatal(err)
	}
	landed, err := p.client.PostForm(target.String(), fields)
	if err != nil {
		p.t.Fatal(err)
	}
	if landed.Request.URL.String() != p.site+path || landed.StatusCode != 200 {
		text, _ := io.ReadAll(landed.Body)
		p.t.Fatalf("signing in ended at %s with %d: %s", landed.Request.URL, landed.StatusCode, text)
	}
}

// answer is a reply, read to its end.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// call sends one request of the API; body is encoded as JSON unless it is nil or raw bytes; headers are pairs of name and value.
func (p *person) call(method, path string, body any, headers ...string) answer {
	p.t.Helper()
	content, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			p.t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.site+path, bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return p.send(request)
}

func (p *person) send(request *http.Request) answer {
	p.t.Helper()
	reply, err := p.client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{t: p.t, what: request.Method + " " + request.URL.Path, status: reply.StatusCode, header: reply.Header, body: text}
}

// is ends the test unless the status is the expected one.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answers %d, not %d: %s", a.what, a.status, status, a.body)
	}
	return a
}

// into reads the JSON of an answer; a field that the contract does not have fails.
func into[T any](a answer) T {
	a.t.Helper()
	var value T
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return value
}

// uuid is a random UUID, version 4 (RFC 9562).
func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
