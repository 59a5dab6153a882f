package payment

import (
	"cmp"
	"context"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// look asks for one object by its id. Ids come from addresses too, and what could not be one must not reach another path.
func (s *Stripe) look(ctx context.Context, path, id string, into stripe.LastResponseSetter, query ...string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	if id == "" || len(id) > 255 || strings.Trim(id, letters) != "" {
		return ErrNotFound
	}
	return s.get(ctx, path+id, into, query...)
}

// Payment looks up a payment intent with its invoice, refunds, disputes and warnings as they are now. ErrNotFound if there is
// none.
func (s *Stripe) Payment(ctx context.Context, id string) (Payment, error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	// No field of a charge tells that a warning exists, so its list is always asked for; at the same time, so it takes none.
	type listed struct {
		all []*stripe.RadarEarlyFraudWarning
		err error
	}
	warnings := make(chan listed, 1)
	go func() {
		of := func(w *stripe.RadarEarlyFraudWarning) string { return w.ID }
		all, err := all(ctx, s, "/v1/radar/early_fraud_warnings", "", of, "payment_intent", id)
		warnings <- listed{all, err}
	}()
	var intent stripe.PaymentIntent
	err := s.look(ctx, "/v1/payment_intents/", id, &intent, "expand[]", "latest_charge.refunds", "expand[]", "invoice")
	if err != nil {
		return Payment{}, err
	}
	p := ofIntent(&intent)
	if intent.Invoice != nil {
		invoice, err := s.whole(ctx, intent.Invoice)
		if err != nil {
			return Payment{}, err
		}
		p.Invoice = &invoice
	}
	warned := <-warnings
	returns, err := s.returns(ctx, intent.LatestCharge, p)
	if err = cmp.Or(err, warned.err); err != nil {
		return Payment{}, err
	}
	p.Returns = withWarnings(p, returns, warned.all)
	return p, nil
}

// returns gives refunds and disputes of a payment.
func (s *Stripe) returns(ctx context.Context, charge *stripe.Charge, p Payment) (returns []Return, err error) {
	if charge == nil {
		return nil, nil
	}
	var refunds []*stripe.Refund
	if charge.Refunds != nil {
		refunds = charge.Refunds.Data
		if charge.Refunds.HasMore {
			of := func(r *stripe.Refund) string { return r.ID }
			refunds, err = all(ctx, s, "/v1/refunds", "", of, "payment_intent", p.ID)
		}
	}
	for _, r := range refunds {
		returns = append(returns, ofRefund(r))
	}
	if err != nil || !charge.Disputed {
		return returns, err
	}
	of := func(d *stripe.Dispute) string { return d.ID }
	disputes, err := all(ctx, s, "/v1/disputes", "", of, "payment_intent", p.ID)
	for _, d := range disputes {
		returns = append(returns, ofDispute(d))
	}
	return returns, err
}

// withWarnings adds warnings. One counts, with the whole payment, until a dispute says what becomes of the money; a second
// one is about the same money.
func withWarnings(p Payment, returns []Return, warnings []*stripe.RadarEarlyFraudWarning) []Return {
	counts := true
	for _, r := range returns {
		counts = counts && r.Kind != Dispute
	}
	for _, w := range warnings {
		r := ofWarning(w)
		r.Payment, r.Amount, r.Currency, r.Counts = p.ID, p.Amount, p.Currency, counts
		returns, counts = append(returns, r), false
	}
	return returns
}

// Invoice looks up an invoice with all its lines. ErrNotFound if there is none.
func (s *Stripe) Invoice(ctx context.Context, id string) (Invoice, error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	var found stripe.Invoice
	if err := s.look(ctx, "/v1/invoices/", id, &found); err != nil {
		return Invoice{}, err
	}
	return s.whole(ctx, &found)
}

// whole adds the lines that an invoice comes without: it brings ten.
func (s *Stripe) whole(ctx context.Context, i *stripe.Invoice) (Invoice, error) {
	if i.Lines != nil && i.Lines.HasMore && len(i.Lines.Data) > 0 {
		of := func(l *stripe.InvoiceLineItem) string { return l.ID }
		more, err := all(ctx, s, "/v1/invoices/"+i.ID+"/lines", of(i.Lines.Data[len(i.Lines.Data)-1]), of)
		if err != nil {
			return Invoice{}, err
		}
		i.Lines.Data = append(i.Lines.Data, more...)
	}
	return ofInvoice(i), nil
}

// Subscription looks up a subscription, a canceled one too. ErrNotFound if there is none.
func (s *Stripe) Subscription(ctx context.Context, id string) (Subscription, error) {
	var found stripe.Subscription
	if err := s.look(ctx, "/v1/subscriptions/", id, &found); err != nil {
		return Subscription{}, err
	}
	return ofSubscription(&found), nil
}

// Session looks up a Checkout session. ErrNotFound if there is none.
func (s *Stripe) Session(ctx context.Context, id string) (Session, error) {
	var found stripe.CheckoutSession
	if err := s.look(ctx, "/v1/checkout/sessions/", id, &found); err != nil {
		return Session{}, err
	}
	return ofSession(&found), nil
}
