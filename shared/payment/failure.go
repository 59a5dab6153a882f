package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"nanoflux.ai/backend/shared/problem"
)

// ErrNotFound says that Stripe has no such object, or has deleted it. ErrKeyReused says that an idempotency key came before
// with another order.
var (
	ErrNotFound  = errors.New("Stripe has no such object")
	ErrKeyReused = errors.New("the idempotency key was used for another order")
)

var errUnavailable = problem.New(problem.Unavailable, "stripe_unavailable",
	"Stripe, where payments are made, does not answer right now: try again in a minute.")

// refusal is Stripe's no to something that we should not have asked, or not with this key. Stripe's own sentence is not in it:
// it may quote what a person typed, or a part of the key.
type refusal struct {
	status            int
	kind, code, about string
	request           string // Stripe's id of it, for its support
}

func (r *refusal) Error() string {
	what := "Stripe refuses the request"
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		what = "Stripe refuses the key, see STRIPE_SECRET_KEY"
	}
	return fmt.Sprintf("%s: HTTP %d, type %q, code %q, about %q, request %q", what, r.status, r.kind, r.code, r.about, r.request)
}

// LogClass is what a log line says of it.
func (r *refusal) LogClass() string {
	return strings.TrimRight(fmt.Sprintf("stripe:%d:%s:%s:%s", r.status, r.kind, r.code, r.about), ":")
}

// told turns an error of stripe-go's into one of ours.
func told(err error) error {
	if err == nil {
		return nil
	}
	if answer := (*stripe.Error)(nil); errors.As(err, &answer) {
		return answered(answer)
	}
	if transport := (*url.Error)(nil); errors.As(err, &transport) {
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("asking Stripe: %w", context.Canceled) // by whoever asked
		}
		return errUnavailable.Because(transport.Err) // without the address, which has ids in it
	}
	return errUnavailable.Because(errUnreadable) // stripe-go's own text quotes the answer
}

var errUnreadable = errors.New("Stripe's answer cannot be read")

func answered(answer *stripe.Error) error {
	r := &refusal{answer.HTTPStatusCode, string(answer.Type), string(answer.Code), answer.Param, answer.RequestID}
	gone := answer.Code == stripe.ErrorCodeResourceMissing
	switch {
	// A missing customer is refused as a bad parameter, and so is the place to go on from; a missing price is ours to set right.
	case gone && (r.status == http.StatusNotFound || r.about == "customer" || r.about == "starting_after"):
		return fmt.Errorf("%w: %w", ErrNotFound, r)
	case answer.Type == stripe.ErrorTypeIdempotency && r.status == http.StatusBadRequest:
		return fmt.Errorf("%w: %w", ErrKeyReused, r)
	case r.status >= 500, r.status == http.StatusTooManyRequests, r.status == http.StatusConflict: // 409: the same is under way
		return errUnavailable.Because(r)
	}
	return r
}
