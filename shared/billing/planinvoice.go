package billing

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
)

// invoiced applies a paid invoice without a payment of its own. Where nothing was paid either, an unknown owner is no alarm.
func (b Books) invoiced(ctx context.Context, tx postgres.Querier, invoice payment.Invoice, at time.Time) (Outcome, error) {
	d := dueOf(b.Prices, invoice)
	if !d.known {
		return Outcome{}, nil
	}
	account, _, err := owner(ctx, tx, invoice.Customer, invoice.Account, at)
	if err != nil {
		return Outcome{}, err
	}
	if account == "" {
		var outcome Outcome
		if invoice.AmountPaid > 0 { // somewhere else, as an operator says
			outcome.Alarms = []string{AlarmUnclaimed}
		}
		return outcome, nil
	}
	changed, err := b.settleInvoice(ctx, tx, account, invoice, d, "", at)
	return Outcome{Changed: changed}, err
}

// settleInvoice grants a paid invoice's credits or takes back those of unused time, and what was refunded of it.
func (b Books) settleInvoice(ctx context.Context, tx postgres.Querier, account string, invoice payment.Invoice, d due, paid string, at time.Time) (changed bool, err error) {
	// What goes back is summed up over what other invoices and refunds write: an account's are seen to one after the other. The
	// ledger's own locks come later.
	if _, err = tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('plan_invoice/' || $1, 0))`, account); err != nil {
		return false, err
	}
	if d.takes > 0 && d.from == "" {
		if d.from, err = latest(ctx, tx, account, invoice.PaidAt); err != nil {
			return false, err
		}
		if d.from == "" {
			d.takes = 0 // nothing was ever granted, so nothing can be taken back
		}
	}
	// Part of the total may have been paid from the customer's balance, or an old debt added to it: the larger counts as the whole.
	if _, err = tx.Exec(ctx, `
		insert into app.plan_invoice as i (id, account_id, payment_id, total, credits, takes, takes_from, paid_at)
		values ($1, $2, nullif($3, ''), $4, $5, $6, nullif($7, ''), $8)
		on conflict (id) do update set payment_id = coalesce(excluded.payment_id, i.payment_id)`,
		invoice.ID, account, paid, max(invoice.Total, invoice.AmountPaid), d.credits, d.takes, d.from, invoice.PaidAt); err != nil {
		return false, err
	}
	if d.credits > 0 {
		if changed, err = credit.Grant(ctx, tx, credit.Lot{
			Account: account, Source: "plan", Reference: invoice.ID, Amount: d.credits, ExpiresAt: d.ends,
		}, at); err != nil {
			return false, err
		}
		moved, err := takeBack(ctx, tx, account, invoice.ID, invoice.ID, at)
		if err != nil {
			return false, err
		}
		changed = changed || moved
	}
	if d.takes > 0 {
		moved, err := takeBack(ctx, tx, account, d.from, invoice.ID, at)
		if err != nil {
			return false, err
		}
		changed = changed || moved
	}
	return changed, nil
}

// latest is the account's latest invoice that granted anything, from which unused time is taken back where Stripe names none;
// "" if there is none.
func latest(ctx context.Context, tx postgres.Querier, account string, paidAt time.Time) (id string, err error) {
	err = tx.QueryRow(ctx, `
		select id from app.plan_invoice where account_id = $1 and credits > 0 and paid_at <= $2 order by paid_at desc, id limit 1`,
		account, paidAt).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// takeBack sets what has been taken back of an invoice's credits, over all causes. Of one that is not paid yet there is nothing
// to take: what is to be taken back goes as soon as it is granted.
func takeBack(ctx context.Context, tx postgres.Querier, account, invoice, cause string, at time.Time) (bool, error) {
	var credits, total, returned, taken int64
	err := tx.QueryRow(ctx, `
		select i.credits, i.total, coalesce(p.returned, 0),
		       coalesce((select sum(later.takes)::bigint from app.plan_invoice later where later.takes_from = i.id), 0)
		from app.plan_invoice i left join app.payment p on p.id = i.payment_id where i.id = $1 and i.credits > 0`, invoice).
		Scan(&credits, &total, &returned, &taken)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	target := min(credits, takenBack(credits, returned, total)+taken)
	delta, err := credit.Reverse(ctx, tx, account, "plan", invoice, target, cause, at)
	return delta != 0, err
}
