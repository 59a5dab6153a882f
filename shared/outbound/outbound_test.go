package outbound

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"nanoflux.ai/backend/shared/party"
)

var errNoNetwork = errors.New("there is no network in here")

// watched is a client in a region, of which every attempt to connect is counted and fails.
func watched(t testing.TB, region string) (client *http.Client, dials *atomic.Int32) {
	t.Helper()
	t.Setenv("AWS_REGION", region)
	client, dials = Client(0), new(atomic.Int32)
	client.Transport.(*door).way.DialContext = func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errNoNetwork
	}
	return client, dials
}

func ask(client *http.Client, address string) error {
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader("a prompt"))
	if err == nil {
		var reply *http.Response
		if reply, err = client.Do(request); err == nil {
			reply.Body.Close()
		}
	}
	return err
}

func TestWhoIsInTheRegisterIsConnectedTo(t *testing.T) {
	client, dials := watched(t, "eu-central-1")
	for i, address := range []string{
		"https://api.stripe.com/v1/customers", "https://API.Stripe.com", "https://api.stripe.com:443",
		"https://api.cloudflare.com/client/v4", "https://0123abcd.r2.cloudflarestorage.com", "https://0123abcd.eu.r2.cloudflarestorage.com",
		"https://accounts.google.com", "https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v3/certs",
		"https://generativelanguage.googleapis.com", "https://lambda.eu-central-1.amazonaws.com",
		"http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1",
	} {
		if err := ask(client, address); !errors.Is(err, errNoNetwork) || Refusal(err) != nil || int(dials.Load()) != i+1 {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// policy P5.1, policy P7a: what a name resolves to does not matter to any of these; the name decides, the certificate confirms it.
func TestNobodyOutsideTheRegisterIsConnectedTo(t *testing.T) {
	client, dials := watched(t, "eu-central-1")
	for what, address := range map[string]string{
		"a stranger":                      "https://evil.example",
		"a user before the host":          "https://api.stripe.com@evil.example",
		"a user with a password":          "https://api.stripe.com:443@evil.example",
		"a user, of a party":              "https://user@api.stripe.com",
		"a dot at the end":                "https://api.stripe.com.",
		"another port":                    "https://api.stripe.com:8443",
		"the port of http":                "https://api.stripe.com:80",
		"plain http":                      "http://api.stripe.com",
		"plain http on the port of https": "http://api.stripe.com:443",
		"another scheme":                  "ftp://api.stripe.com",
		"a longer name":                   "https://evilstripe.com",
		"letters before":                  "https://evilapi.stripe.com",
		"a name below":                    "https://api.stripe.com.evil.example",
		"a name above":                    "https://stripe.com",
		"another name beside":             "https://files.stripe.com",
		"a look-alike in Cyrillic":        "https://\u0430pi.stripe.com",
		"the same in ASCII":               "https://xn--pi-7kc.stripe.com",
		"a dot that is none":              "https://api\u3002stripe.com",
		"a letter that folds":             "https://\u212aey.r2.cloudflarestorage.com",
		"an address":                      "https://203.0.113.5",
		"an address of IPv6":              "https://[2001:db8::1]",
		"loopback, mapped":                "http://[::ffff:127.0.0.1]",
		"loopback, with a zone":           "http://[::1%25lo]",
		"loopback, another":               "http://127.0.0.2",
		"loopback, short":                 "http://127.1",
		"loopback, as a number":           "http://2130706433",
		"this host, any address":          "http://0.0.0.0",
		"a name like loopback":            "http://localhost.evil.example",
		"loopback with a user":            "https://localhost@evil.example",
		"the metadata of a machine":       "http://169.254.169.254",
		"no account at R2":                "https://.r2.cloudflarestorage.com",
		"R2 itself":                       "https://r2.cloudflarestorage.com",
		"a label more at R2":              "https://a.b.r2.cloudflarestorage.com",
		"an odd label at R2":              "https://a_b.r2.cloudflarestorage.com",
		"another region":                  "https://lambda.us-east-1.amazonaws.com",
		"another service there":           "https://evil.s3.eu-central-1.amazonaws.com",
		"a pooler over http":              "https://aws-0-us-east-1.pooler.supabase.com",
		"no host":                         "https:///path",
	} {
		err := ask(client, address+"/path?code=4%2Fsecret")
		if Refusal(err) == nil || dials.Load() != 0 {
			t.Errorf("%s: %v, %d connections", what, err, dials.Swap(0))
			continue
		}
		if text := Refusal(err).Error(); strings.Contains(text, "secret") || strings.Contains(text, "code") || !strings.Contains(text, "address") {
			t.Errorf("%s: %s", what, text)
		}
	}
}

func TestWithoutARegionNothingOfOneIsReached(t *testing.T) {
	client, dials := watched(t, "")
	if err := ask(client, "https://lambda.us-east-1.amazonaws.com"); Refusal(err) == nil || dials.Load() != 0 {
		t.Errorf("Lambda somewhere: %v", err)
	}
	if err := Host("aws-0-us-east-1.pooler.supabase.com"); err == nil {
		t.Error("a database somewhere is reached")
	}
}

// policy P9
// policy P9: where the page says.
func TestTheDatabaseIsInTheRegionOfTheFunctions(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	for host, wanted := range map[string]bool{
		"aws-0-eu-central-1.pooler.supabase.com": true, "aws-1-eu-central-1.pooler.supabase.com": true,
		"AWS-0-EU-Central-1.pooler.supabase.com": true, "127.0.0.1": true, "localhost": true, "::1": true,
		"aws-0-us-east-1.pooler.supabase.com": false, "aws-0-eu-central-1.pooler.supabase.com.evil.example": false,
		"aws--eu-central-1.pooler.supabase.com": false, "db.abcdefgh.supabase.co": false, "/tmp": false, "": false,
	} {
		if err := Host(host); (err == nil) != wanted {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestARedirectIsTheAnswer(t *testing.T) {
	arrived := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived = arrived || r.URL.Path != "/"
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	for _, to := range []string{server.URL + "/other", "https://evil.example", "https://api.stripe.com"} {
		reply, err := Client(0).Get(server.URL + "/?to=" + url.QueryEscape(to))
		if err != nil || reply.StatusCode != http.StatusTemporaryRedirect || arrived {
			t.Errorf("to %s: %v", to, err)
		}
	}
	follows := Client(0)
	follows.CheckRedirect = nil // as a library could have it
	if _, err := follows.Get(server.URL + "/?to=https://evil.example"); Refusal(err) == nil {
		t.Errorf("a redirect led to %v", err)
	}
}

// policy P7a
// policy P7a: whoever cannot prove who it is, is refused.
func TestACertificateHasToConfirmTheName(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if err := ask(Client(0), server.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server without a certificate of anybody's: %v", err)
	}
}

func TestNoProxyStandsInBetween(t *testing.T) {
	if newDoor(1).way.Proxy != nil {
		t.Error("a proxy may be asked, and no register names it")
	}
}

func TestWhatIsRefusedIsClosed(t *testing.T) {
	body := &closing{}
	request, err := http.NewRequest(http.MethodPost, "https://evil.example", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Client(0).Do(request); Refusal(err) == nil || !body.closed {
		t.Errorf("%v, closed: %t", err, body.closed)
	}
}

type closing struct{ closed bool }

func (c *closing) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closing) Close() error             { c.closed = true; return nil }

func TestALookIntoTheRegisterCostsNoMemory(t *testing.T) {
	register, address := party.Register("us-east-1"), &url.URL{Scheme: "https", Host: "generativelanguage.googleapis.com"}
	if n := testing.AllocsPerRun(100, func() { _ = passes(register, address) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookIntoTheRegister(b *testing.B) {
	register, address := party.Register("us-east-1"), &url.URL{Scheme: "https", Host: "generativelanguage.googleapis.com"}
	for b.Loop() {
		if err := passes(register, address); err != nil {
			b.Fatal(err)
		}
	}
}
