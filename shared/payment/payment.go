// Package payment asks Stripe.
package payment

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"

	"nanoflux.ai/backend/shared/outbound"
)

// Stripe is one account at Stripe, in the mode of its key. Every verb gives stripe_unavailable where Stripe does not answer.
type Stripe struct {
	key           string
	backend       func() stripe.Backend
	configuration atomic.Pointer[string] // of the billing portal, once it was looked up
}

// patience is how long one verb takes at most, repetitions and all: a function that has ten seconds still answers.
const patience = 8 * time.Second

// Open describes the account behind a secret or restricted key at Stripe's API origin; it does not reach out.
func Open(url, key string) *Stripe {
	return &Stripe{key: key, backend: sync.OnceValue(func() stripe.Backend {
		return stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
			URL: &url, HTTPClient: outbound.Client(patience), MaxNetworkRetries: stripe.Int64(2),
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, EnableTelemetry: stripe.Bool(false),
		})
	})}
}

// Live says whether the key moves real money.
func (s *Stripe) Live() bool {
	return strings.HasPrefix(s.key, "sk_live_") || strings.HasPrefix(s.key, "rk_live_")
}

// get asks for an object or a list; query is names and values in turn.
func (s *Stripe) get(ctx context.Context, path string, into stripe.LastResponseSetter, query ...string) error {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	values := &form.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Add(query[i], query[i+1])
	}
	return told(s.backend().CallRaw(http.MethodGet, path, s.key, values, &stripe.Params{Context: ctx}, into))
}

// post does something, see send.
func (s *Stripe) post(ctx context.Context, path string, order stripe.ParamsContainer, into stripe.LastResponseSetter) error {
	return s.send(ctx, http.MethodPost, path, order, into)
}

// send does something. Where no answer comes, stripe-go repeats it under one Idempotency-Key: that of order, or a random one
// where it has none.
func (s *Stripe) send(ctx context.Context, method, path string, order stripe.ParamsContainer, into stripe.LastResponseSetter) error {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	given := order.GetParams()
	given.Context = ctx
	if given.IdempotencyKey != nil && *given.IdempotencyKey == "" {
		given.IdempotencyKey = nil
	}
	return told(s.backend().Call(method, path, s.key, order, into))
}

// list is a page of Stripe's.
type list[T any] struct {
	stripe.APIResource
	Data    []*T `json:"data"`
	HasMore bool `json:"has_more"`
}

// all gives the pages of a list to the end, beginning after an id or at the front for "".
func all[T any](ctx context.Context, s *Stripe, path, after string, id func(*T) string, query ...string) (items []*T, err error) {
	query = append(query, "limit", "100")
	for {
		var page list[T]
		if after == "" {
			err = s.get(ctx, path, &page, query...)
		} else {
			err = s.get(ctx, path, &page, append(query, "starting_after", after)...)
		}
		items = append(items, page.Data...)
		if err != nil || !page.HasMore || len(page.Data) == 0 {
			return items, err
		}
		after = id(page.Data[len(page.Data)-1])
	}
}
