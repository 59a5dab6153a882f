// Package payment asks Stripe.
package payment

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// ErrNotFound says that Stripe has no such object, or has deleted it.
var ErrNotFound = errors.New("stripe has no such object")

// Stripe is one account at Stripe, in the mode of its key.
type Stripe struct {
	key     string
	backend func() stripe.Backend
}

// Open describes the account behind a secret or restricted key at Stripe's API origin; it does not reach out.
func Open(url, key string) *Stripe {
	return &Stripe{key: key, backend: sync.OnceValue(func() stripe.Backend {
		return stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
			URL: &url, HTTPClient: &http.Client{Timeout: 8 * time.Second}, MaxNetworkRetries: stripe.Int64(2),
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, EnableTelemetry: stripe.Bool(false),
		})
	})}
}

// Live says whether the key moves real money.
func (s *Stripe) Live() bool {
	return strings.HasPrefix(s.key, "sk_live_") || strings.HasPrefix(s.key, "rk_live_")
}

var errTodo = errors.New("not there yet")

// Payment looks up a payment intent with its invoice, refunds, disputes and warnings as they are now. ErrNotFound if there is none.
func (s *Stripe) Payment(ctx context.Context, id string) (Payment, error) { return Payment{}, errTodo }

// Invoice looks up an invoice with all its lines. ErrNotFound if there is none.
func (s *Stripe) Invoice(ctx context.Context, id string) (Invoice, error) { return Invoice{}, errTodo }

// Subscription looks up a subscription, a canceled one too. ErrNotFound if there is none.
func (s *Stripe) Subscription(ctx context.Context, id string) (Subscription, error) {
	return Subscription{}, errTodo
}

// Session looks up a Checkout session. ErrNotFound if there is none.
func (s *Stripe) Session(ctx context.Context, id string) (Session, error) { return Session{}, errTodo }

// CreateCustomer makes the customer of an account; nothing but the account's id is told about the person. The same
// idempotencyKey gives the same customer for a day.
func (s *Stripe) CreateCustomer(ctx context.Context, account, idempotencyKey string) (id string, err error) {
	return "", errTodo
}

// FindCustomer finds the customer of an account, the first where there are several. Stripe's search may lag a minute.
func (s *Stripe) FindCustomer(ctx context.Context, account string) (id string, found bool, err error) {
	return "", false, errTodo
}

// CheckoutOrder is what a Checkout session is opened for.
type CheckoutOrder struct {
	Customer, Account     string
	Offer, Price          string // our id of what is bought, Stripe's id of its price
	Plan                  bool   // a subscription instead of one payment
	SuccessURL, CancelURL string
	IdempotencyKey        string
}

// Checkout opens a Checkout session. The same IdempotencyKey with the same order gives the same session for a day.
func (s *Stripe) Checkout(ctx context.Context, order CheckoutOrder) (Session, error) {
	return Session{}, errTodo
}

// ExpireSessions ends the customer's open Checkout sessions for a subscription that are older than the newest one (by time of
// creation, then by id, so that of two at once the same one stays whoever asks), so that no other can be paid any more.
func (s *Stripe) ExpireSessions(ctx context.Context, customer string, newest Session) error {
	return errTodo
}

// Subscribed says whether the customer has a subscription that a second one would come beside: any that has begun and has not
// ended, so neither incomplete nor canceled.
func (s *Stripe) Subscribed(ctx context.Context, customer string) (bool, error) {
	return false, errTodo
}

// Portal opens the billing portal for a customer and gives its address. ErrNotFound if the customer was deleted.
func (s *Stripe) Portal(ctx context.Context, customer, returnURL string) (url string, err error) {
	return "", errTodo
}

// Invoices gives the customer's latest invoices but drafts, newest first, at most limit (100).
func (s *Stripe) Invoices(ctx context.Context, customer string, limit int) ([]Invoice, error) {
	return nil, errTodo
}

// ListSessions, ListInvoices, ListRefunds, ListDisputes and ListWarnings give what was created since then, newest first, a
// page of at most 100 at a time: next is "" at the end, otherwise what after must be for the following page.

// ListSessions gives Checkout sessions.
func (s *Stripe) ListSessions(ctx context.Context, since time.Time, after string) (page []Session, next string, err error) {
	return nil, "", errTodo
}

// ListInvoices gives invoices.
func (s *Stripe) ListInvoices(ctx context.Context, since time.Time, after string) (page []Invoice, next string, err error) {
	return nil, "", errTodo
}

// ListRefunds gives refunds.
func (s *Stripe) ListRefunds(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return nil, "", errTodo
}

// ListDisputes gives disputes.
func (s *Stripe) ListDisputes(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return nil, "", errTodo
}

// ListWarnings gives early fraud warnings.
func (s *Stripe) ListWarnings(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return nil, "", errTodo
}

// ListSubscriptions gives every subscription that is not canceled, newest first, paged like the others.
func (s *Stripe) ListSubscriptions(ctx context.Context, after string) (page []Subscription, next string, err error) {
	return nil, "", errTodo
}
