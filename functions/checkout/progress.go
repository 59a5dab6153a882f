package main

import (
	"context"
	"errors"
	"strings"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/problem"
)

var errNotFound = problem.New(problem.NotFound, "checkout_not_found", "There is no such purchase of yours.")

// progress is how a purchase is getting on.
type progress struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // open, pending, paid, failed or expired
	Offer   string `json:"offer"`
	Credits int64  `json:"credits"` // that it brings, or brought
	Granted bool   `json:"granted"` // the credits are there
}

// follow asks Stripe how a purchase of the buyer's is getting on, and our books whether its credits are there.
func (c checkout) follow(ctx context.Context, buyer billing.Buyer, id string) (progress, error) {
	if !isSession(id) {
		return progress{}, errNotFound
	}
	opened, err := c.stripe.Session(ctx, id)
	if errors.Is(err, payment.ErrNotFound) || err == nil && opened.Account != buyer.AccountID {
		return progress{}, errNotFound
	}
	if err != nil {
		return progress{}, err
	}
	status, err := c.status(ctx, opened)
	if err != nil {
		return progress{}, err
	}
	bought, _ := offer.Find(opened.Offer) // whatever was ever sold is found
	p := progress{ID: opened.ID, Status: status, Offer: opened.Offer, Credits: bought.Credits}
	if status != "paid" {
		return p, nil
	}
	if opened.PaymentStatus == "no_payment_required" { // a trial: credits come with its first payment
		p.Credits, p.Granted = 0, buyer.Subscribed
		return p, nil
	}
	reference := opened.Payment
	if bought.Kind == offer.Plan {
		reference = opened.Invoice
	}
	credits, err := billing.Granted(ctx, c.db, bought.Kind, reference)
	if credits > 0 {
		p.Credits, p.Granted = credits, true
	}
	return p, err
}

// status puts Stripe's words together: a session is complete as soon as the form is sent, which for some ways to pay is days
// before the money comes, or fails to.
func (c checkout) status(ctx context.Context, s payment.Session) (string, error) {
	switch {
	case s.Status != "complete":
		return s.Status, nil // open or expired
	case s.PaymentStatus != "unpaid":
		return "paid", nil
	case s.Payment != "":
		p, err := c.stripe.Payment(ctx, s.Payment)
		if err == nil && (p.Status == "requires_payment_method" || p.Status == "canceled") {
			return "failed", nil
		}
		return "pending", err
	case s.Subscription != "":
		plan, err := c.stripe.Subscription(ctx, s.Subscription)
		if err == nil && (plan.Status == "incomplete_expired" || plan.Status == "canceled") {
			return "failed", nil
		}
		return "pending", err
	}
	return "pending", nil
}

// isSession says whether a text looks like the id of a Checkout session.
func isSession(id string) bool {
	rest, ok := strings.CutPrefix(id, "cs_")
	return ok && rest != "" && len(id) <= 255 && !strings.ContainsFunc(rest, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}
