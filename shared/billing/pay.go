package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
)

// payment looks at one payment intent with all that happened to it.
func (b Books) payment(ctx context.Context, id string, version int64, event Event, at time.Time) (Outcome, error) {
	p, err := b.Stripe.Payment(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	bought := b.bought(p)
	return b.write(ctx, event, at, func(tx postgres.Querier) (Outcome, error) {
		switch {
		case p.Status == "succeeded":
			return b.take(ctx, tx, p, bought, version, at)
		case p.Invoice != nil && p.Invoice.Status == "paid": // marked as paid by an operator, without this payment
			return b.invoiced(ctx, tx, *p.Invoice, at)
		}
		return Outcome{}, nil
	})
}

// invoice looks at an invoice that no payment belongs to: one of nothing, or one that the customer's balance paid.
func (b Books) invoice(ctx context.Context, id string, event Event, at time.Time) (Outcome, error) {
	invoice, err := b.Stripe.Invoice(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if invoice.PaymentIntent != "" {
		return b.look(ctx, payment.Subject{Kind: payment.SubjectPayment, ID: invoice.PaymentIntent}, event, at)
	}
	return b.write(ctx, event, at, func(tx postgres.Querier) (Outcome, error) {
		if invoice.Status != "paid" {
			return Outcome{}, nil
		}
		return b.invoiced(ctx, tx, invoice, at)
	})
}

// bought is what a payment was for.
type bought struct {
	kind  string // as app.payment has it
	offer offer.Offer
	due   due
}

func (b Books) bought(p payment.Payment) bought {
	if o, known := offer.Find(p.Offer); known && o.Kind == offer.Pack {
		return bought{kind: "pack", offer: o}
	}
	if p.Invoice != nil {
		if d := dueOf(b.Prices, *p.Invoice); d.known {
			o, _ := offer.Find(d.offer)
			return bought{kind: "plan", offer: o, due: d}
		}
	}
	return bought{kind: "other"}
}

// take writes a payment that succeeded: the record that the law wants, whose it is, what it grants and what goes back.
func (b Books) take(ctx context.Context, tx postgres.Querier, p payment.Payment, bought bought, version int64, at time.Time) (Outcome, error) {
	changed, err := record(ctx, tx, p, bought, version)
	if err != nil {
		return Outcome{}, err
	}
	outcome := Outcome{Changed: changed}
	if changed && disputed(p) {
		outcome.Alarms = append(outcome.Alarms, AlarmDispute)
	}
	claimed := p.Account
	if p.Invoice != nil && claimed == "" {
		claimed = p.Invoice.Account
	}
	account, reason, err := owner(ctx, tx, p.Customer, claimed, at)
	if err != nil {
		return outcome, err
	}
	if account != "" {
		if _, err := tx.Exec(ctx, `insert into app.payment_owner (payment_id, account_id) values ($1, $2) on conflict do nothing`, p.ID, account); err != nil {
			return outcome, err
		}
		if bought.kind == "other" {
			reason = "unknown_offer"
		}
	}
	if reason != "" && version > 0 {
		return outcome, nil // seen to before: it is on the list, or its owner has left since
	}
	newly := false
	if reason != "" || version > 0 { // what is new was never unclaimed
		newly, err = claim(ctx, tx, p.ID, reason, at)
	}
	if err != nil || reason != "" {
		if newly {
			outcome.Changed, outcome.Alarms = true, append(outcome.Alarms, AlarmUnclaimed)
		}
		return outcome, err
	}
	moved := false
	switch bought.kind {
	case "pack":
		moved, err = packed(ctx, tx, account, p, bought.offer, at)
	case "plan":
		if p.Invoice.Status != "paid" {
			break // its own event is on its way
		}
		moved, err = b.settleInvoice(ctx, tx, account, *p.Invoice, bought.due, p.ID, at)
	}
	outcome.Changed = outcome.Changed || moved
	return outcome, err
}

// packed grants a pack's credits, and takes back what was refunded.
func packed(ctx context.Context, tx postgres.Querier, account string, p payment.Payment, o offer.Offer, at time.Time) (bool, error) {
	granted, err := credit.Grant(ctx, tx, credit.Lot{
		Account: account, Source: "pack", Reference: p.ID, Amount: o.Credits, ExpiresAt: p.PaidAt.Add(offer.PackValid),
	}, at)
	if err != nil || len(p.Returns) == 0 {
		return granted, err
	}
	delta, err := credit.Reverse(ctx, tx, account, "pack", p.ID, takenBack(o.Credits, returned(p), p.Amount), p.ID, at)
	return granted || delta != 0, err
}

// returned is the money of a payment that is gone again, at most all of it.
func returned(p payment.Payment) (sum int64) {
	for _, r := range p.Returns {
		switch {
		case r.Counts && r.Currency == p.Currency:
			sum += r.Amount
		case r.Counts: // in a bank's own currency
			sum = p.Amount
		}
	}
	return min(sum, p.Amount)
}

func disputed(p payment.Payment) bool {
	for _, r := range p.Returns {
		if r.Kind != "refund" && r.Counts {
			return true
		}
	}
	return false
}

// status sums up a payment in the word that people are shown.
func status(p payment.Payment) string {
	word := "paid"
	switch back := returned(p); {
	case back == p.Amount:
		word = "refunded"
	case back > 0:
		word = "partly_refunded"
	}
	for _, r := range p.Returns {
		switch {
		case !r.Counts || r.Kind == "refund":
		case r.Kind == "dispute" && r.Status == "lost":
			return "lost"
		case r.Kind == "dispute":
			word = "disputed"
		case word != "disputed":
			word = "warned"
		}
	}
	return word
}

// record writes the payment and its returns as they are now; changed says whether anything is new. It is errOvertaken if
// somebody wrote since the version that was read before Stripe was asked.
func record(ctx context.Context, tx postgres.Querier, p payment.Payment, bought bought, version int64) (changed bool, err error) {
	var invoice, number string
	if p.Invoice != nil {
		invoice, number = p.Invoice.ID, p.Invoice.Number
	}
	err = tx.QueryRow(ctx, `
		with earlier as (select status, returned from app.payment where id = $1)
		insert into app.payment as p (id, kind, offer, amount, currency, paid_at, charge, invoice, invoice_number, tax_country,
			status, returned, version)
		values ($1, $2, nullif($3, ''), $4, $5, $6, nullif($7, ''), nullif($8, ''), nullif($9, ''), nullif($10, ''), $11, $12, 1)
		on conflict (id) do update set kind = excluded.kind, offer = excluded.offer, charge = excluded.charge,
			invoice = excluded.invoice, invoice_number = excluded.invoice_number, tax_country = coalesce(excluded.tax_country, p.tax_country),
			status = excluded.status, returned = excluded.returned, version = p.version + 1
		where p.version = $13
		returning not exists (select from earlier e where e.status = p.status and e.returned = p.returned)`,
		p.ID, bought.kind, bought.offer.ID, p.Amount, p.Currency, p.PaidAt, p.Charge, invoice, number, p.TaxCountry,
		status(p), returned(p), version).Scan(&changed)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, errOvertaken
	}
	if err != nil {
		return false, err
	}
	return changed, recordReturns(ctx, tx, p)
}

func recordReturns(ctx context.Context, tx postgres.Querier, p payment.Payment) error {
	for _, r := range p.Returns {
		if _, err := tx.Exec(ctx, `
			insert into app.payment_return (id, payment_id, kind, status, amount, currency, at, counts)
			values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (id) do update set status = excluded.status, amount = excluded.amount, counts = excluded.counts`,
			r.ID, p.ID, r.Kind, r.Status, r.Amount, r.Currency, r.At, r.Counts); err != nil {
			return fmt.Errorf("recording a return: %w", err)
		}
	}
	return nil
}
