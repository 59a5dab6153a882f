package google_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/seal"
)

func key(t *testing.T) seal.Key {
	t.Helper()
	raw := make([]byte, seal.KeySize)
	rand.Read(raw)
	k, err := seal.NewKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOnlyTheBrowserThatBeganASignInMayEndIt(t *testing.T) {
	t.Parallel()
	k, at := key(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, other := google.NewAttempt("/library", at), google.NewAttempt("/library", at)
	cookie, err := a.Seal(k)
	if err != nil || len(cookie) > 1000 {
		t.Fatal(len(cookie), err)
	}
	if got, err := google.OpenAttempt(k, cookie, a.State, at.Add(google.AttemptLifetime-time.Nanosecond)); err != nil || got != a {
		t.Errorf("%+v, %v; want %+v", got, err, a)
	}
	foreign, _ := a.Seal(key(t))
	stateless := a
	stateless.State = ""
	empty, _ := stateless.Seal(k)
	raw, _ := base64.RawURLEncoding.DecodeString(cookie)
	raw[len(raw)/2] ^= 1
	elsewhere := base64.RawURLEncoding.EncodeToString(k.Seal("account.name/1", `{"State":"x","Until":"2030-01-01T00:00:00Z"}`))
	for what, c := range map[string]struct {
		cookie, state string
		after         time.Duration
	}{
		"another attempt's state":      {cookie, other.State, 0},
		"no state":                     {cookie, "", 0},
		"the beginning of the state":   {cookie, a.State[:10], 0},
		"a cookie without a state":     {empty, "", 0},
		"at its end":                   {cookie, a.State, google.AttemptLifetime},
		"a tampered cookie":            {base64.RawURLEncoding.EncodeToString(raw), a.State, 0},
		"half a cookie":                {cookie[:len(cookie)/2], a.State, 0},
		"a cookie of another key":      {foreign, a.State, 0},
		"a value sealed for a column":  {elsewhere, "x", 0},
		"no cookie":                    {"", a.State, 0},
		"a cookie that is not base64":  {"%%%", a.State, 0},
		"a cookie as long as an essay": {strings.Repeat("A", 10000), a.State, 0},
	} {
		if got, err := google.OpenAttempt(k, c.cookie, c.state, at.Add(c.after)); !errors.Is(err, google.ErrRefused) || got != (google.Attempt{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

func TestTheCookieShowsNothingOfTheAttempt(t *testing.T) {
	t.Parallel()
	a := google.NewAttempt("/library", time.Now())
	cookie, err := a.Seal(key(t))
	raw, _ := base64.RawURLEncoding.DecodeString(cookie)
	for _, part := range []string{a.State, a.Nonce, a.Verifier, a.Next} {
		if err != nil || part == "" || strings.Contains(string(raw), part) {
			t.Errorf("%q can be read, %v", part, err)
		}
	}
	if b := google.NewAttempt("/library", time.Now()); a.State == b.State || a.Nonce == b.Nonce || a.Verifier == b.Verifier || a.State == a.Nonce {
		t.Error("two attempts share a secret")
	}
}
