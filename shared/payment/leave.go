package payment

import (
	"context"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// passes is how often what is left of a customer's is looked at before somebody else is to try again.
const passes = 3

// EndAll ends what could still take money of a customer: open Checkout sessions, since a page that somebody left open could be
// paid later, then every subscription. It is true once a look finds neither, or the customer deleted; it can be repeated.
// ErrNotFound is no proof that nothing is billed: the customer may be known to another account at Stripe.
func (s *Stripe) EndAll(ctx context.Context, customer string) (ended bool, err error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	known, err := s.customer(ctx, customer)
	if err != nil || known.Deleted {
		return err == nil, err
	}
	for range passes {
		found, err := s.endFound(ctx, customer)
		if err != nil || found == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// endFound ends the sessions and subscriptions that it finds, and says how many those were. Sessions come first: one that is
// paid at this moment has made its subscription when those are listed.
func (s *Stripe) endFound(ctx context.Context, customer string) (found int, err error) {
	session := func(c *stripe.CheckoutSession) string { return c.ID }
	open, err := all(ctx, s, "/v1/checkout/sessions", "", session, "customer", customer, "status", "open")
	if err != nil {
		return 0, err
	}
	for _, c := range open {
		if err := s.expire(ctx, c.ID); err != nil {
			return 0, err
		}
	}
	subscription := func(x *stripe.Subscription) string { return x.ID }
	subscriptions, err := all(ctx, s, "/v1/subscriptions", "", subscription, "customer", customer)
	if err != nil {
		return 0, err
	}
	found = len(open)
	for _, x := range subscriptions {
		if over(x) {
			continue
		}
		found++
		if err := s.EndSubscription(ctx, x.ID); err != nil {
			return 0, err
		}
	}
	return found, nil
}

func over(x *stripe.Subscription) bool {
	return x.Status == stripe.SubscriptionStatusCanceled || x.Status == stripe.SubscriptionStatusIncompleteExpired
}

// EndSubscription ends a subscription at once, without a last invoice or a credit for time that is not used. One that has ended
// is no error.
func (s *Stripe) EndSubscription(ctx context.Context, id string) error {
	order := &stripe.SubscriptionCancelParams{InvoiceNow: stripe.Bool(false), Prorate: stripe.Bool(false)}
	err := s.send(ctx, http.MethodDelete, "/v1/subscriptions/"+id, order, &stripe.Subscription{})
	if errors.Is(err, ErrNotFound) {
		return nil // Stripe says this of an ended one too
	}
	return err
}

// EraseCustomer blanks a customer, detaches what was saved to pay with, and deletes the customer, which ends every subscription
// too. It is true once Stripe says that the customer is deleted; it can be repeated, and where it stopped in the middle it goes
// on. The metadata's account stays until the deletion takes it, because only by that a customer is found whom nobody wrote down.
//
// Stripe itself keeps more than it shows (docs.stripe.com/privacy/deletion-requests): payments, charges and invoices stay, as
// the law wants, with the name, e-mail and address that the payer typed; so do finished Checkout sessions, detached payment
// methods, and for 30 days the events. Only a redaction job (docs.stripe.com/privacy/redaction) blanks those: it is in
// preview, unknown to this API version, makes a payment lose every dispute, and is possible 90 days after the last payment.
func (s *Stripe) EraseCustomer(ctx context.Context, id string) (erased bool, err error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	known, err := s.customer(ctx, id)
	if err != nil || known.Deleted {
		return err == nil, err
	}
	if err = s.blank(ctx, known); err == nil {
		err = s.detachAll(ctx, id)
	}
	if err == nil {
		err = s.send(ctx, http.MethodDelete, "/v1/customers/"+id, &stripe.CustomerParams{}, &stripe.Customer{})
	}
	if no := (*refusal)(nil); err != nil && !errors.As(err, &no) {
		return false, err
	}
	now, looked := s.customer(ctx, id) // somebody else may have deleted it, or Stripe did and answered with an error
	if looked == nil && now.Deleted {
		return true, nil
	}
	return false, errors.Join(err, looked)
}

// customer looks up a customer; a deleted one is known as such for ever.
func (s *Stripe) customer(ctx context.Context, id string) (*stripe.Customer, error) {
	var found stripe.Customer
	err := s.look(ctx, "/v1/customers/", id, &found)
	return &found, err
}

// blank takes away what a customer says about a person. Stripe knows none of it from us, but its pages may have asked.
func (s *Stripe) blank(ctx context.Context, known *stripe.Customer) error {
	nothing := stripe.String("")
	order := &stripe.CustomerParams{Name: nothing, Email: nothing, Phone: nothing, Description: nothing, Metadata: map[string]string{}}
	for _, field := range []string{"address", "shipping"} {
		order.AddExtra(field, "")
	}
	for key := range known.Metadata {
		if key != "account" {
			order.Metadata[key] = ""
		}
	}
	return s.post(ctx, "/v1/customers/"+known.ID, order, &stripe.Customer{})
}

func (s *Stripe) detachAll(ctx context.Context, customer string) error {
	id := func(m *stripe.PaymentMethod) string { return m.ID }
	saved, err := all(ctx, s, "/v1/customers/"+customer+"/payment_methods", "", id)
	if err != nil {
		return err
	}
	for _, m := range saved {
		if err := s.detach(ctx, m.ID); err != nil {
			return err
		}
	}
	return nil
}

// detach takes a payment method from its customer. One that somebody else detached meanwhile is refused, and is no failure.
func (s *Stripe) detach(ctx context.Context, id string) error {
	err := s.post(ctx, "/v1/payment_methods/"+id+"/detach", &stripe.PaymentMethodDetachParams{}, &stripe.PaymentMethod{})
	if no := (*refusal)(nil); !errors.As(err, &no) {
		return err
	}
	var now stripe.PaymentMethod
	if s.look(ctx, "/v1/payment_methods/", id, &now) != nil || now.Customer != nil {
		return err
	}
	return nil
}
