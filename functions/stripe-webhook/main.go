// Stripe-webhook takes in what Stripe tells: each event makes it look at one object, whose latest state it applies.
package main

import (
	"errors"
	"io"
	"net/http"
	"slices"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

// longest is the most bytes that an event may have; Stripe's largest have some tens of kilobytes.
const longest = 512 << 10

// Refusals make Stripe try again for three days, show the endpoint as failing and write to its owner. So they answer what
// an operator can set right; what no repetition would help is taken in, with an alarm.
var (
	errSignature = problem.New(problem.Invalid, "invalid_signature", "The header Stripe-Signature does not fit this body, or is not of now.")
	errVersion   = problem.New(problem.Invalid, "wrong_api_version", "This event is of another API version: run `make stripe-setup`, which sets the endpoint to 2023-10-16.")
	errShape     = problem.New(problem.Invalid, "malformed_event", "This event holds no object: the endpoint must send snapshot events, not thin ones.")
	errMode      = problem.New(problem.Invalid, "wrong_mode", "This event is of test mode and the key of live mode, or the other way round.")
	errTooLarge  = problem.New(problem.TooLarge, "body_too_large", "The body may have 512 KB at most.")
	errMissing   = problem.New(problem.Unavailable, "object_missing", "Stripe does not know the object of this event yet.")
)

type webhook struct {
	books   billing.Books
	secrets payment.Secrets
}

func main() {
	web.Serve(setting.URL("SITE_URL"), webhook{
		books: billing.Books{
			DB:     postgres.Open(setting.Required("DATABASE_URL")),
			Stripe: payment.Open(setting.URL("STRIPE_URL"), setting.Required("STRIPE_SECRET_KEY")),
			Prices: setting.Parsed("STRIPE_PRICES", offer.Parse),
		},
		secrets: setting.Parsed("STRIPE_WEBHOOK_SECRETS", payment.ParseSecrets),
	}.routes())
}

func (h webhook) routes() web.Routes { return web.Routes{"POST /webhooks/stripe": h.serve} }

func (h webhook) serve(w http.ResponseWriter, r *http.Request) error {
	event, err := h.read(r)
	if err != nil {
		return err
	}
	if !slices.Contains(payment.EventTypes(), event.Type) {
		web.Alarm(r, "unknown_event")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if event.About.Kind == payment.SubjectNothing {
		web.Alarm(r, "event_about_nothing") // money without a payment intent, which is none of our making
	}
	outcome, err := h.books.Converge(r.Context(), event.About, billing.Event{ID: event.ID, Type: event.Type}, web.At(r))
	if errors.Is(err, payment.ErrNotFound) {
		web.Alarm(r, "object_missing")
		return errMissing.Because(err)
	}
	if err != nil {
		return err
	}
	for _, word := range outcome.Alarms {
		web.Alarm(r, word)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// read verifies the bytes exactly as they came. A stranger's forgery rings no alarm, what Stripe really signed does.
func (h webhook) read(r *http.Request) (payment.Event, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longest+1))
	if err != nil {
		return payment.Event{}, err
	}
	if len(body) > longest {
		return payment.Event{}, errTooLarge
	}
	event, err := payment.Verify(body, r.Header.Get("Stripe-Signature"), h.secrets, web.At(r))
	switch {
	case errors.Is(err, payment.ErrSignature):
		return event, errSignature.Because(err)
	case errors.Is(err, payment.ErrVersion):
		web.Alarm(r, "wrong_api_version")
		return event, errVersion.Because(err)
	case err != nil:
		web.Alarm(r, "malformed_event")
		return event, errShape.Because(err)
	case event.Live != h.books.Stripe.Live():
		web.Alarm(r, "wrong_mode")
		return event, errMode
	}
	return event, nil
}
