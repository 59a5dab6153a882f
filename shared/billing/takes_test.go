package billing

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// A downgrade credits unused time of a month whose own payment may be heard of, or even made, only later.
func TestUnusedTimeIsTakenBackFromTheInvoiceThatStripeNamesWheneverThatIsPaid(t *testing.T) {
	b, at := Books{Prices: prices(t)}, people.Now()
	ends := at.AddDate(0, 1, 0)
	line := func(offer string, unit, amount int64, credited string) payment.Line {
		return payment.Line{Price: priceOf(offer), UnitAmount: unit, Amount: amount, Credited: credited, Ends: ends}
	}
	older := payment.Invoice{ID: "in_older", Total: 900, AmountPaid: 900, PaidAt: at.AddDate(0, -1, 0), Lines: []payment.Line{line("plus-monthly", 900, 900, "")}}
	month := payment.Invoice{ID: "in_month", Total: 2900, AmountPaid: 2900, PaidAt: at, Lines: []payment.Line{line("pro-monthly", 2900, 2900, "")}}
	down := payment.Invoice{ID: "in_down", Total: -1000, PaidAt: at, Lines: []payment.Line{line("pro-monthly", 2900, -1450, "in_month"), line("plus-monthly", 900, 450, "")}}
	for name, order := range map[string][]payment.Invoice{
		"in order": {older, month, down}, "the month last": {older, down, month}, "the downgrade first": {down, month, older},
		"twice": {down, older, down, month, month, down},
	} {
		db := people.Open(t)
		ada := db.SignIn(t, "ada", 0)
		for _, invoice := range order {
			err := db.Cashier.Transaction(t.Context(), func(tx postgres.Querier) error {
				_, err := b.settleInvoice(t.Context(), tx, ada.ID, invoice, dueOf(b.Prices, invoice), "", at)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got := people.Ask[string](t, db, `select string_agg(concat_ws(' ', reference, amount, reversed), ', ' order by reference) from app.credit_grant`)
		if got != "in_month 2000 750, in_older 500 0" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWhatAPaymentIsDividedBy(t *testing.T) {
	p := payment.Payment{Amount: 1000, Currency: "usd", Returns: []payment.Return{{Amount: 300, Currency: "usd", Counts: true}, {Amount: 100, Currency: "usd"}}}
	if got := returned(p); got != 300 {
		t.Errorf("%d is gone", got)
	}
	p.Returns = append(p.Returns, payment.Return{Amount: 5, Currency: "eur", Counts: true, At: time.Time{}})
	if got := returned(p); got != 1000 {
		t.Errorf("with a dispute in another currency %d is gone", got)
	}
}
