package billing

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/payment"
)

// The steps of a comparison, in their order: five of Stripe's lists, then what of ours no list may show any more.
const (
	stepSubscriptions = "subscriptions"
	stepSessions      = "sessions"
	stepInvoices      = "invoices"
	stepRefunds       = "refunds"
	stepDisputes      = "disputes"
	stepWarnings      = "warnings"
	stepOurs          = "ours"
)

func steps() []string {
	return []string{stepSubscriptions, stepSessions, stepInvoices, stepRefunds, stepDisputes, stepWarnings, stepOurs}
}

// underWay is how long a bank may take to pay what was ordered, so that much older orders may have been paid lately.
const underWay = 21 * 24 * time.Hour

// compare takes one page of a step and gives the objects in which our books differ; next is "" on the step's last page.
func (b Books) compare(ctx context.Context, step string, day, since time.Time, after string) (checked int, differ []payment.Subject, next string, err error) {
	switch step {
	case stepSubscriptions:
		page, next, err := b.Stripe.ListSubscriptions(ctx, after)
		if err == nil {
			differ, err = b.compareSubscriptions(ctx, page, day)
		}
		if err == nil {
			bills, err := b.compareLatest(ctx, page)
			return len(page), append(differ, bills...), next, err
		}
		return len(page), differ, next, err
	case stepSessions:
		page, next, err := b.Stripe.ListSessions(ctx, since.Add(-underWay), after)
		if err == nil {
			differ, err = b.compareSessions(ctx, page)
		}
		return len(page), differ, next, err
	case stepInvoices:
		page, next, err := b.Stripe.ListInvoices(ctx, since, after)
		if err == nil {
			differ, err = b.compareInvoices(ctx, page)
		}
		return len(page), differ, next, err
	case stepRefunds, stepDisputes, stepWarnings:
		list := map[string]func(context.Context, time.Time, string) ([]payment.Return, string, error){
			stepRefunds: b.Stripe.ListRefunds, stepDisputes: b.Stripe.ListDisputes, stepWarnings: b.Stripe.ListWarnings,
		}[step]
		page, next, err := list(ctx, since, after)
		if err == nil {
			differ, err = b.compareReturns(ctx, page)
		}
		return len(page), differ, next, err
	}
	differ, err = b.ours(ctx, day)
	return len(differ), differ, "", err
}

// compareSubscriptions also notes which of ours were seen at Stripe today.
func (b Books) compareSubscriptions(ctx context.Context, page []payment.Subscription, day time.Time) (differ []payment.Subject, err error) {
	ids := make([]string, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	rows, err := b.DB.Query(ctx, `
		update app.subscription set seen_on = $2 where id = any ($1) returning id, offer, status, period_end, cancel_at, ended_at`, ids, day)
	if err != nil {
		return nil, err
	}
	type known struct {
		ID string
		standing
	}
	ours, err := pgx.CollectRows(rows, pgx.RowToStructByName[known])
	if err != nil {
		return nil, err
	}
	for _, s := range page {
		theirs := b.standing(s)
		same := func(k known) bool { return k.ID == s.ID && k.equal(theirs) }
		if !slices.ContainsFunc(ours, same) {
			differ = append(differ, payment.Subject{Kind: payment.SubjectSubscription, ID: s.ID})
		}
	}
	return differ, nil
}

// compareLatest finds the latest invoices that are not in our books: an old one may have been paid after weeks of attempts,
// and its subscription says by its status that nothing is open any more.
func (b Books) compareLatest(ctx context.Context, page []payment.Subscription) ([]payment.Subject, error) {
	var latest []string
	for _, s := range page {
		if s.Invoice != "" && (s.Status == "active" || s.Status == "trialing") {
			latest = append(latest, s.Invoice)
		}
	}
	return b.subjects(ctx, payment.SubjectInvoice, notInvoiced, latest)
}

// notInvoiced are those of the given invoices that did nothing yet, unless nobody is there to be granted anything.
const notInvoiced = `
	select paid.id from unnest($1::text[]) paid (id)
	where not exists (select from app.plan_invoice i where i.id = paid.id)
	  and not exists (select from app.unclaimed_payment u join app.payment p on p.id = u.payment_id where p.invoice = paid.id)`

// compareSessions finds packs that were paid and are not in our books.
func (b Books) compareSessions(ctx context.Context, page []payment.Session) ([]payment.Subject, error) {
	var paid []string
	for _, s := range page {
		if s.Mode == "payment" && s.PaymentStatus == "paid" && s.Payment != "" {
			paid = append(paid, s.Payment)
		}
	}
	return b.subjects(ctx, payment.SubjectPayment, `
		select paid.id from unnest($1::text[]) paid (id) where not exists (select from app.payment p where p.id = paid.id)`, paid)
}

// compareInvoices finds paid invoices of plans that did nothing yet.
func (b Books) compareInvoices(ctx context.Context, page []payment.Invoice) ([]payment.Subject, error) {
	var paid []string
	for _, invoice := range page {
		if d := dueOf(b.Prices, invoice); invoice.Status == "paid" && d.known {
			paid = append(paid, invoice.ID)
		}
	}
	return b.subjects(ctx, payment.SubjectInvoice, notInvoiced, paid)
}

// compareReturns finds refunds, disputes and warnings that stand otherwise in our books.
func (b Books) compareReturns(ctx context.Context, page []payment.Return) ([]payment.Subject, error) {
	var ids, payments, statuses []string
	var amounts []int64
	for _, r := range page {
		if r.Payment != "" {
			ids, payments = append(ids, r.ID), append(payments, r.Payment)
			statuses, amounts = append(statuses, r.Status), append(amounts, r.Amount)
		}
	}
	return b.subjects(ctx, payment.SubjectPayment, `
		select distinct theirs.payment from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) theirs (id, payment, status, amount)
		where not exists (select from app.payment_return r where r.id = theirs.id and r.status = theirs.status
			and (r.amount = theirs.amount or r.kind = 'warning'))`, // a listed warning does not know its payment's amount
		ids, payments, statuses, amounts)
}

// ours are the plans that no list of today showed, or that run for somebody who left; the returns that were not decided when we last heard of them, and the
// payments that nobody got anything for: their owner, or what they were for, may have become known.
func (b Books) ours(ctx context.Context, day time.Time) ([]payment.Subject, error) {
	plans, err := b.subjects(ctx, payment.SubjectSubscription, `
		select id from app.subscription
		where ended_at is null and (seen_on is null or seen_on < $1 or app.closed(account_id) is not null) order by id`, day)
	if err != nil {
		return nil, err
	}
	open, err := b.subjects(ctx, payment.SubjectPayment, `
		select payment_id from app.payment_return
		where kind = 'dispute' and status not in ('won', 'lost', 'warning_closed', 'charge_refunded')
		   or kind = 'refund' and status not in ('succeeded', 'failed', 'canceled')
		union select payment_id from app.unclaimed_payment`)
	return append(plans, open...), err
}

func (b Books) subjects(ctx context.Context, kind, sql string, arguments ...any) ([]payment.Subject, error) {
	rows, err := b.DB.Query(ctx, sql, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (payment.Subject, error) {
		about := payment.Subject{Kind: kind}
		return about, row.Scan(&about.ID)
	})
}
