package visitor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Handler is what web.Handler gives.
type Handler = func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Change makes another request of the one in event.json.
type Change = func(*events.APIGatewayV2HTTPRequest)

// Send hands the function the request of its event.json, body and headers included, with the visitor's cookie, another
// target (a path, perhaps with a query) and the changes, at this moment. It asks for JSON, so that refusals are documents.
func (v Visitor) Send(t testing.TB, handler Handler, method, target string, changes ...Change) Reply {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatalf("event.json: %v", err)
	}
	event.RawPath, event.RawQueryString, _ = strings.Cut(target, "?")
	event.RequestContext.HTTP.Path, event.RequestContext.HTTP.Method = event.RawPath, method
	event.RequestContext.TimeEpoch = time.Now().UnixMilli()
	event.Cookies, event.Headers["accept"] = nil, "application/json"
	if v.Token != "" {
		event.Cookies = []string{"__Host-session=" + v.Token}
	}
	for _, change := range changes {
		change(&event)
	}
	answer, err := handler(t.Context(), event)
	if err != nil {
		t.Fatalf("%s %s: the function fails: %v", method, target, err)
	}
	return read(t, answer, event.RequestContext.RequestID)
}

// Body sends a value as JSON; a string is sent as it is.
func Body(value any) Change {
	return func(event *events.APIGatewayV2HTTPRequest) {
		text, ok := value.(string)
		if !ok {
			encoded, _ := json.Marshal(value) // the tests' own maps
			text = string(encoded)
		}
		event.Body = text
		event.Headers["content-type"] = "application/json"
	}
}

// Header sets a header, in lower case as API Gateway sends them; "" takes it away.
func Header(name, value string) Change {
	return func(event *events.APIGatewayV2HTTPRequest) {
		if event.Headers[name] = value; value == "" {
			delete(event.Headers, name)
		}
	}
}

// Cookie sends one more cookie.
func Cookie(name, value string) Change {
	return func(event *events.APIGatewayV2HTTPRequest) { event.Cookies = append(event.Cookies, name+"="+value) }
}

// At sends the request at another time.
func At(at time.Time) Change {
	return func(event *events.APIGatewayV2HTTPRequest) { event.RequestContext.TimeEpoch = at.UnixMilli() }
}

// Reply is a function's answer.
type Reply struct {
	Status  int
	Header  http.Header
	Cookies []string // each as it goes into a Set-Cookie header
	Body    string
	t       testing.TB
}

// read checks what every reply has: the request's id and the security headers.
func read(t testing.TB, answer events.APIGatewayV2HTTPResponse, requestID string) Reply {
	t.Helper()
	r := Reply{Status: answer.StatusCode, Header: http.Header{}, Cookies: answer.Cookies, Body: answer.Body, t: t}
	for name, value := range answer.Headers {
		r.Header.Set(name, value)
	}
	for name, values := range answer.MultiValueHeaders {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if answer.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		r.Body = string(body)
	}
	for name, want := range map[string]string{
		"X-Request-Id": requestID, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("the reply's %s is %q, not %q", name, got, want)
		}
	}
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the reply's Content-Security-Policy is %q", policy)
	}
	if r.Header.Get("Permissions-Policy") == "" {
		t.Error("the reply has no Permissions-Policy")
	}
	return r
}

// Into reads the body as JSON after checking the status.
func (r Reply) Into(status int, value any) Reply {
	r.t.Helper()
	r.Is(status)
	if err := json.Unmarshal([]byte(r.Body), value); err != nil {
		r.t.Fatalf("the body is not the JSON expected: %v: %s", err, r.Body)
	}
	return r
}

// Is fails the test unless the reply has this status.
func (r Reply) Is(status int) Reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("answers %d, not %d: %s", r.Status, status, r.Body)
	}
	return r
}

// Refuses fails the test unless the reply is a problem document of this status and code with a sentence. fields are names
// that its fields must explain.
func (r Reply) Refuses(status int, code string, fields ...string) Reply {
	r.t.Helper()
	var told struct {
		Title, Detail, Code string
		Status              int
		RequestID           string `json:"request_id"`
		Fields              map[string]string
	}
	if err := json.Unmarshal([]byte(r.Body), &told); err != nil || r.Status != status || told.Status != status || told.Code != code {
		r.t.Errorf("answers %d %s, not %d %s", r.Status, r.Body, status, code)
		return r
	}
	if r.Header.Get("Content-Type") != "application/problem+json" || told.Title == "" || len(told.Detail) < 10 || told.RequestID != r.Header.Get("X-Request-Id") {
		r.t.Errorf("the problem is not complete: %v %s", r.Header, r.Body)
	}
	for _, field := range fields {
		if told.Fields[field] == "" {
			r.t.Errorf("the problem does not say what is wrong with %s: %s", field, r.Body)
		}
	}
	return r
}
