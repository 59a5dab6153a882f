// Package gateway is the HTTP API in front of the functions.
package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/template"
)

// Limits of an HTTP API; none of them can be raised.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	IntegrationTimeout = 30 * time.Second
	BodyLimit          = 10 << 20 // bytes
	HeaderLimit        = 10240    // bytes of request line and headers
)

// Config says where requests go.
type Config struct {
	Routes []template.Route
	Invoke func(ctx context.Context, name string, payload []byte) (lambda.Result, error)
	Now    func() time.Time // gives requests their time; nil for the real one
}

type api struct {
	Config
	routes routes
}

// New gives the HTTP API. The server that it is put into must let headers of more than HeaderLimit
// through, as Go's does, so that they are answered with 431.
func New(config Config) http.Handler {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &api{config, newRoutes(config.Routes)}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if address, numeric := onLocalhost(r); numeric {
		redirect(w, r, address)
		return
	}
	id := requestID()
	w.Header().Set("Apigw-Requestid", id)
	if headerSize(r) > HeaderLimit {
		refuse(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	found, parameters := a.routes.match(r.Method, r.URL.EscapedPath())
	if found == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, BodyLimit))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	payload, err := newEvent(r, body, found.key, parameters, id, a.Now())
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	// A browser that goes away does not stop a function.
	ctx, done := context.WithTimeout(context.WithoutCancel(r.Context()), IntegrationTimeout)
	defer done()
	result, err := a.Invoke(ctx, found.function, payload)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambda.ErrThrottled):
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil || result.FunctionError != "" || !write(w, result.Payload):
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	}
}

// refuse answers in API Gateway's own words.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":"`+message+`"}`)
}

// headerSize counts request line and headers as they came over the wire.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n") + len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

// onLocalhost gives the address to use instead of a loopback number: browsers keep secure cookies
// for http://localhost only.
func onLocalhost(r *http.Request) (string, bool) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if address := net.ParseIP(host); address == nil || !address.IsLoopback() {
		return "", false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "http://localhost", true
	}
	return "http://localhost:" + port, true
}

func redirect(w http.ResponseWriter, r *http.Request, address string) {
	status := http.StatusTemporaryRedirect // keeps method and body
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		status = http.StatusFound
	}
	target := address + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(status)
}
