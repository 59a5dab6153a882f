package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/template"
)

var everything = []template.Route{{Function: "F"}}

// seen is what a function got, and what it answers.
type seen struct {
	name    string
	payload []byte
	answer  string
}

func (s *seen) invoke(_ context.Context, name string, payload []byte) (lambda.Result, error) {
	s.name, s.payload = name, payload
	return lambda.Result{Payload: []byte(s.answer)}, nil
}

// send sends a request as it is written over a real connection.
func send(t *testing.T, handler http.Handler, request string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	go func() { _, _ = io.WriteString(connection, request) }()
	reply, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply, string(body)
}

const golden = `{
  "version": "2.0",
  "routeKey": "POST /api/images/{id}",
  "rawPath": "/api/images/a/b c",
  "rawQueryString": "tag=x%20y&tag=z&empty",
  "cookies": ["a=1", "b=2", "c=3"],
  "headers": {
    "accept": "text/html,image/png", "content-length": "7", "content-type": "application/json; charset=utf-8",
    "host": "localhost:8080", "user-agent": "probe/1", "x-forwarded-for": "9.9.9.9, 127.0.0.1",
    "x-forwarded-port": "8080", "x-forwarded-proto": "http"
  },
  "queryStringParameters": {"tag": "x y,z", "empty": ""},
  "requestContext": {
    "accountId": "123456789012", "apiId": "local", "domainName": "localhost", "domainPrefix": "localhost",
    "http": {"method": "POST", "path": "/api/images/a/b c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "probe/1"},
    "requestId": "ID", "routeKey": "POST /api/images/{id}", "stage": "$default",
    "time": "24/Dec/2033:06:07:08 +0000", "timeEpoch": 2019017228009
  },
  "pathParameters": {"id": "a/b c"},
  "body": "{\"a\":1}",
  "isBase64Encoded": false
}`

func TestARequestBecomesThePayload20Event(t *testing.T) {
	function := &seen{answer: `{"statusCode":204}`}
	handler := New(Config{
		Routes: []template.Route{{Function: "Image", Method: "POST", Path: "/api/images/{id}"}},
		Invoke: function.invoke,
		Now:    func() time.Time { return time.Date(2033, 12, 24, 7, 7, 8, 9e6, time.FixedZone("CET", 3600)) },
	})
	reply, _ := send(t, handler, "POST /api/images/a%2Fb%20c?tag=x%20y&tag=z&empty HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: probe/1\r\n"+
		"Accept: text/html\r\nAccept: image/png\r\nCookie: a=1; b=2\r\nCookie: c=3\r\nX-Forwarded-For: 9.9.9.9\r\n"+
		"Content-Type: application/json; charset=utf-8\r\nContent-Length: 7\r\n\r\n{\"a\":1}")
	if reply.StatusCode != 204 || function.name != "Image" {
		t.Errorf("%s from %s", reply.Status, function.name)
	}
	wanted := strings.Replace(golden, `"ID"`, `"`+reply.Header.Get("Apigw-Requestid")+`"`, 1)
	if got, want := indent(t, function.payload), indent(t, []byte(wanted)); got != want {
		t.Errorf("event:\n%s\nwant:\n%s", got, want)
	}
}

// indent writes JSON with sorted keys.
func indent(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	sorted, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestBodiesThatAreNotTextAreEncoded(t *testing.T) {
	for _, c := range []struct {
		kind, body, want string
		encoded          bool
	}{
		{"text/plain; charset=utf-8", "ä", "ä", false},
		{"application/json", "{}", "{}", false},
		{"application/xml", "<a/>", "<a/>", false},
		{"application/json", "\xff", "/w==", true},
		{"image/png", "abc", "YWJj", true},
		{"application/x-www-form-urlencoded", "a=1", "YT0x", true},
		{"", "abc", "YWJj", true},
		{"image/png", "", "", false},
	} {
		function := &seen{answer: `{"statusCode":200}`}
		request := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
		request.Header.Set("Content-Type", c.kind)
		New(Config{Routes: everything, Invoke: function.invoke}).ServeHTTP(httptest.NewRecorder(), request)
		var got event
		if err := json.Unmarshal(function.payload, &got); err != nil {
			t.Fatal(err)
		}
		if got.Body != c.want || got.IsBase64Encoded != c.encoded {
			t.Errorf("%q of type %q: %q, encoded %v", c.body, c.kind, got.Body, got.IsBase64Encoded)
		}
	}
}

func TestAnAnswerBecomesTheReply(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		kind, body   string
	}{
		{"plain", `{"statusCode":201,"headers":{"content-type":"text/html"},"body":"hi"}`, 201, "text/html", "hi"},
		{"base64", `{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"/w==","isBase64Encoded":true}`, 200, "image/png", "\xff"},
		{"status in quotes", `{"statusCode":"404"}`, 404, "", ""},
		{"no type", `{"statusCode":200,"body":"<html>"}`, 200, "text/plain; charset=utf-8", "<html>"},
		{"no status", `{"id": 1}`, 200, "application/json", `{"id": 1}`},
		{"text", `"hello"`, 200, "application/json", "hello"},
		{"list", `[1]`, 200, "application/json", "[1]"},
		{"null", `null`, 200, "application/json", "null"},
		{"not JSON", `oops`, 500, "application/json", `{"message":"Internal Server Error"}`},
		{"empty", ``, 500, "application/json", `{"message":"Internal Server Error"}`},
		{"status no number", `{"statusCode":"fine"}`, 500, "application/json", `{"message":"Internal Server Error"}`},
		{"status impossible", `{"statusCode":99}`, 500, "application/json", `{"message":"Internal Server Error"}`},
		{"headers no mapping", `{"headers":[],"statusCode":200}`, 500, "application/json", `{"message":"Internal Server Error"}`},
		{"base64 broken", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, "application/json", `{"message":"Internal Server Error"}`},
	} {
		recorder := httptest.NewRecorder()
		New(Config{Routes: everything, Invoke: (&seen{answer: c.answer}).invoke}).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		if recorder.Code != c.status || recorder.Header().Get("Content-Type") != c.kind || recorder.Body.String() != c.body {
			t.Errorf("%s: %d %q %q", c.name, recorder.Code, recorder.Header().Get("Content-Type"), recorder.Body)
		}
	}
}

func TestCookiesBecomeSeveralHeaders(t *testing.T) {
	function := &seen{answer: `{"statusCode":200,"cookies":["a=1; Path=/","b=2"],"headers":{"x-a":"1,2"},"multiValueHeaders":{"x-b":["1"]}}`}
	recorder := httptest.NewRecorder()
	New(Config{Routes: everything, Invoke: function.invoke}).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
	if got := strings.Join(recorder.Header()["Set-Cookie"], "|"); got != "a=1; Path=/|b=2" {
		t.Errorf("cookies: %s", got)
	}
	if recorder.Header().Get("X-A") != "1,2" || recorder.Header().Get("X-B") != "" {
		t.Errorf("headers: %v", recorder.Header())
	}
}

func TestLimitsAnswerLikeAPIGateway(t *testing.T) {
	handler := New(Config{Routes: everything, Invoke: (&seen{answer: `{"statusCode":200,"body":"ok"}`}).invoke})
	line := "POST / HTTP/1.1\r\nHost: localhost\r\nX-Fill: "
	fill := func(total int) string { return strings.Repeat("x", total-len(line)-len("\r\n")) }
	for _, c := range []struct {
		name, request, body string
		status              int
	}{
		{"headers at the limit", line + fill(HeaderLimit) + "\r\n\r\n", "ok", 200},
		{"headers above the limit", line + fill(HeaderLimit+1) + "\r\n\r\n", `{"message":"Request Header Fields Too Large"}`, 431},
		{"body at the limit", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\n\r\n" + strings.Repeat("x", BodyLimit), "ok", 200},
		{"body above the limit", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485761\r\n\r\n" + strings.Repeat("x", BodyLimit+1), `{"message":"Request Entity Too Large"}`, 413},
	} {
		if reply, body := send(t, handler, c.request); reply.StatusCode != c.status || body != c.body {
			t.Errorf("%s: %s, %.100s", c.name, reply.Status, body)
		}
	}
}

func TestFailuresOfAFunctionAnswerLikeAPIGateway(t *testing.T) {
	for _, c := range []struct {
		result lambda.Result
		err    error
		status int
	}{
		{lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"statusCode":200}`)}, nil, 500},
		{lambda.Result{}, lambda.ErrTooLarge, 500},
		{lambda.Result{}, lambda.ErrThrottled, 503},
		{lambda.Result{}, errors.New("unknown"), 500},
	} {
		recorder := httptest.NewRecorder()
		New(Config{Routes: everything, Invoke: func(context.Context, string, []byte) (lambda.Result, error) {
			return c.result, c.err
		}}).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		if recorder.Code != c.status || !strings.HasPrefix(recorder.Body.String(), `{"message":`) {
			t.Errorf("%+v, %v: %d %s", c.result, c.err, recorder.Code, recorder.Body)
		}
	}
}

func TestAFunctionThatTakes30SecondsGives503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		recorder := httptest.NewRecorder()
		New(Config{Routes: everything, Invoke: func(ctx context.Context, _ string, _ []byte) (lambda.Result, error) {
			<-ctx.Done()
			return lambda.Result{}, ctx.Err()
		}}).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		if took := time.Since(began); took != 30*time.Second || recorder.Code != 503 || recorder.Body.String() != `{"message":"Service Unavailable"}` {
			t.Errorf("%d %s after %v", recorder.Code, recorder.Body, took)
		}
	})
}

func TestABrowserThatGoesAwayDoesNotStopTheFunction(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	New(Config{Routes: everything, Invoke: func(ctx context.Context, _ string, _ []byte) (lambda.Result, error) {
		if ctx.Err() != nil {
			t.Error("the function's context ended with the request's")
		}
		return lambda.Result{}, nil
	}}).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", bytes.NewReader(nil)).WithContext(gone))
}

func TestLoopbackNumbersAreRedirectedToLocalhost(t *testing.T) {
	handler := New(Config{Routes: everything, Invoke: (&seen{}).invoke})
	for _, c := range []struct {
		method, host, target string
		status               int
	}{
		{"GET", "127.0.0.1:8080", "http://localhost:8080/a%20b?c=d%20e", 302},
		{"POST", "127.0.0.1:8080", "http://localhost:8080/a%20b?c=d%20e", 307},
		{"GET", "[::1]:8080", "http://localhost:8080/a%20b?c=d%20e", 302},
		{"GET", "127.0.0.1", "http://localhost/a%20b?c=d%20e", 302},
	} {
		request := httptest.NewRequest(c.method, "/a%20b?c=d%20e", nil)
		request.Host = c.host
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != c.status || recorder.Header().Get("Location") != c.target {
			t.Errorf("%s %s: %d %s", c.method, c.host, recorder.Code, recorder.Header().Get("Location"))
		}
	}
}
