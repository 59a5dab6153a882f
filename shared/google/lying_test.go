package google_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/outbound"
)

// The issuer says itself where codes are exchanged, with the client's secret: a place of nobody's is not asked.
func TestAnIssuerThatNamesAStrangersAddressIsNotFollowed(t *testing.T) {
	t.Parallel()
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":"https://evil.example/token",
			"jwks_uri":"https://evil.example/keys","id_token_signing_alg_values_supported":["RS256"]}`, issuer.URL, issuer.URL+"/auth")
	}))
	defer issuer.Close()
	c := google.New(issuer.URL, "id", "secret", "https://example.com/login/callback")
	_, err := c.Exchange(t.Context(), google.Attempt{Verifier: "v", Nonce: "n"}, "a-code", time.Unix(0, 0))
	if outbound.Refusal(err) == nil {
		t.Errorf("the code went out: %v", err)
	}
}
