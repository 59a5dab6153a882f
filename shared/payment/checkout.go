package payment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// CreateCustomer makes the customer of an account; nothing but the account's id is told about the person. The same
// idempotencyKey gives the same customer for a day, with another account ErrKeyReused.
func (s *Stripe) CreateCustomer(ctx context.Context, account, idempotencyKey string) (id string, err error) {
	var made stripe.Customer
	order := &stripe.CustomerParams{Metadata: map[string]string{"account": account}}
	order.SetIdempotencyKey(idempotencyKey)
	err = s.post(ctx, "/v1/customers", order, &made)
	return made.ID, err
}

// FindCustomer finds the customer of an account, the oldest where there are several. Stripe's search lags by up to a minute.
func (s *Stripe) FindCustomer(ctx context.Context, account string) (id string, found bool, err error) {
	ids, err := s.Customers(ctx, account)
	if err != nil || len(ids) == 0 {
		return "", false, err
	}
	return ids[0], true, nil
}

// Customers finds every customer of an account, oldest first; several, where answers were lost. Stripe's search lags by up to a
// minute, during an outage an hour, so one that was made or deleted just now may be missing or still there.
func (s *Stripe) Customers(ctx context.Context, account string) (ids []string, err error) {
	if strings.ContainsAny(account, `'\`) {
		return nil, errors.New("finding a customer: this is no account's id")
	}
	var page list[stripe.Customer]
	if err = s.get(ctx, "/v1/customers/search", &page, "query", "metadata['account']:'"+account+"'", "limit", "100"); err != nil {
		return nil, err
	}
	if page.HasMore {
		return nil, errors.New("finding a customer: one account has more than a hundred")
	}
	slices.SortFunc(page.Data, func(a, b *stripe.Customer) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range page.Data {
		if !c.Deleted {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// CheckoutOrder is what a Checkout session is opened for.
type CheckoutOrder struct {
	Customer, Account     string
	Offer, Price          string // our id of what is bought, Stripe's id of its price
	Plan                  bool   // a subscription instead of one payment
	SuccessURL, CancelURL string
	IdempotencyKey        string
}

// Checkout opens a Checkout session, on a page of Stripe, where cards are typed (policy P2.3). The same IdempotencyKey with the
// same order gives the same session for a day, with another one ErrKeyReused. ErrNotFound if the customer was deleted.
func (s *Stripe) Checkout(ctx context.Context, o CheckoutOrder) (Session, error) {
	order := &stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"), Customer: &o.Customer, SuccessURL: &o.SuccessURL, CancelURL: &o.CancelURL,
		LineItems:                []*stripe.CheckoutSessionLineItemParams{{Price: &o.Price, Quantity: stripe.Int64(1)}},
		Metadata:                 map[string]string{"account": o.Account, "offer": o.Offer},
		BillingAddressCollection: stripe.String("auto"), // the country, and what a card needs to be checked
	}
	if o.Plan {
		order.Mode = stripe.String("subscription")
		order.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"account": o.Account}}
	} else {
		order.PaymentIntentData = &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: order.Metadata}
	}
	order.SetIdempotencyKey(o.IdempotencyKey)
	var made stripe.CheckoutSession
	if err := s.post(ctx, "/v1/checkout/sessions", order, &made); err != nil {
		return Session{}, err
	}
	return ofSession(&made), nil
}

// ExpireSessions ends the customer's open Checkout sessions for a subscription but the newest, so that no other can be paid any
// more. Newest is by time of creation, then by id: where two were opened at once, both callers leave the same one, which may
// be another's than the one just made.
func (s *Stripe) ExpireSessions(ctx context.Context, customer string, made Session) error {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	of := func(c *stripe.CheckoutSession) string { return c.ID }
	open, err := all(ctx, s, "/v1/checkout/sessions", "", of, "customer", customer, "status", "open")
	if err != nil {
		return err
	}
	later := func(a, b Session) bool { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) > 0 }
	newest, rivals := made, []string{}
	for _, c := range open {
		if rival := ofSession(c); rival.Mode == "subscription" && rival.ID != made.ID {
			if later(rival, newest) {
				newest, rival = rival, newest
			}
			rivals = append(rivals, rival.ID)
		}
	}
	for _, id := range rivals {
		if err := s.expire(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// expire ends a session. One that was paid or ended in the meantime is refused, and is no failure.
func (s *Stripe) expire(ctx context.Context, id string) error {
	err := s.post(ctx, "/v1/checkout/sessions/"+id+"/expire", &stripe.CheckoutSessionExpireParams{}, &stripe.CheckoutSession{})
	if no := (*refusal)(nil); !errors.As(err, &no) {
		return err
	}
	if now, looked := s.Session(ctx, id); looked != nil || now.Status == "open" {
		return err
	}
	return nil
}

// Subscribed says whether the customer has a subscription that a second one would come beside: any that has begun and has not
// ended, so neither incomplete nor canceled.
func (s *Stripe) Subscribed(ctx context.Context, customer string) (bool, error) {
	of := func(x *stripe.Subscription) string { return x.ID }
	found, err := all(ctx, s, "/v1/subscriptions", "", of, "customer", customer)
	for _, x := range found {
		switch x.Status {
		case stripe.SubscriptionStatusIncomplete, stripe.SubscriptionStatusIncompleteExpired, stripe.SubscriptionStatusCanceled:
		default:
			return true, nil
		}
	}
	return false, err
}

// Portal opens the billing portal for a customer and gives its address. ErrNotFound if the customer was deleted.
func (s *Stripe) Portal(ctx context.Context, customer, returnURL string) (url string, err error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	configuration := s.configuration.Load()
	if configuration == nil {
		found, err := s.portalConfiguration(ctx)
		if err != nil {
			return "", told(err)
		}
		if found == nil {
			return "", errNoPortal
		}
		configuration = &found.ID
		s.configuration.Store(configuration)
	}
	var made stripe.BillingPortalSession
	err = s.post(ctx, "/v1/billing_portal/sessions",
		&stripe.BillingPortalSessionParams{Customer: &customer, ReturnURL: &returnURL, Configuration: configuration}, &made)
	if err != nil {
		s.configuration.Store(nil) // somebody may have put another in its place
	}
	return made.URL, err
}

var errNoPortal = errors.New("Stripe has no billing portal of ours: run `make stripe-setup`")
