// Package google is a local OpenID provider that stands in for Google's sign-in.
package google

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Config says who the provider is and whom it serves.
type Config struct {
	Issuer       string   // its own origin without a final slash, for example http://127.0.0.1:4010
	ClientID     string   // the one registered client
	ClientSecret string   // what that client proves itself with
	RedirectURLs []string // where codes may be sent; compared exactly (RFC 9700, section 2.1)
	Now          func() time.Time
}

// Provider answers the endpoints of one OpenID issuer.
type Provider struct {
	config   Config
	routes   *http.ServeMux
	key      *rsa.PrivateKey
	keyID    string
	otherKey func() *rsa.PrivateKey // signs in place of key under the other_key fault

	mu     sync.Mutex
	grants map[string]*grant // by authorization code
	access map[string]access // by access token
	faults []Fault
	delay  time.Duration
}

// New makes a provider with a fresh signing key. It panics where the machine has no randomness.
func New(config Config) *Provider {
	if config.Now == nil {
		config.Now = time.Now
	}
	p := &Provider{
		config:   config,
		routes:   http.NewServeMux(),
		key:      newKey(),
		keyID:    randomToken(10),
		otherKey: sync.OnceValue(newKey),
		grants:   map[string]*grant{},
		access:   map[string]access{},
	}
	p.routes.HandleFunc("GET /.well-known/openid-configuration", p.unlessDown(p.discovery))
	p.routes.HandleFunc("GET /authorize", p.showChoice)
	p.routes.HandleFunc("POST /authorize", p.takeChoice)
	p.routes.HandleFunc("POST /token", p.unlessDown(p.token))
	p.routes.HandleFunc("GET /userinfo", p.unlessDown(p.userinfo))
	p.routes.HandleFunc("POST /userinfo", p.unlessDown(p.userinfo))
	p.routes.HandleFunc("GET /certs", p.unlessDown(p.certs))
	p.routes.HandleFunc("POST /revoke", p.unlessDown(p.revoke))
	p.routes.HandleFunc("GET /pictures/{file}", picture)
	p.routes.HandleFunc("GET /style.css", style)
	p.routes.HandleFunc("POST /_faults", p.takeFaults)
	return p
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.routes.ServeHTTP(w, r)
}

// discovery answers OpenID Connect Discovery 1.0, section 4.2.
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                p.config.Issuer,
		"authorization_endpoint":                p.config.Issuer + "/authorize",
		"token_endpoint":                        p.config.Issuer + "/token",
		"userinfo_endpoint":                     p.config.Issuer + "/userinfo",
		"revocation_endpoint":                   p.config.Issuer + "/revoke",
		"jwks_uri":                              p.config.Issuer + "/certs",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"code_challenge_methods_supported":      []string{"S256"},
		"claims_supported": []string{"aud", "azp", "email", "email_verified", "exp", "iat", "iss",
			"name", "nonce", "picture", "sub"},
	})
}

func (p *Provider) certs(w http.ResponseWriter, _ *http.Request) {
	public := jose.JSONWebKey{Key: p.key.Public(), KeyID: p.keyID, Algorithm: string(jose.RS256), Use: "sig"}
	w.Header().Set("Cache-Control", "public, max-age=300")
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
}

// Fault is one way of misbehaving, as a provider or someone between may.
type Fault string

// The faults of ID tokens, then those of the server. BadNonce to EmailUnverified spoil the next ID tokens;
// Slow and Error500 concern every endpoint that is not a page.
const (
	BadNonce        Fault = "bad_nonce"
	WrongAudience   Fault = "wrong_audience"
	WrongIssuer     Fault = "wrong_issuer"
	Expired         Fault = "expired"
	AlgNone         Fault = "alg_none"
	OtherKey        Fault = "other_key"
	EmailUnverified Fault = "email_unverified"
	NoIDToken       Fault = "no_id_token"
	Slow            Fault = "slow"
	Error500        Fault = "error500"
)

var known = [...]Fault{BadNonce, WrongAudience, WrongIssuer, Expired, AlgNone, OtherKey, EmailUnverified,
	NoIDToken, Slow, Error500}

// Faults puts these faults in place of those told before; without any the provider is honest again.
// The delay is what Slow waits.
func (p *Provider) Faults(delay time.Duration, faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.faults = delay, slices.Clone(faults)
}

// takeFaults is Faults over HTTP: {"faults": ["slow"], "delay_ms": 5000}.
func (p *Provider) takeFaults(w http.ResponseWriter, r *http.Request) {
	var told struct {
		Faults  []Fault `json:"faults"`
		DelayMS int     `json:"delay_ms"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&told); err != nil {
		http.Error(w, `Send JSON like {"faults": ["slow"], "delay_ms": 5000}.`, http.StatusBadRequest)
		return
	}
	for _, fault := range told.Faults {
		if !slices.Contains(known[:], fault) {
			http.Error(w, "No such fault: "+string(fault), http.StatusBadRequest)
			return
		}
	}
	p.Faults(time.Duration(told.DelayMS)*time.Millisecond, told.Faults...)
	w.WriteHeader(http.StatusNoContent)
}

func (p *Provider) has(fault Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.faults, fault)
}

// unlessDown lets an endpoint be slow or broken when told so.
func (p *Provider) unlessDown(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.has(Slow) {
			p.mu.Lock()
			delay := p.delay
			p.mu.Unlock()
			select {
			case <-time.After(delay):
			case <-r.Context().Done():
				return
			}
		}
		if p.has(Error500) {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			return
		}
		next(w, r)
	}
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func randomToken(bytes int) string {
	token := make([]byte, bytes)
	rand.Read(token) // never fails since Go 1.24
	return hex.EncodeToString(token)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
