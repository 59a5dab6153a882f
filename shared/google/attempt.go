package google

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/seal"
)

// Cookie holds the attempt while the browser is at Google.
const Cookie = "__Host-oauth"

// AttemptLifetime is how long a browser may take to come back from Google.
const AttemptLifetime = retention.SignIn

// Attempt is what one browser must bring back to prove that it began this sign-in. It travels in a sealed cookie, so that
// neither the verifier nor the nonce can be read or chosen by anybody else (RFC 9700 2.1, 4.7).
type Attempt struct {
	State    string
	Nonce    string
	Verifier string // PKCE, RFC 7636
	Next     string // local path to go to after the sign-in
	Until    time.Time
}

// NewAttempt begins a sign-in that ends at next.
func NewAttempt(next string, at time.Time) Attempt {
	return Attempt{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), next, at.Add(AttemptLifetime)}
}

const cookiePlace = "cookie.sign-in"

// Seal writes the attempt as the value of a cookie.
func (a Attempt) Seal(key seal.Key) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // an "&" of Next would take six bytes, and browsers drop cookies of more than 4096
	err := encoder.Encode(a)
	return base64.RawURLEncoding.EncodeToString(key.Seal(cookiePlace, text.String())), err
}

// OpenAttempt reads a cookie's value and compares the state that came back; ErrRefused if the cookie is not ours, too old
// or another attempt's.
func OpenAttempt(key seal.Key, cookie, state string, at time.Time) (Attempt, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cookie) // one cookie, one spelling
	if err != nil {
		return Attempt{}, fmt.Errorf("%w: the cookie is damaged", ErrRefused)
	}
	text, err := key.Open(cookiePlace, sealed)
	if err != nil {
		return Attempt{}, fmt.Errorf("%w: the cookie is not ours", ErrRefused)
	}
	var a Attempt
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return Attempt{}, err
	}
	if !at.Before(a.Until) {
		return Attempt{}, fmt.Errorf("%w: the attempt took too long", ErrRefused)
	}
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) != 1 {
		return Attempt{}, fmt.Errorf("%w: the state is another attempt's", ErrRefused)
	}
	return a, nil
}
