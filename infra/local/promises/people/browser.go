// Package people lives in the service the way people do, over HTTP alone.
package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// A Person is somebody with a browser. The first thing that goes wrong is kept in Err, and nothing is done after it.
type Person struct {
	Name    string // in the story
	Email   string
	Address string // that the browser calls from
	Err     error

	// What is unique about the person, by what it is; all of it was typed, drawn or given in the play.
	Words map[string][]string
	Files map[string][]byte // files that were uploaded or made, by their keys in the bucket
	Links []string          // signed links that were looked at
	Asked int               // requests of the site

	ctx    context.Context //nolint:containedctx // of the whole play
	site   string
	stripe string
	key    string // of the service, at Stripe
	client *http.Client
}

// World is where people live.
type World struct{ Site, Stripe, StripeKey string }

// New makes somebody with a unique name, at an address of this machine that nobody else calls from.
func New(ctx context.Context, world World, name string, number int) *Person {
	cookies, _ := cookiejar.New(nil) // never fails without options
	word := strings.ToLower(rand.Text()[:14])
	p := &Person{Name: name, Email: name + "." + word + "@example.com", Words: map[string][]string{}, Files: map[string][]byte{},
		ctx: ctx, site: world.Site, stripe: world.Stripe, key: world.StripeKey,
		Address: fmt.Sprintf("127.1%02d.1%02d.2%02d", number, number+37, number+20)}
	p.client = &http.Client{Jar: jar{cookies}, Timeout: time.Minute,
		Transport: counting{p, &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: 4}}}
	p.plants("name", strings.ToUpper(name[:1])+name[1:]+" "+strings.ToUpper(word[:1])+word[1:])
	p.plants("e-mail address", p.Email)
	p.plants("network address", p.Address)
	return p
}

// plants remembers something unique that was told.
func (p *Person) plants(what, text string) string {
	p.Words[what] = append(p.Words[what], text)
	return text
}

// counting counts the requests of the site, the redirected ones too.
type counting struct {
	*Person
	next http.RoundTripper
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(c.site, request.URL.Host) {
		c.Asked++
	}
	return c.next.RoundTrip(request)
}

// Cookies are the names of those that the site left in the browser.
func (p *Person) Cookies() (names []string) {
	at, err := url.Parse(p.site)
	p.fail(err)
	if p.Err == nil {
		for _, each := range p.client.Jar.Cookies(at) {
			names = append(names, each.Name)
		}
	}
	return names
}

// dial calls from the person's own address of this machine, where the machine has it.
func (p *Person) dial(ctx context.Context, _, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	own := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.Address)}}
	if connection, err := own.DialContext(ctx, "tcp4", "127.0.0.1:"+port); err == nil {
		return connection, nil
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp4", "127.0.0.1:"+port)
}

// jar sends secure cookies to http://localhost, as browsers do; net/http/cookiejar asks for https.
type jar struct{ *cookiejar.Jar }

func (j jar) Cookies(u *url.URL) []*http.Cookie {
	trusted := *u
	trusted.Scheme = "https"
	return j.Jar.Cookies(&trusted)
}

// fail keeps the first thing that went wrong.
func (p *Person) fail(err error) {
	if p.Err == nil && err != nil {
		p.Err = fmt.Errorf("%s: %w", p.Name, err)
	}
}

// answer is a reply, read to its end, after all redirects.
type answer struct {
	status int
	at     *url.URL
	body   []byte
}

// send sends one request and gives the answer; nil where there is none.
func (p *Person) send(method, address string, header http.Header, body []byte) *answer {
	if p.Err != nil {
		return nil
	}
	request, err := http.NewRequestWithContext(p.ctx, method, address, bytes.NewReader(body))
	if err != nil {
		p.fail(err)
		return nil
	}
	if header != nil {
		request.Header = header
	}
	reply, err := p.client.Do(request)
	if err != nil {
		p.fail(err)
		return nil
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	p.fail(err)
	return &answer{reply.StatusCode, reply.Request.URL, text}
}

// Call asks the API and reads its JSON into an answer, where there is one. Any other status than the expected one is a failure.
func (p *Person) Call(method, path string, body any, expected int, answer any) {
	header, content := http.Header{}, []byte(nil)
	if body != nil {
		header.Set("Content-Type", "application/json")
		content, _ = json.Marshal(body) // of strings and numbers
	}
	header.Set("Idempotency-Key", uuid())
	header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	reply := p.send(method, p.site+path, header, content)
	if reply == nil {
		return
	}
	if reply.status != expected {
		p.fail(fmt.Errorf("%s %s answers %d, not %d: %.300s", method, path, reply.status, expected, reply.body))
		return
	}
	if answer != nil {
		if err := json.Unmarshal(reply.body, answer); err != nil {
			p.fail(fmt.Errorf("%s %s: %w", method, path, err))
		}
	}
}

// Status of any address, without its content.
func (p *Person) Status(address string) int {
	reply := p.send(http.MethodGet, address, nil, nil)
	if reply == nil {
		return 0
	}
	return reply.status
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	action = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
)

// form opens a page, fills in its first form and sends it; it gives where that led.
func (p *Person) form(address string, fields url.Values) (at *url.URL, page []byte) {
	reply := p.send(http.MethodGet, address, nil, nil)
	if reply == nil {
		return nil, nil
	}
	form := action.FindSubmatch(reply.body)
	if form == nil {
		p.fail(fmt.Errorf("%s led to %s, %d, which has no form: %.300s", address, reply.at, reply.status, reply.body))
		return nil, nil
	}
	for _, field := range hidden.FindAllSubmatch(reply.body, -1) {
		fields.Set(html.UnescapeString(string(field[1])), html.UnescapeString(string(field[2])))
	}
	target, err := reply.at.Parse(html.UnescapeString(string(form[1])))
	if err != nil {
		p.fail(err)
		return nil, nil
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if reply = p.send(http.MethodPost, target.String(), header, []byte(fields.Encode())); reply == nil {
		return nil, nil
	}
	return reply.at, reply.body
}

// until asks again and again until it is so.
func (p *Person) until(what string, so func() bool) {
	for deadline := time.Now().Add(time.Minute); p.Err == nil && !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.fail(fmt.Errorf("not within a minute: %s", what))
		}
	}
}

// uuid is a random UUID, version 4 (RFC 9562).
func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
