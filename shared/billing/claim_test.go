package billing_test

import (
	"testing"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

func TestMoneyWhoseOwnerIsFoundLaterIsNoLongerUnclaimed(t *testing.T) {
	c := open(t)
	stray := c.Post("/v1/customers").Text("id")
	bought := c.Buy(stray, "", "pack-200", till.Visa)
	c.hear()
	owner := func() string {
		return people.Ask[string](t, c.Database, `
			select coalesce((select account_id::text from app.payment_owner where payment_id = $1), '') ||
			       case when exists (select from app.unclaimed_payment where payment_id = $1) then 'unclaimed' else '' end`, bought.Payment)
	}
	if got := owner(); got != "unclaimed" {
		t.Fatalf("the payment is %q", got)
	}
	c.Do(t, `insert into app.customer (account_id, id, operation, begun_at) values ($1, $2, $3, $4)`, c.who.ID, stray, uuid.NewString(), c.now)
	outcome, err := c.books.Converge(t.Context(), payment.Subject{Kind: payment.SubjectPayment, ID: bought.Payment}, billing.Event{}, c.now)
	if err != nil || !outcome.Changed {
		t.Errorf("%+v, %v", outcome, err)
	}
	if got := owner(); got != c.who.ID {
		t.Errorf("the payment is %q, want %s", got, c.who.ID)
	}
	c.has("the owner got what was paid for", 200, 0)
}
