package web

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// session is the cookie of the signed-in browser. "__Host-" makes browsers refuse it from a subdomain or without TLS (RFC 6265bis).
// policy P2.4: this one, one for the minutes of signing in, and one of preferences, which pages set themselves; no other.
const session = "__Host-session"

// SessionHash is the SHA-256 of the request's session token, the only form in which it is stored or looked up. It is nil
// when there is no token, when it cannot be one of ours, and when there are two.
func SessionHash(r *http.Request) []byte {
	cookies := r.CookiesNamed(session)
	if len(cookies) != 1 || !token(cookies[0].Value) {
		return nil
	}
	hash := sha256.Sum256([]byte(cookies[0].Value))
	return hash[:]
}

// token says whether a text can be a random token in base32, base64url or hex of at least 128 bits.
func token(text string) bool {
	for _, c := range []byte(text) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return 22 <= len(text) && len(text) <= 128
}

// SetSession signs the browser in with a token until a moment; at is the request's clock.
func SetSession(w http.ResponseWriter, token string, until, at time.Time) {
	SetCookie(w, session, token, until.Sub(at))
}

// EndSession takes the token away from the browser.
func EndSession(w http.ResponseWriter) { EndCookie(w, session) }

// SetCookie gives the browser a cookie for a time, in whole seconds. Its name begins with "__Host-". It is Lax, because a
// Strict one would not come back with the redirect from the sign-in.
func SetCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	seconds := int(age / time.Second)
	if seconds <= 0 {
		seconds = -1 // net/http leaves a MaxAge of 0 out, and the browser would keep the cookie
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// EndCookie takes a cookie away from the browser.
func EndCookie(w http.ResponseWriter, name string) { SetCookie(w, name, "", 0) }
