// Package google is the OpenID sign-in: authorization code with PKCE.
package google

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"nanoflux.ai/backend/shared/outbound"
)

// ErrRefused says that the sign-in is not to be trusted or was cancelled, as opposed to Google not answering.
var ErrRefused = errors.New("the sign-in was refused")

// Client signs people in at one issuer.
type Client struct {
	issuer   string
	config   oauth2.Config
	http     *http.Client
	provider atomic.Pointer[oidc.Provider]
}

// New describes the client; it does not reach out. redirect must be registered with the issuer to the letter.
func New(issuer, clientID, clientSecret, redirect string) *Client {
	return &Client{
		issuer: issuer,
		config: oauth2.Config{
			ClientID: clientID, ClientSecret: clientSecret, RedirectURL: redirect,
			Scopes: []string{oidc.ScopeOpenID, "email", "profile"}, // policy P2.1: name, e-mail address, avatar, no more
		},
		http: outbound.Client(8 * time.Second),
	}
}

// Person is what Google says of somebody; Issuer with Subject is who it is, all else may change.
type Person struct {
	Issuer, Subject      string
	Name, Email, Picture string
}

// AuthorizationURL is where the browser is sent to begin the attempt. A deliberate one is never answered without a click: Google
// shows its account chooser even to who is signed in there already (OpenID Connect Core 3.1.2.1).
func (c *Client) AuthorizationURL(ctx context.Context, a Attempt, deliberate bool) (string, error) {
	_, config, err := c.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	if deliberate {
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	return config.AuthCodeURL(a.State, options...), nil
}

// Exchange turns the code that came back into a person. State has been compared by the caller; here the ID token's
// signature, issuer, audience, expiry (as of at) and nonce are (OpenID Connect Core 3.1.3.7).
func (c *Client) Exchange(ctx context.Context, a Attempt, code string, at time.Time) (Person, error) {
	if code == "" {
		return Person{}, fmt.Errorf("%w: there is no code", ErrRefused)
	}
	provider, config, err := c.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		// Of the refusals of RFC 6749 5.2 only this one is about the person; the others are about our client.
		if errors.As(err, &refused) && refused.ErrorCode == "invalid_grant" {
			return Person{}, fmt.Errorf("%w: the code was not accepted", ErrRefused)
		}
		return Person{}, unanswered(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: c.config.ClientID, Now: func() time.Time { return at }}).Verify(ctx, raw)
	if err != nil && strings.Contains(err.Error(), "fetching keys") { // go-oidc tells it apart in its text only
		return Person{}, unanswered(err)
	}
	if err != nil {
		return Person{}, fmt.Errorf("%w: the ID token does not verify", ErrRefused)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 || a.Nonce == "" {
		return Person{}, fmt.Errorf("%w: the nonce is another one's", ErrRefused)
	}
	var claims struct {
		Name          string `json:"name"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Picture       string `json:"picture"`
	}
	if err := id.Claims(&claims); err != nil || claims.Email == "" || !claims.EmailVerified || id.Subject == "" {
		return Person{}, fmt.Errorf("%w: there is no verified e-mail address", ErrRefused)
	}
	return Person{Issuer: id.Issuer, Subject: id.Subject, Name: claims.Name, Email: claims.Email, Picture: claims.Picture}, nil
}

// discover asks the issuer for its addresses once, and again only if that failed.
func (c *Client) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	provider := c.provider.Load()
	if provider == nil {
		var err error
		if provider, err = oidc.NewProvider(oidc.ClientContext(ctx, c.http), c.issuer); err != nil {
			return nil, oauth2.Config{}, unanswered(err)
		}
		c.provider.Store(provider)
	}
	config := c.config
	config.Endpoint = provider.Endpoint()
	return provider, config, nil
}

// unanswered keeps the error's own text back, which may hold the code, but for an address that may not be reached.
func unanswered(err error) error {
	if refused := outbound.Refusal(err); refused != nil {
		return fmt.Errorf("the sign-in provider cannot be asked: %w", refused)
	}
	return errors.New("the sign-in provider did not answer")
}
