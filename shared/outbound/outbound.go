// Package outbound is the only way out: it reaches the outside parties of the register.
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/party"
)

// Client gives an HTTP client that refuses every address outside the register before it connects (policy P5.1), and plain http
// (policy P7a). Loopback alone is free, since no outside party is there. A name decides: what it resolves to is the resolver's
// word, so for everybody but loopback a certificate has to confirm the name. Redirects are not followed but given as the answer: they
// would carry keys and content to where nobody chose. patience bounds a request whole, 0 leaves that to its context.
func Client(patience time.Duration) *http.Client {
	return Wide(patience, http.DefaultMaxIdleConnsPerHost)
}

// Wide is Client for one that sends several requests abreast to one host, whose connections stay open in between.
func Wide(patience time.Duration, abreast int) *http.Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Timeout: patience, CheckRedirect: stay, Transport: newDoor(abreast)}
}

// door is the transport that looks at each address. Its limits are those of http.DefaultTransport; what that one has and this has
// not is a proxy, which would be a host of nobody's.
type door struct {
	register []party.Party
	way      *http.Transport
}

func newDoor(abreast int) *door {
	return &door{register(), &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   abreast,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}}
}

// register is that of the region which the Lambda runtime names; where it names none, nothing of a region can be reached.
func register() []party.Party { return party.Register(os.Getenv("AWS_REGION")) }

// RoundTrip is called for every request, also for one that a library redirects by itself.
func (d *door) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := passes(d.register, request.URL); err != nil {
		if request.Body != nil {
			_ = request.Body.Close() // as a RoundTripper must
		}
		return nil, err
	}
	return d.way.RoundTrip(request)
}

// CloseIdleConnections is what http.Client asks of its transport.
func (d *door) CloseIdleConnections() { d.way.CloseIdleConnections() }

// Refused says that an address was not reached, and why. It names the host alone, because an address may hold codes.
type Refused struct {
	Host string
	Why  string
}

func (r *Refused) Error() string { return fmt.Sprintf("refusing to reach %q: %s", r.Host, r.Why) }

// LogClass is what a log line says: a configured host is an operator's to correct.
func (r *Refused) LogClass() string { return "outbound.Refused" }

// RetryableError is what AWS's SDK asks, which would try again otherwise.
func (r *Refused) RetryableError() bool { return false }

// Refusal finds what this package refused in an error's chain; nil where something else went wrong.
func Refusal(err error) error {
	if refused, found := errors.AsType[*Refused](err); found {
		return refused
	}
	return nil
}

const (
	unlisted = "it is nobody's in the register of outside parties: correct the address in the template's parameters, " +
		"or add its party to shared/party/register.go"
	malformed = "an outside party's address begins with https:// and names neither a user nor a port"
)

func passes(register []party.Party, address *url.URL) error {
	host := address.Hostname()
	if party.Loopback(host) {
		return nil
	}
	if address.Scheme != "https" || address.User != nil || address.Port() != "" && address.Port() != "443" {
		return &Refused{host, malformed}
	}
	return listed(register, host)
}

// Host says whether a host that speaks another protocol than HTTP may be reached: nil, or why not.
func Host(host string) error {
	if party.Loopback(host) {
		return nil
	}
	return listed(register(), host)
}

// listed compares ASCII alone: folding other letters would turn look-alikes, as the Kelvin sign is one of k, into the real ones.
func listed(register []party.Party, host string) error {
	for i := range len(host) {
		if host[i] >= 0x80 {
			return &Refused{host, unlisted}
		}
	}
	if _, known := party.Of(register, strings.ToLower(host)); !known {
		return &Refused{host, unlisted}
	}
	return nil
}
