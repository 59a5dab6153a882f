package web

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

func TestOneLineARequest(t *testing.T) {
	b := newBench(t, Routes{"GET /images/{id}": func(w http.ResponseWriter, r *http.Request) error {
		Who(r, "oqmfbqxrh2kq5ynyzqa2tfj6ce")
		Alarm(r, "unclaimed_payment")
		Alarm(r, "ann@example.com")
		return say("image")(w, r)
	}})
	e := ask(t, "GET", "/images/secret-id", header("user-agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"))
	b.name = func() logline.Function { return "site" }
	b.send(e)
	want := map[string]any{"time": "2033-03-13T17:03:58.123Z", "level": "INFO", "msg": "request", "requestId": "JKJaXmPLvHcESHA=", "invocation": "5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11",
		"route": "/images/{id}", "method": "GET", "status": 200.0, "cold": true, "who": "oqmfbqxrh2kq5ynyzqa2tfj6ce", "browser": "Safari", "system": "macOS",
		"function": "site", "network": "203.0.113.0/24"}
	got := b.line()
	if ms, ok := got["ms"].(float64); !ok || ms < 0 || ms > 1000 {
		t.Errorf("ms is %v", got["ms"])
	}
	delete(got, "ms")
	if alarms := fmt.Sprint(got["alarms"]); alarms != "[unclaimed_payment withheld]" {
		t.Errorf("alarms %s", alarms)
	}
	delete(got, "alarms")
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	b.send(e)
	if b.line()["cold"] != false || strings.Count(b.logs.String(), "\n") != 2 {
		t.Errorf("logged %s", b.logs.String())
	}
}

// TestNothingPersonalIsLogged plants secrets wherever a request or a story can put text.
func TestNothingPersonalIsLogged(t *testing.T) {
	planted := []string{"ann@example.com", "a red fox, secretly", "Bearer eyJhbGciOi.secret", "secret"}
	everywhere := func(secret string) func(*event) {
		return func(e *event) {
			for _, name := range []string{"user-agent", "referer", "authorization", "origin", "x-forwarded-for", "idempotency-key", "x-request-id", "host", "content-type", "x-amzn-trace-id"} {
				e.Headers[name] = secret
			}
			e.Cookies = []string{"__Host-session=" + secret}
			e.QueryStringParameters = map[string]string{"code": secret}
			e.PathParameters = map[string]string{"id": secret}
			e.RawQueryString, e.Body, e.RouteKey, e.RequestContext.RouteKey = "code="+strings.ReplaceAll(secret, " ", "+"), secret, secret, secret
			c := &e.RequestContext
			c.DomainName, c.HTTP.UserAgent, c.HTTP.Protocol, c.HTTP.SourceIP, c.Time = secret, secret, secret, secret, secret
		}
	}
	for _, secret := range planted {
		stories := map[string]Story{
			"a good answer": func(w http.ResponseWriter, r *http.Request) error {
				w.Header().Set("X-Story", secret)
				return say(secret)(w, r)
			},
			"an error": func(http.ResponseWriter, *http.Request) error { return errors.New(secret) },
			"a wrapped error": func(http.ResponseWriter, *http.Request) error {
				return fmt.Errorf("%s: %w", secret, errors.New(secret))
			},
			"joined errors": func(http.ResponseWriter, *http.Request) error {
				return errors.Join(errors.New(secret), errors.New(secret))
			},
			"a problem": func(http.ResponseWriter, *http.Request) error {
				return problem.New(problem.Invalid, "bad", secret).In(secret, secret).Because(errors.New(secret))
			},
			"a panic":             func(http.ResponseWriter, *http.Request) error { panic(secret) },
			"a panic of an error": func(http.ResponseWriter, *http.Request) error { panic(errors.New(secret)) },
		}
		for name, tell := range stories {
			for _, method := range []string{"GET", "POST", strings.ToUpper(secret)} {
				for _, path := range []string{"/", "/" + secret, "/%zz" + secret} {
					b := story(t, tell)
					printed := capture(t, func() { b.send(ask(t, method, path, everywhere(secret))) })
					all := printed + b.logs.String() + b.stacks.String()
					if strings.Contains(strings.ToLower(all), strings.ToLower(secret)) || !strings.Contains(all, `"msg":"request"`) {
						t.Errorf("%s, %q, %s: logged %s", name, method, path, all)
					}
				}
			}
		}
	}
}

func TestTextGivenByMistakeIsWithheld(t *testing.T) {
	b := story(t, func(_ http.ResponseWriter, r *http.Request) error {
		Who(r, "ann@example.com")
		return problem.New(problem.Invalid, "no image of ann", "A code that is none.")
	})
	b.send(ask(t, "GET", "/"))
	if l := b.line(); l["who"] != "withheld" || l["code"] != "withheld" {
		t.Errorf("logged %v", l)
	}
}

func TestDevicesAreFamilies(t *testing.T) {
	for agent, want := range map[string][]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                                  {"Firefox", "Linux"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":           {"Edge", "Windows"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1": {"Safari", "iOS"},
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36":                   {"Chrome", "Android"},
		"curl/8.5.0": {"curl", "other"}, "ann@example.com/1.0 (secret)": {"other", "other"}, "": {"", ""},
	} {
		browser, system := device(agent)
		if got := []string{string(browser), string(system)}; !slices.Equal(got, want) {
			t.Errorf("%q is %q", agent, got)
		}
	}
}
