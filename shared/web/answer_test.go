package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/problem"
)

func TestEveryKindOfProblemHasItsStatus(t *testing.T) {
	for kind, status := range map[problem.Kind]int{
		problem.Invalid: 400, problem.Unauthenticated: 401, problem.PaymentRequired: 402, problem.Forbidden: 403, problem.NotFound: 404,
		problem.MethodNotAllowed: 405, problem.Conflict: 409, problem.Gone: 410, problem.TooLarge: 413, problem.UnsupportedType: 415,
		problem.Unprocessable: 422, problem.TooMany: 429, problem.Unavailable: 503,
	} {
		b := story(t, func(http.ResponseWriter, *http.Request) error {
			return fmt.Errorf("wrapped: %w", problem.New(kind, "some_code", "Do something else.").In("size", "Too big.").Because(errors.New("secret cause")))
		})
		a := b.send(ask(t, "GET", "/"))
		if d := a.refused(status, "some_code"); d.Detail != "Do something else." || d.Fields["size"] != "Too big." {
			t.Errorf("got %+v", d)
		}
		if strings.Contains(a.body, "secret") || strings.Contains(b.logs.String(), "secret") {
			t.Errorf("the cause got out: %s, %s", a.body, b.logs.String())
		}
	}
}

func TestAnUnknownErrorIs500WithoutItsText(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Etag", `"1"`)
		fmt.Fprint(w, "half of the ans")
		return fmt.Errorf("read account of ann@example.com: %w", context.Canceled)
	})
	a := b.send(ask(t, "GET", "/"))
	a.refused(503, "too_slow")
	if strings.Contains(a.body, "half") || a.header.Get("Etag") != "" {
		t.Errorf("the refused answer is in there: %v %s", a.header, a.body)
	}
	b = story(t, func(http.ResponseWriter, *http.Request) error { return errors.New("ann@example.com is missing") })
	if a := b.send(ask(t, "GET", "/")); strings.Contains(a.body, "ann") || a.refused(500, "internal_error").Fields != nil {
		t.Errorf("got %s", a.body)
	}
	if l := b.line(); l["error"] != "errors.errorString" || l["code"] != "internal_error" {
		t.Errorf("logged %v", l)
	}
	b = story(t, func(http.ResponseWriter, *http.Request) error { return problem.New(0, "kindless", "No kind.") })
	b.send(ask(t, "GET", "/")).refused(500, "kindless")
}

func TestARefusalKeepsCookiesAndRetryAfter(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error {
		EndCookie(w, "__Host-oauth")
		w.Header().Set("Retry-After", "30")
		w.Header().Set("Content-Type", "text/html")
		return problem.New(problem.Unavailable, "busy", "Try again in half a minute.")
	})
	a := b.send(ask(t, "GET", "/"))
	a.refused(503, "busy")
	if a.header.Get("Retry-After") != "30" || len(a.cookies) != 1 {
		t.Errorf("got %v, %v", a.header, a.cookies)
	}
}

func TestAStoryIsToldBeforeLambdaEndsIt(t *testing.T) {
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return r.Context().Err() })
	deadline := time.Now().Add(margin + 50*time.Millisecond)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	a := b.sendWith(ctx, ask(t, "GET", "/"))
	a.refused(503, "too_slow")
	if time.Now().After(deadline) || a.header.Get("Retry-After") == "" {
		t.Errorf("too late, or no Retry-After: %v", a.header)
	}
}

func TestUnknownPathsAndMethodsAreProblems(t *testing.T) {
	b := newBench(t, Routes{"GET /things": say("things"), "POST /things": say("made"), "GET /things/{id}": say("one")})
	b.send(ask(t, "GET", "/other")).refused(404, "not_found")
	a := b.send(ask(t, "DELETE", "/things"))
	a.refused(405, "method_not_allowed")
	if got := a.header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got)
	}
	b.send(ask(t, "BREW", "/things")).refused(405, "method_not_allowed")
	b.send(ask(t, "CONNECT", "/nowhere")).refused(404, "not_found")
	if a := b.send(ask(t, "HEAD", "/things")); a.status != 200 || a.body != "" || a.header.Get("Content-Type") == "" {
		t.Errorf("HEAD gave %+v", a)
	}
}

func TestAStoryCanRefuseAMethodItself(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", "GET")
		return problem.New(problem.MethodNotAllowed, "method_not_allowed", "Only GET.")
	})
	a := b.send(ask(t, "PUT", "/"))
	if a.refused(405, "method_not_allowed"); a.header.Get("Allow") != "GET" {
		t.Errorf("Allow is %q", a.header.Get("Allow"))
	}
}

// policy P7a: TLS only, for two years. policy P10: other sites learn no address.
func TestEveryReplyCarriesTheSecurityHeaders(t *testing.T) {
	b := newBench(t, Routes{
		"GET /good": say("good"), "GET /empty": func(http.ResponseWriter, *http.Request) error { return nil },
		"GET /broken": func(http.ResponseWriter, *http.Request) error { panic("x") },
	})
	for _, e := range []event{ask(t, "GET", "/good"), ask(t, "GET", "/empty"), ask(t, "GET", "/broken"), ask(t, "GET", "/nowhere"), ask(t, "GET", "/100%")} {
		a := b.send(e)
		for name, want := range map[string]string{
			"X-Request-Id":                 "JKJaXmPLvHcESHA=",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Permissions-Policy":           "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", e.RawPath, name, got)
			}
		}
	}
}

func TestAPageBringsItsOwnPolicy(t *testing.T) {
	policy := PagePolicy("https://cdn.example.com", "https://bucket.example.com")
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("X-Content-Type-Options", "off")
		return nil
	})
	a := b.send(ask(t, "GET", "/"))
	if a.header.Get("Content-Security-Policy") != policy || a.header.Get("Cache-Control") != "public, max-age=60" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", a.header)
	}
	for _, part := range []string{"default-src 'none'", "img-src 'self' https://cdn.example.com blob:;", "connect-src 'self' https://bucket.example.com;", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%s is not in %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error(policy)
	}
}

func TestUnsafeMethodsFromAnotherOriginAreRefused(t *testing.T) {
	b := story(t, say("done"))
	for name, c := range map[string]struct {
		method, site, from string
		ok                 bool
	}{
		"another site":                   {"POST", "cross-site", "https://evil.example", false},
		"a sibling":                      {"DELETE", "same-site", "https://other.example.com", false},
		"another site, old browser":      {"POST", "", "https://evil.example", false},
		"a page without origin":          {"POST", "", "null", false},
		"a longer name":                  {"POST", "", "https://example.com.evil.example", false},
		"another port":                   {"POST", "", "https://example.com:8443", false},
		"another site, safe method":      {"GET", "cross-site", "https://evil.example", true},
		"this site":                      {"POST", "same-origin", origin, true},
		"this site, old browser":         {"PUT", "", origin, true},
		"typed by hand":                  {"POST", "none", "", true},
		"a server":                       {"POST", "", "", true},
		"a foreign method, another site": {"PATCH", "cross-site", "https://evil.example", false},
	} {
		a := b.send(ask(t, c.method, "/", func(e *event) {
			e.RequestContext.DomainName = ""
			if c.site != "" {
				e.Headers["sec-fetch-site"] = c.site
			}
			if c.from != "" {
				e.Headers["origin"] = c.from
			}
		}))
		if c.ok && a.body != "done" {
			t.Errorf("%s: refused with %s", name, a.body)
		} else if !c.ok {
			a.refused(403, "cross_origin")
		}
	}
}

func TestTheClockIsTheGateways(t *testing.T) {
	want := time.Date(2033, 3, 13, 19, 3, 58, 123e6, time.UTC)
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error {
		if got := At(r); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("it is %s", got)
		}
		return nil
	})
	b.send(ask(t, "GET", "/", func(e *event) { e.RequestContext.TimeEpoch = want.UnixMilli() }))
	b.send(ask(t, "GET", "/", func(e *event) { e.RequestContext.TimeEpoch = 0 })).refused(500, "internal_error")
}

func TestAnImpossibleOriginDoesNotStart(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it started")
		}
	}()
	Handler("example.com", Routes{})
}
