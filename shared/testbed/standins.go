package testbed

import (
	"crypto/rand"
	"testing"
)

// GoogleAddress is where the OpenID provider is, and the one client that it knows.
type GoogleAddress struct {
	Issuer, ClientID, ClientSecret string
	// RedirectURL is the only address that it sends codes to.
	RedirectURL string
}

// Google returns the OpenID provider that stands in for Google's. All tests share it.
func Google(t testing.TB) GoogleAddress {
	t.Helper()
	p := parts(t)
	return GoogleAddress{
		Issuer:       p.Google,
		ClientID:     "local",
		ClientSecret: p.Secrets["GOOGLE_CLIENT_SECRET"],
		RedirectURL:  "http://localhost:8080/login/callback",
	}
}

// ModelsAddress is where both image providers are, and what they let in with.
type ModelsAddress struct {
	// URL is the origin; the providers' paths follow it.
	URL, WorkersAIToken, GeminiAPIKey string
}

// Models returns the server that stands in for Workers AI and Gemini. All tests share it.
func Models(t testing.TB) ModelsAddress {
	t.Helper()
	p := parts(t)
	return ModelsAddress{URL: p.Models, WorkersAIToken: p.Secrets["WORKERS_AI_TOKEN"], GeminiAPIKey: p.Secrets["GEMINI_API_KEY"]}
}

// CDNAddress is where the CDN is, the key that signs its links, and the bucket behind it.
type CDNAddress struct {
	URL string
	// Key is in standard base64, as in the secret CDN_KEY.
	Key string
	// PurgeURL and PurgeToken are Cloudflare's purge API for this CDN.
	PurgeURL, PurgeToken string
	Bucket               BucketAddress
}

// CDN returns the front that stands in for the CDN. All tests share it and the bucket behind it.
func CDN(t testing.TB) CDNAddress {
	t.Helper()
	p := parts(t)
	return CDNAddress{
		URL:        p.CDN,
		Key:        p.Secrets["CDN_KEY"],
		PurgeURL:   p.CDN + "/client/v4/zones/local/purge_cache",
		PurgeToken: p.Secrets["CDN_PURGE_TOKEN"],
		Bucket:     p.bucket("images"),
	}
}

// StripeAddress is where Stripe's API is, and a key that lets in.
type StripeAddress struct {
	URL, Key string
}

// Stripe returns the server that stands in for Stripe with a key of the test's own: what other keys made is out of its sight.
func Stripe(t testing.TB) StripeAddress {
	t.Helper()
	return StripeAddress{URL: parts(t).Stripe, Key: "sk_test_" + rand.Text()}
}
