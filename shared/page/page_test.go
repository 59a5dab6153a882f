package page

import (
	"net/url"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/problem"
)

func TestCursorComesBackAsItWas(t *testing.T) {
	want := Cursor{time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), "0190b0c8-0000-7000-8000-000000000000"}
	p, err := Read(url.Values{"cursor": {want.String()}, "limit": {"7"}})
	if err != nil || p.Limit != 7 || p.After != want {
		t.Fatal(p, err)
	}
	if at, id := p.Bounds(); at != want.At || id != want.ID {
		t.Fatal(at, id)
	}
}

func TestFirstPageStandsBeforeEveryRow(t *testing.T) {
	p, err := Read(url.Values{})
	if at, id := p.Bounds(); err != nil || p.Limit != 50 || at.Year() != 9999 || id[0] != 'f' {
		t.Fatal(p, at, id, err)
	}
}

func TestEveryOtherQueryIsRefusedByName(t *testing.T) {
	good := Cursor{time.UnixMicro(1), "0190b0c8-0000-7000-8000-000000000000"}.String()
	for query, code := range map[string]string{
		"limit=0": "invalid_limit", "limit=101": "invalid_limit", "limit=": "invalid_limit", "limit=1e1": "invalid_limit",
		"limit=99999999999999999999": "invalid_limit",
		"cursor=":                    "invalid_cursor", "cursor=x": "invalid_cursor", "cursor=%00": "invalid_cursor",
		"cursor=" + good + "=": "invalid_cursor", "cursor=" + good[:len(good)-2]: "invalid_cursor",
		"cursor=MS57MDE5MGIwYzgtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwfQ": "invalid_cursor", // braces, which a UUID parser may take
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(values); problem.Of(err) == nil || problem.Of(err).Code != code {
			t.Errorf("%s: %v, want %s", query, err, code)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(Cursor{time.UnixMicro(1), "0190b0c8-0000-7000-8000-000000000000"}.String())
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parse(text); ok && c.String() != text {
			t.Fatalf("%q reads as %v, which writes %q", text, c, c.String())
		}
	})
}
