package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

const origin = "https://example.com"

// received is a payload-2.0 event as API Gateway writes it (its developer guide, "Working with AWS Lambda proxy integrations").
const received = `{
  "version": "2.0", "routeKey": "$default", "rawPath": "/things", "rawQueryString": "",
  "headers": {"host": "example.com", "user-agent": "curl/8.5.0", "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"},
  "requestContext": {
    "accountId": "123456789012", "apiId": "api-id", "domainName": "d-xyz.execute-api.us-east-1.amazonaws.com", "domainPrefix": "d-xyz",
    "http": {"method": "GET", "path": "/things", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
    "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default", "time": "12/Mar/2033:19:03:58 +0000", "timeEpoch": 1994346238123
  },
  "isBase64Encoded": false
}`

type event = events.APIGatewayV2HTTPRequest

// ask is an event for a method and a path, with more said about it by the changes.
func ask(t *testing.T, method, path string, changes ...func(*event)) event {
	t.Helper()
	var e event
	if err := json.Unmarshal([]byte(received), &e); err != nil {
		t.Fatal(err)
	}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path, e.RawPath = method, path, path
	for _, change := range changes {
		change(&e)
	}
	return e
}

func header(name, value string) func(*event) { return func(e *event) { e.Headers[name] = value } }

func query(raw string) func(*event) { return func(e *event) { e.RawQueryString = raw } }

func jsonBody(text string) func(*event) {
	return func(e *event) { e.Body, e.Headers["content-type"] = text, "application/json" }
}

// bench is a desk whose log lines and stacks can be read.
type bench struct {
	*desk
	t            *testing.T
	logs, stacks bytes.Buffer
}

func newBench(t *testing.T, routes Routes) *bench {
	b := &bench{t: t}
	b.desk = newDesk(origin, routes, &b.logs, &b.stacks)
	return b
}

// story is a bench with one story, for every method and path.
func story(t *testing.T, tell Story) *bench { return newBench(t, Routes{"/": tell}) }

// send sends an event as Lambda would; a function error fails the test.
func (b *bench) send(e event) answer {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11"})
	return b.sendWith(ctx, e)
}

func (b *bench) sendWith(ctx context.Context, e event) answer {
	b.t.Helper()
	response, err := b.handle(ctx, e)
	if err != nil {
		b.t.Fatalf("the function failed: %v", err)
	}
	a := answer{t: b.t, status: response.StatusCode, header: http.Header{}, body: response.Body, cookies: response.Cookies, base64: response.IsBase64Encoded}
	for name, value := range response.Headers {
		a.header.Set(name, value)
	}
	if a.base64 {
		body, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			b.t.Fatal(err)
		}
		a.body = string(body)
	}
	return a
}

type answer struct {
	t       *testing.T
	status  int
	header  http.Header
	body    string
	cookies []string
	base64  bool
}

// refused checks that the answer is a problem document and gives it.
func (a answer) refused(status int, code string) document {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Fatalf("content type %q, status %d, body %s", got, a.status, a.body)
	}
	var d document
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		a.t.Fatal(err)
	}
	if a.status != status || d.Status != status || d.Code != code {
		a.t.Fatalf("got %d %s, want %d %s", a.status, d.Code, status, code)
	}
	if d.Type != "about:blank" || d.Title != http.StatusText(status) || d.Detail == "" || d.RequestID != "JKJaXmPLvHcESHA=" {
		a.t.Fatalf("incomplete problem: %s", a.body)
	}
	return d
}

// line gives the log's last line.
func (b *bench) line() (l map[string]any) {
	b.t.Helper()
	lines := bytes.Split(bytes.TrimSpace(b.logs.Bytes()), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &l); err != nil {
		b.t.Fatalf("no line of JSON: %s", b.logs.String())
	}
	return l
}

func say(text string) Story {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, text)
		return err
	}
}
