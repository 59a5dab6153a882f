package payment

import (
	"context"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// What was created since then, newest first, a page of at most 100 at a time: next is "" at the end, otherwise what after must
// be for the following page. After may be any object of that kind, one that is older than since too.

// ListSessions gives Checkout sessions.
func (s *Stripe) ListSessions(ctx context.Context, since time.Time, after string) (page []Session, next string, err error) {
	return created(ctx, s, "/v1/checkout/sessions", since, after, ofSession, func(c Session) string { return c.ID })
}

// ListInvoices gives invoices, each with its first ten lines.
func (s *Stripe) ListInvoices(ctx context.Context, since time.Time, after string) (page []Invoice, next string, err error) {
	return created(ctx, s, "/v1/invoices", since, after, ofInvoice, func(i Invoice) string { return i.ID })
}

// ListRefunds gives refunds.
func (s *Stripe) ListRefunds(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return created(ctx, s, "/v1/refunds", since, after, ofRefund, idOfReturn)
}

// ListDisputes gives disputes.
func (s *Stripe) ListDisputes(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return created(ctx, s, "/v1/disputes", since, after, ofDispute, idOfReturn)
}

// ListWarnings gives early fraud warnings, without what only a look at the payment tells: Amount, Currency and Counts.
func (s *Stripe) ListWarnings(ctx context.Context, since time.Time, after string) (page []Return, next string, err error) {
	return created(ctx, s, "/v1/radar/early_fraud_warnings", since, after, ofWarning, idOfReturn)
}

func idOfReturn(r Return) string { return r.ID }

// ListSubscriptions gives every subscription that is not canceled, newest first, paged like the others.
func (s *Stripe) ListSubscriptions(ctx context.Context, after string) (page []Subscription, next string, err error) {
	return created(ctx, s, "/v1/subscriptions", time.Time{}, after, ofSubscription, func(x Subscription) string { return x.ID })
}

func created[T, U any](ctx context.Context, s *Stripe, path string, since time.Time, after string, of func(*T) U, id func(U) string) (page []U, next string, err error) {
	query := []string{"limit", "100"}
	if !since.IsZero() {
		query = append(query, "created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	if after != "" {
		query = append(query, "starting_after", after)
	}
	var found list[T]
	if err := s.get(ctx, path, &found, query...); err != nil {
		return nil, "", err
	}
	for _, item := range found.Data {
		page = append(page, of(item))
	}
	if found.HasMore && len(page) > 0 {
		next = id(page[len(page)-1])
	}
	return page, next, nil
}

// Invoices gives the customer's latest invoices but drafts, newest first, at most limit (100), each with its first ten lines.
func (s *Stripe) Invoices(ctx context.Context, customer string, limit int) (invoices []Invoice, err error) {
	var found list[stripe.Invoice]
	if err := s.get(ctx, "/v1/invoices", &found, "customer", customer, "limit", strconv.Itoa(min(limit, 100))); err != nil {
		return nil, err
	}
	for _, i := range found.Data {
		if i.Status != stripe.InvoiceStatusDraft {
			invoices = append(invoices, ofInvoice(i))
		}
	}
	return invoices, nil
}
