package bucket

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
)

// A Gate stands before a server and can refuse everything, as a bucket does whose token was withdrawn.
type Gate struct {
	proxy   *httputil.ReverseProxy
	refuses atomic.Bool
}

// NewGate stands before the server at an origin. The host that was signed stays as it is, or no signature would hold.
func NewGate(origin string) (*Gate, error) {
	target, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	return &Gate{proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
	}}, nil
}

// Refuse says whether everything is refused from now on. Clients do not repeat what is refused, so that an outage costs no waiting.
func (g *Gate) Refuse(everything bool) { g.refuses.Store(everything) }

func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.refuses.Load() {
		g.proxy.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`)
}
