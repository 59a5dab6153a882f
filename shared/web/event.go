package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/problem"
)

// check gives the event in the form in which the adapter certainly takes it. The adapter answers what it cannot read with
// a function error and prints the whole address; so such an event takes the normal way with nothing in it but its context,
// and the problem says what the caller did wrong.
func (d *desk) check(event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPRequest, error) {
	event.RequestContext.DomainName = d.host
	if event.RawPath == "" {
		event.RawPath = event.RequestContext.HTTP.Path
	}
	event.RawPath = strings.NewReplacer("?", "%3F", "#", "%23").Replace(event.RawPath)
	event.RawQueryString = strings.ReplaceAll(event.RawQueryString, "#", "%23")
	event.QueryStringParameters = nil       // they have lost order and repetition; the raw query has both
	event.Headers, event.Cookies = nil, nil // restore puts them back unharmed

	if err := readable(event); err != nil {
		event.RawPath, event.RawQueryString, event.Body, event.IsBase64Encoded = "/", "", "", false
		event.RequestContext.HTTP.Method = http.MethodGet
		return event, err
	}
	return event, nil
}

func readable(event events.APIGatewayV2HTTPRequest) error {
	if event.RequestContext.TimeEpoch <= 0 {
		return errNoTime
	}
	path, err := url.PathUnescape(event.RawPath)
	if err != nil || !plain(path) {
		return malformed("malformed_path", "The path of this address is not valid: encode it as RFC 3986 says.")
	}
	query, err := url.ParseQuery(event.RawQueryString)
	if err != nil || !plainQuery(query) {
		return malformed("malformed_query", "The query of this address is not valid: encode it as RFC 3986 says.")
	}
	if event.IsBase64Encoded {
		if _, err := base64.StdEncoding.DecodeString(event.Body); err != nil {
			return malformed("malformed_body", "The body of this request is not valid base64.")
		}
	}
	address := "https://" + event.RequestContext.DomainName + "/" + event.RawPath + "?" + event.RawQueryString
	if _, err := http.NewRequest(event.RequestContext.HTTP.Method, address, nil); err != nil { //nolint:noctx // it is never sent
		return malformed("malformed_request", "This request is not valid HTTP.")
	}
	return nil
}

func malformed(code, sentence string) *problem.Problem {
	return problem.New(problem.Invalid, code, sentence)
}

// plain says whether text can stand in a database and in a log line: UTF-8 without NUL.
func plain(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

func plainQuery(query url.Values) bool {
	for name, values := range query {
		if !plain(name) || !plain(strings.Join(values, "")) {
			return false
		}
	}
	return true
}

// restore gives the request the headers exactly as they came: the adapter cuts every header it does not know at its
// commas, Stripe-Signature and Idempotency-Key among them, and hands cookies over as several headers.
func restore(r *http.Request, event events.APIGatewayV2HTTPRequest) {
	r.Header = http.Header{}
	for name, value := range event.Headers {
		name = http.CanonicalHeaderKey(name)
		// The adapter's own accessors believe these headers, so a client could send itself another address.
		if strings.HasPrefix(name, "X-Golambdaproxy-") || name == "Host" {
			continue
		}
		r.Header[name] = []string{value}
	}
	if len(event.Cookies) > 0 {
		r.Header["Cookie"] = []string{strings.Join(event.Cookies, "; ")}
	}
}

// encodedSlash finds an id like "a%2Fb", which http.ServeMux hands to the story as "a/b".
func encodedSlash(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.URL.EscapedPath()), "%2f")
}

func hostOf(origin string) string {
	if u, err := url.Parse(origin); err == nil {
		return u.Host
	}
	return ""
}
