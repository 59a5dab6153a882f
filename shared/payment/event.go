package payment

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
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
func ParseSecrets(text string) (Secrets, error) {
	all := strings.Split(text, ",")
	if len(all) > 2 {
		return Secrets{}, errors.New("there are more than two signing secrets")
	}
	// An empty secret would let anybody sign.
	secret := regexp.MustCompile(`^whsec_[A-Za-z0-9]{16,}$`)
	for i := range all {
		if all[i] = strings.TrimSpace(all[i]); !secret.MatchString(all[i]) {
			return Secrets{}, errors.New("a signing secret is whsec_ with at least 16 letters or digits after it")
		}
	}
	return Secrets{all}, nil
}

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
	signed := slices.ContainsFunc(secrets.all, func(secret string) bool {
		return webhook.ValidatePayloadIgnoringTolerance(body, header, secret) == nil
	})
	if !signed || !fresh(header, at) {
		return Event{}, ErrSignature
	}
	return read(body)
}

// fresh says whether the signature was made within five minutes of at. Stripe-go's own check reads the wall clock, lets the
// future pass, and believes the last of several times.
func fresh(header string, at time.Time) bool {
	var times []string
	for pair := range strings.SplitSeq(header, ",") {
		if text, found := strings.CutPrefix(pair, "t="); found {
			times = append(times, text)
		}
	}
	if len(times) != 1 {
		return false
	}
	seconds, err := strconv.ParseInt(times[0], 10, 64)
	return err == nil && at.Sub(time.Unix(seconds, 0)).Abs() <= 5*time.Minute
}

func read(body []byte) (Event, error) {
	var told struct {
		ID         string `json:"id"`
		Object     string `json:"object"`
		Type       string `json:"type"`
		APIVersion string `json:"api_version"`
		Live       bool   `json:"livemode"`
		Created    int64  `json:"created"`
		Data       struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	wrong := json.Unmarshal(body, &told)
	// Thin events are "v2.core.event"; neither a version nor an object comes with them.
	if told.Object != "event" || told.ID == "" || told.Type == "" {
		return Event{}, ErrShape
	}
	if told.APIVersion != stripe.APIVersion {
		return Event{}, ErrVersion
	}
	if wrong != nil || len(told.Data.Object) == 0 || told.Data.Object[0] != '{' {
		return Event{}, ErrShape
	}
	event := Event{ID: told.ID, Type: told.Type, Live: told.Live, At: moment(told.Created)}
	if !slices.Contains(EventTypes(), told.Type) {
		return event, nil
	}
	var object subject
	if err := json.Unmarshal(told.Data.Object, &object); err != nil || object.ID == "" {
		return Event{}, ErrShape
	}
	event.About = object.about(told.Type)
	return event, nil
}

// subject is what the objects of events have in common, as far as it names what to look up.
type subject struct {
	ID            string `json:"id"`
	Mode          string `json:"mode"`
	PaymentIntent ref    `json:"payment_intent"`
	Subscription  ref    `json:"subscription"`
}

// about names the object whose latest state holds all that the event may have changed.
func (s subject) about(eventType string) Subject {
	about := Subject{}
	switch family, _, _ := strings.Cut(eventType, "."); {
	case family == "invoice" && s.PaymentIntent == "":
		about = Subject{SubjectInvoice, s.ID}
	case strings.HasPrefix(eventType, "customer.subscription."):
		about = Subject{SubjectSubscription, s.ID}
	case family == "customer":
		about = Subject{SubjectCustomer, s.ID}
	case family == "checkout" && s.Mode == string(stripe.CheckoutSessionModeSubscription):
		about = Subject{SubjectSubscription, string(s.Subscription)}
	default:
		about = Subject{SubjectPayment, string(s.PaymentIntent)}
	}
	if about.ID == "" {
		return Subject{}
	}
	return about
}

// ref is another object, by its id or whole.
type ref string

// UnmarshalJSON takes an id, an object with one, or null.
func (r *ref) UnmarshalJSON(text []byte) error {
	var whole struct{ ID string }
	if err := json.Unmarshal(text, &whole); err == nil {
		*r = ref(whole.ID)
		return nil
	}
	return json.Unmarshal(text, (*string)(r))
}

// EventTypes are the types that a webhook endpoint must be subscribed to, no more.
func EventTypes() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed",
		"invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.voided", "invoice.marked_uncollectible",
		"charge.refunded", "charge.refund.updated",
		"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
		"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
		"radar.early_fraud_warning.created", "radar.early_fraud_warning.updated",
		"customer.deleted",
	}
}
