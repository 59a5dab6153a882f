package payment

import (
	"cmp"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// moment is a time of Stripe's; 0 is none.
func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func ofIntent(p *stripe.PaymentIntent) Payment {
	t := Payment{
		ID: p.ID, Status: string(p.Status), Account: p.Metadata["account"], Offer: p.Metadata["offer"],
		Amount: p.AmountReceived, Currency: string(p.Currency),
	}
	if p.Customer != nil {
		t.Customer = p.Customer.ID
	}
	if c := p.LatestCharge; c != nil && c.Paid {
		t.Charge, t.PaidAt, t.TaxCountry = c.ID, moment(c.Created), country(c)
	}
	return t
}

// country is where the payer says to be, otherwise where the card is from: two of the proofs that tax law asks for.
func country(c *stripe.Charge) string {
	var billed, card string
	if c.BillingDetails != nil {
		billed = countryOf(c.BillingDetails.Address)
	}
	if c.PaymentMethodDetails != nil && c.PaymentMethodDetails.Card != nil {
		card = c.PaymentMethodDetails.Card.Country
	}
	return cmp.Or(billed, card)
}

func countryOf(a *stripe.Address) string {
	if a == nil {
		return ""
	}
	return a.Country
}

func ofRefund(r *stripe.Refund) Return {
	t := Return{ID: r.ID, Kind: Refund, Status: string(r.Status), Amount: r.Amount, Currency: string(r.Currency), At: moment(r.Created)}
	if r.PaymentIntent != nil {
		t.Payment = r.PaymentIntent.ID
	}
	switch r.Status {
	case stripe.RefundStatusPending, stripe.RefundStatusSucceeded, stripe.RefundStatusRequiresAction:
		t.Counts = true
	}
	return t
}

// ofDispute counts it while the bank has the money or may keep it. Inquiries (warning_…) move none.
func ofDispute(d *stripe.Dispute) Return {
	t := Return{ID: d.ID, Kind: Dispute, Status: string(d.Status), Amount: d.Amount, Currency: string(d.Currency), At: moment(d.Created)}
	if d.PaymentIntent != nil {
		t.Payment = d.PaymentIntent.ID
	}
	switch d.Status {
	case stripe.DisputeStatusNeedsResponse, stripe.DisputeStatusUnderReview, stripe.DisputeStatusLost:
		t.Counts = true
	}
	return t
}

// ofWarning leaves out the amount, which only the payment knows.
func ofWarning(w *stripe.RadarEarlyFraudWarning) Return {
	t := Return{ID: w.ID, Kind: Warning, Status: "closed", At: moment(w.Created)}
	if w.Actionable {
		t.Status = "actionable"
	}
	if w.PaymentIntent != nil {
		t.Payment = w.PaymentIntent.ID
	}
	return t
}

func ofInvoice(i *stripe.Invoice) Invoice {
	t := Invoice{
		ID: i.ID, Number: i.Number, Status: string(i.Status), TaxCountry: countryOf(i.CustomerAddress),
		Total: i.Total, AmountPaid: i.AmountPaid, Currency: string(i.Currency), CreatedAt: moment(i.Created), HostedURL: i.HostedInvoiceURL,
	}
	if i.Customer != nil {
		t.Customer = i.Customer.ID
	}
	if i.Subscription != nil {
		t.Subscription = i.Subscription.ID
	}
	if i.PaymentIntent != nil {
		t.PaymentIntent = i.PaymentIntent.ID
	}
	if i.SubscriptionDetails != nil {
		t.Account = i.SubscriptionDetails.Metadata["account"]
	}
	if i.StatusTransitions != nil {
		t.PaidAt = moment(i.StatusTransitions.PaidAt)
	}
	if i.Lines != nil {
		for _, l := range i.Lines.Data {
			t.Lines = append(t.Lines, ofLine(l))
		}
	}
	return t
}

func ofLine(l *stripe.InvoiceLineItem) Line {
	t := Line{Amount: l.Amount}
	if l.Price != nil {
		t.Price, t.UnitAmount = l.Price.ID, l.Price.UnitAmount
	}
	if l.ProrationDetails != nil && l.ProrationDetails.CreditedItems != nil {
		t.Credited = l.ProrationDetails.CreditedItems.Invoice
	}
	if l.Period != nil {
		t.Ends = moment(l.Period.End)
	}
	return t
}

func ofSubscription(s *stripe.Subscription) Subscription {
	t := Subscription{
		ID: s.ID, Account: s.Metadata["account"], Status: string(s.Status), CreatedAt: moment(s.Created),
		PeriodEnd: moment(s.CurrentPeriodEnd), CancelAt: moment(s.CancelAt), EndedAt: moment(s.EndedAt), TrialEnd: moment(s.TrialEnd),
		CancelAtPeriodEnd: s.CancelAtPeriodEnd, Paused: s.PauseCollection != nil || s.Status == stripe.SubscriptionStatusPaused,
	}
	if s.Customer != nil {
		t.Customer = s.Customer.ID
	}
	if s.LatestInvoice != nil {
		t.Invoice = s.LatestInvoice.ID
	}
	if s.Items != nil && len(s.Items.Data) > 0 && s.Items.Data[0].Price != nil {
		t.Price = s.Items.Data[0].Price.ID // ours have one
	}
	if s.PauseCollection != nil {
		t.PauseUntil = moment(s.PauseCollection.ResumesAt)
	}
	return t
}

func ofSession(c *stripe.CheckoutSession) Session {
	t := Session{
		ID: c.ID, URL: c.URL, Account: c.Metadata["account"], Offer: c.Metadata["offer"], Mode: string(c.Mode), Status: string(c.Status),
		PaymentStatus: string(c.PaymentStatus), Amount: c.AmountTotal, Currency: string(c.Currency), CreatedAt: moment(c.Created),
	}
	if c.Customer != nil {
		t.Customer = c.Customer.ID
	}
	if c.PaymentIntent != nil {
		t.Payment = c.PaymentIntent.ID
	}
	if c.Subscription != nil {
		t.Subscription = c.Subscription.ID
	}
	if c.Invoice != nil {
		t.Invoice = c.Invoice.ID
	}
	return t
}
