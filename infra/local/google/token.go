package google

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const tokenLifetime = time.Hour

// access is what an access token stands for.
type access struct {
	person  person
	scope   string
	expires time.Time
}

// token exchanges a code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "Send the form as application/x-www-form-urlencoded.")
		return
	}
	if !p.isClient(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		refuse(w, http.StatusUnauthorized, "invalid_client", "The client's id or secret is wrong.")
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "Only authorization_code is answered.")
		return
	}
	granted, problem := p.redeem(r.PostForm)
	if problem != "" {
		refuse(w, http.StatusBadRequest, "invalid_grant", problem)
		return
	}
	answer := map[string]any{
		"access_token": granted.token,
		"token_type":   "Bearer",
		"expires_in":   int(tokenLifetime.Seconds()),
		"scope":        granted.scope,
	}
	if !p.has(NoIDToken) {
		signed, err := p.idToken(granted)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer["id_token"] = signed
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) isClient(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if basic {
		// RFC 6749, section 2.3.1: both are form-encoded before they go into the header.
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return same(id, p.config.ClientID) && same(secret, p.config.ClientSecret)
}

// redeem uses a code up, or says why it is no good. A code that comes twice may be stolen, so what it gave is
// taken back (RFC 6749, section 4.1.2).
func (p *Provider) redeem(form url.Values) (grant, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	granted, ok := p.grants[form.Get("code")]
	now := p.config.Now()
	switch {
	case !ok:
		return grant{}, "No such code."
	case granted.used:
		delete(p.access, granted.token)
		return grant{}, "This code was used before."
	}
	granted.used = true
	switch {
	case now.After(granted.expires):
		return grant{}, "This code has expired."
	case form.Get("redirect_uri") != granted.redirectURL:
		return grant{}, "The redirect_uri is not the one the code was asked for with."
	case !provesChallenge(form.Get("code_verifier"), granted.challenge):
		return grant{}, "The code_verifier does not match the code_challenge."
	}
	for old, access := range p.access {
		if now.After(access.expires) {
			delete(p.access, old)
		}
	}
	granted.token = "ya29." + randomToken(32)
	p.access[granted.token] = access{person: granted.person, scope: granted.scope, expires: now.Add(tokenLifetime)}
	return *granted, ""
}

// provesChallenge also refuses a verifier without a challenge, which is how PKCE is stripped (RFC 9700, section 2.1.1).
func provesChallenge(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return same(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

// idToken signs who signed in, spoilt as the faults say.
func (p *Provider) idToken(granted grant) (string, error) {
	now := p.config.Now()
	claims := p.claims(granted.person, granted.scope)
	claims["iss"] = p.config.Issuer
	claims["aud"] = p.config.ClientID
	claims["azp"] = p.config.ClientID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(tokenLifetime).Unix()
	claims["at_hash"] = halfHash(granted.token)
	if granted.nonce != "" {
		claims["nonce"] = granted.nonce
	}
	if p.has(BadNonce) {
		claims["nonce"] = "another sign-in's nonce"
	}
	if p.has(WrongAudience) {
		claims["aud"], claims["azp"] = "another-client", "another-client"
	}
	if p.has(WrongIssuer) {
		claims["iss"] = "https://accounts.example.com"
	}
	if p.has(Expired) {
		claims["iat"], claims["exp"] = now.Add(-2*tokenLifetime).Unix(), now.Add(-tokenLifetime).Unix()
	}
	if p.has(AlgNone) {
		return unsigned(claims)
	}
	key := p.key
	if p.has(OtherKey) {
		key = p.otherKey()
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: p.keyID}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// claims are what the scopes allow to be said of a person.
func (p *Provider) claims(someone person, scope string) map[string]any {
	claims := map[string]any{"sub": someone.Subject}
	scopes := strings.Fields(scope)
	if slices.Contains(scopes, "email") {
		claims["email"] = someone.Email
		claims["email_verified"] = !p.has(EmailUnverified)
	}
	if slices.Contains(scopes, "profile") {
		claims["name"] = someone.Name
		claims["picture"] = p.config.Issuer + someone.Picture
	}
	return claims
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	granted, ok := p.access[token]
	p.mu.Unlock()
	if !ok || p.config.Now().After(granted.expires) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "invalid_token", "The access token is unknown, expired or revoked.")
		return
	}
	writeJSON(w, http.StatusOK, p.claims(granted.person, granted.scope))
}

// revoke forgets an access token and, as Google's does, needs no client authentication.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	token := r.FormValue("token")
	p.mu.Lock()
	_, ok := p.access[token]
	delete(p.access, token)
	p.mu.Unlock()
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid_token", "Token expired or revoked")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{})
}

// unsigned makes the token that RFC 8725, section 2.1 warns of.
func unsigned(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(body) + ".", nil
}

func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func refuse(w http.ResponseWriter, status int, code, sentence string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": sentence})
}

func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
