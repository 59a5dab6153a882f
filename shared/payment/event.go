package payment

import (
	"errors"
	"time"
)

// Why an event is refused.
var (
	ErrSignature = errors.New("the event does not carry a valid signature of now") // not from Stripe, or too late
	ErrVersion   = errors.New("the event is of an API version that is not ours")   // the endpoint is set up wrongly
	ErrShape     = errors.New("the event is not one that can be read")             // signed, yet no object is in it
)

// Secrets are the signing secrets of the webhook endpoint: one, or two while one replaces the other.
type Secrets struct{ all []string }

// ParseSecrets reads one or two secrets, separated by a comma. The error does not repeat them.
func ParseSecrets(text string) (Secrets, error) { return Secrets{}, errTodo }

// The kinds of Subject.
const (
	SubjectNothing      = ""
	SubjectPayment      = "payment"
	SubjectInvoice      = "invoice"
	SubjectSubscription = "subscription"
	SubjectCustomer     = "customer"
)

// Subject is what an event is about: what is to be looked up because of it.
type Subject struct{ Kind, ID string }

// Event says that something happened; how things are now, only a look-up says.
type Event struct {
	ID, Type string
	Live     bool // of real money; must be the same as Stripe.Live
	At       time.Time
	About    Subject // SubjectNothing for types that are not in EventTypes
}

// Verify takes an event's bytes as they came with the Stripe-Signature header; its signature must be at most five minutes
// old or ahead. The error is ErrSignature, ErrVersion or ErrShape.
func Verify(body []byte, header string, secrets Secrets, at time.Time) (Event, error) {
	return Event{}, errTodo
}

// EventTypes are the types that a webhook endpoint must be subscribed to, no more.
func EventTypes() []string {
	return nil
}
