package testbed

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Between puts a server before one of the parts: first sees every request, and where it returns false, it has answered (or
// panicked with http.ErrAbortHandler, which cuts the connection); then, if not nil, sees what was answered before the
// caller does. It returns the address to use in place of the part's.
func Between(t testing.TB, part string, first func(http.ResponseWriter, *http.Request) bool, then func(*http.Response)) string {
	t.Helper()
	target, err := url.Parse(part)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		// The Host stays the caller's, because signatures of S3 requests cover it.
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		ModifyResponse: func(r *http.Response) error {
			if then != nil {
				then(r)
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
