package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/awslabs/aws-lambda-go-api-proxy/core"

	"nanoflux.ai/backend/shared/logline"
)

// Each test here pins one fault of aws-lambda-go-api-proxy v0.16.2 that this package makes good.

func TestHeadersArriveAsTheyWereSent(t *testing.T) {
	sent := map[string]string{
		"stripe-signature":  "t=1492774577,v1=5257a869e7,v0=6ffbb59b2",
		"idempotency-key":   "first,second",
		"if-none-match":     `W/"67ab43", "54ed21",  "7892dd"`,
		"user-agent":        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0",
		"if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT",
		"x-anything":        " a , b ",
	}
	var got http.Header
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error { got = r.Header; return nil })
	b.send(ask(t, "GET", "/things", func(e *event) { e.Headers = sent }))
	for name, value := range sent {
		if values := got.Values(name); len(values) != 1 || values[0] != value {
			t.Errorf("%s arrived as %q, was sent as %q", name, values, value)
		}
	}
}

func TestAClientCannotSpeakForTheGateway(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, r *http.Request) error {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "golambdaproxy") {
				t.Errorf("%s came through", name)
			}
		}
		accessor := core.RequestAccessorV2{}
		if c, err := accessor.GetAPIGatewayContextV2(r); err == nil {
			t.Errorf("the adapter believes the client's context %+v", c)
		}
		if got := Address(r); got != netip.MustParseAddr("203.0.113.7") {
			t.Errorf("address %s", got)
		}
		return nil
	})
	b.send(ask(t, "GET", "/things",
		header("x-golambdaproxy-apigw-context", `{"http":{"sourceIp":"6.6.6.6"}}`),
		header("X-GoLambdaProxy-ApiGw-StageVars", `{}`),
		header("x-forwarded-for", "6.6.6.6, 203.0.113.7"), header("x-real-ip", "6.6.6.6"), header("cf-connecting-ip", "6.6.6.6")))
}

func TestAddressOfBothFamilies(t *testing.T) {
	for text, want := range map[string]netip.Addr{
		"203.0.113.7": netip.MustParseAddr("203.0.113.7"), "2001:db8::1": netip.MustParseAddr("2001:db8::1"),
		"::ffff:203.0.113.7": netip.MustParseAddr("203.0.113.7"), "": {}, "nonsense": {},
	} {
		b := story(t, func(_ http.ResponseWriter, r *http.Request) error {
			if got := Address(r); got != want {
				t.Errorf("%q is %s", text, got)
			}
			return nil
		})
		b.send(ask(t, "GET", "/", func(e *event) { e.RequestContext.HTTP.SourceIP = text }))
	}
}

func TestAStoryThatWritesNothingIs200(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error { w.Header().Set("X-Story", "told"); return nil })
	if a := b.send(ask(t, "GET", "/things")); a.status != 200 || a.header.Get("X-Story") != "told" || a.body != "" {
		t.Errorf("got %+v", a)
	}
}

func TestWhatCannotBeReadIs400NotAFunctionError(t *testing.T) {
	secret := "code=4/0AY0e-g7-secret"
	for name, c := range map[string]struct {
		code   string
		change func(*event)
	}{
		"a percent sign at the end": {"malformed_path", func(e *event) { e.RawPath = "/files/100%" }},
		"percent garbage":           {"malformed_path", func(e *event) { e.RawPath = "/files/%zz" }},
		"a NUL in the path":         {"malformed_path", func(e *event) { e.RawPath = "/files/%00" }},
		"no UTF-8 in the path":      {"malformed_path", func(e *event) { e.RawPath = "/files/%ff" }},
		"a control character":       {"malformed_request", func(e *event) { e.RawPath = "/files/\n" }},
		"garbage in the query":      {"malformed_query", func(e *event) { e.RawQueryString += "&a=%zz" }},
		"a NUL in the query":        {"malformed_query", func(e *event) { e.RawQueryString += "&a=%00" }},
		"a semicolon in the query":  {"malformed_query", func(e *event) { e.RawQueryString += ";a" }},
		"invalid base64":            {"malformed_body", func(e *event) { e.Body, e.IsBase64Encoded = "***", true }},
		"a method with a space":     {"malformed_request", func(e *event) { e.RequestContext.HTTP.Method = "GE T" }},
	} {
		t.Run(name, func(t *testing.T) {
			b := story(t, func(http.ResponseWriter, *http.Request) error { t.Error("the story was told"); return nil })
			printed := capture(t, func() { b.send(ask(t, "POST", "/login/callback", query(secret), c.change)).refused(400, c.code) })
			if strings.Contains(printed+b.logs.String(), "secret") || printed != "" {
				t.Errorf("printed %q, logged %s", printed, b.logs.String())
			}
			if l := b.line(); l["status"] != 400.0 || l["code"] != c.code || l["level"] != "INFO" {
				t.Errorf("logged %v", l)
			}
		})
	}
}

// capture gives what was written to standard output and to the standard logger meanwhile.
func capture(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout, writer := os.Stdout, log.Writer()
	os.Stdout = file
	log.SetOutput(file)
	defer func() { os.Stdout = stdout; log.SetOutput(writer) }()
	do()
	text, _ := os.ReadFile(file.Name())
	return string(text)
}

func TestTheStandardLoggerKeepsAddressesToItself(t *testing.T) {
	var out bytes.Buffer
	writer, flags := log.Writer(), log.Flags()
	defer func() { log.SetOutput(writer); log.SetFlags(flags) }()
	logline.QuietLibraries(&out)
	log.Printf("parse %q: invalid URL escape", "https://example.com/login/callback?code=secret")
	if !json.Valid(out.Bytes()) || strings.Contains(out.String(), "secret") || strings.Contains(out.String(), "callback") {
		t.Errorf("printed %s", out.String())
	}
}

func TestAPanicIs500AndTheProcessGoesOn(t *testing.T) {
	var none map[string]int
	broken := 0
	b := newBench(t, Routes{
		"GET /custom":  func(http.ResponseWriter, *http.Request) error { panic("ann@example.com typed: a red fox") },
		"GET /runtime": func(http.ResponseWriter, *http.Request) error { none["a"] = 1; return nil },
		"GET /index": func(w http.ResponseWriter, _ *http.Request) error {
			fmt.Fprint(w, "half")
			_ = "abc"[broken-1:]
			return nil
		},
		"GET /whole": say("whole"),
	})
	for path, class := range map[string]string{"/custom": "panic:string", "/runtime": "panic:assignment_to_entry_in_nil_map", "/index": "panic:slice_bounds_out_of_range_[-1:]"} {
		b.send(ask(t, "GET", path)).refused(500, "internal_error")
		if l := b.line(); l["error"] != class || l["level"] != "ERROR" || l["code"] != "internal_error" {
			t.Errorf("logged %v", l)
		}
	}
	if !strings.Contains(b.stacks.String(), "adapter_test.go") || !strings.Contains(b.stacks.String(), "JKJaXmPLvHcESHA=") {
		t.Errorf("no place: %s", b.stacks.String())
	}
	if both := b.stacks.String() + b.logs.String(); strings.Contains(both, "ann") || strings.Contains(both, "fox") {
		t.Errorf("the panic's text is in the log: %s", both)
	}
	if a := b.send(ask(t, "GET", "/whole")); a.body != "whole" {
		t.Errorf("got %q", a.body)
	}
}

func TestSeveralCookiesGoBothWays(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, r *http.Request) error {
		for name, want := range map[string]string{"a": "1", "b": "2,3", "c": "4"} {
			if c, err := r.Cookie(name); err != nil || c.Value != want {
				t.Errorf("%s is %v", name, c)
			}
		}
		if got := r.Header.Get("Cookie"); got != "a=1; b=2,3; c=4" {
			t.Errorf("header %q", got)
		}
		http.SetCookie(w, &http.Cookie{Name: "d", Value: "5"})
		http.SetCookie(w, &http.Cookie{Name: "e", Value: "6"})
		return nil
	})
	a := b.send(ask(t, "GET", "/", func(e *event) { e.Cookies = []string{"a=1", "b=2,3", "c=4"} }))
	if !slices.Equal(a.cookies, []string{"d=5", "e=6"}) || a.header.Get("Set-Cookie") != "" {
		t.Errorf("cookies %q, header %q", a.cookies, a.header.Get("Set-Cookie"))
	}
}

func TestAnEncodedSlashIsNotFound(t *testing.T) {
	b := newBench(t, Routes{"GET /images/{id}": func(_ http.ResponseWriter, r *http.Request) error {
		t.Errorf("told for %q", r.PathValue("id"))
		return nil
	}})
	for _, path := range []string{"/images/a%2Fb", "/images/a%2fb", "/images/%2F", "/images/a/b", "/images//a", "/images/../images/a", "//images/a", "/images", "/images/"} {
		b.send(ask(t, "GET", path)).refused(404, "not_found")
	}
}

func TestADecodedPathStaysAPath(t *testing.T) {
	b := newBench(t, Routes{"GET /files/{name}": func(_ http.ResponseWriter, r *http.Request) error {
		if got := r.PathValue("name"); got != "a?b#c d" || r.URL.RawQuery != "q=1" {
			t.Errorf("got %q, query %q", got, r.URL.RawQuery)
		}
		return nil
	}})
	if a := b.send(ask(t, "GET", "/files/a?b#c d", query("q=1"))); a.status != 200 {
		t.Errorf("got %d", a.status)
	}
}

func TestBytesAreBase64BothWays(t *testing.T) {
	bytes := string([]byte{0xff, 0xd8, 0, 0xfe, '\r', '\n'})
	b := story(t, func(w http.ResponseWriter, r *http.Request) error {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "image/jpeg")
		_, err := w.Write(body)
		return err
	})
	a := b.send(ask(t, "POST", "/", func(e *event) { e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(bytes)), true }))
	if !a.base64 || a.body != bytes || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("got %q", a.body)
	}
	if text := b.send(ask(t, "POST", "/", func(e *event) { e.Body = "grün" })); text.base64 || text.body != "grün" {
		t.Errorf("got %q", text.body)
	}
}

func TestTheGatewaysNameForUsIsNotBelieved(t *testing.T) {
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error {
		if r.Host != "example.com" || r.URL.Host != "example.com" {
			t.Errorf("host %q", r.Host)
		}
		return nil
	})
	for _, name := range []string{"", "evil.example", "%zz", "d-xyz.execute-api.us-east-1.amazonaws.com"} {
		if a := b.send(ask(t, "GET", "/", header("host", name), func(e *event) { e.RequestContext.DomainName = name })); a.status != 200 {
			t.Errorf("got %d for %q", a.status, name)
		}
	}
}

func TestHandlerIsWhatLambdaRuns(t *testing.T) {
	printed := capture(t, func() {
		response, err := Handler(origin, Routes{"GET /things": say("hello")})(context.Background(), ask(t, "GET", "/things"))
		if err != nil || response.StatusCode != 200 || response.Body != "hello" {
			t.Errorf("got %+v, %v", response, err)
		}
	})
	if !strings.Contains(printed, `"msg":"request"`) || strings.Count(printed, "\n") != 1 {
		t.Errorf("printed %q", printed)
	}
}
