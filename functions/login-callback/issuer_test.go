package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// keys are expensive to make.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	first, _ := rsa.GenerateKey(rand.Reader, 2048)
	second, _ := rsa.GenerateKey(rand.Reader, 2048)
	return [2]*rsa.PrivateKey{first, second}
})

// issuer is an OpenID provider of one test's own, which says and does whatever the test wants.
type issuer struct {
	*httptest.Server
	claims    map[string]any // of the next ID token
	algorithm string         // "RS256" unless told
	signer    *rsa.PrivateKey
	status    int // of the token endpoint, if not 200
	noToken   bool

	mu    sync.Mutex
	codes map[string]bool // that were exchanged
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{algorithm: "RS256", signer: keys()[0], codes: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"jwks_uri": i.URL + "/certs", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /certs", func(w http.ResponseWriter, _ *http.Request) {
		n := base64.RawURLEncoding.EncodeToString(keys()[0].N.Bytes())
		e := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(keys()[0].E)).Bytes())
		say(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": n, "e": e}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		code := r.FormValue("code")
		switch {
		case i.status != 0:
			w.WriteHeader(i.status)
			return
		case code == "" || len(r.FormValue("code_verifier")) < 43 || !i.exchange(code):
			w.WriteHeader(http.StatusBadRequest)
			say(w, map[string]any{"error": "invalid_grant"})
			return
		}
		answer := map[string]any{"access_token": "ya29.x", "token_type": "Bearer", "expires_in": 3600}
		if !i.noToken {
			answer["id_token"] = i.token(i.claims)
		}
		say(w, answer)
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// exchange reports whether the code was good; each is good once.
func (i *issuer) exchange(code string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	good := !i.codes[code]
	i.codes[code] = true
	return good
}

func say(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// person is what an honest token says.
func (i *issuer) person(subject, email, nonce string) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": i.URL, "aud": "local", "sub": subject, "email": email, "email_verified": true, "name": "Zoe Testperson",
		"picture": i.URL + "/zoe.png", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": nonce,
	}
}

func (i *issuer) token(claims map[string]any) string {
	encode := base64.RawURLEncoding.EncodeToString
	header, _ := json.Marshal(map[string]string{"alg": i.algorithm, "kid": "1", "typ": "JWT"})
	body, _ := json.Marshal(claims)
	text := encode(header) + "." + encode(body)
	if i.algorithm == "none" {
		return text + "."
	}
	hash := sha256.Sum256([]byte(text))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, i.signer, crypto.SHA256, hash[:])
	return text + "." + encode(signature)
}
