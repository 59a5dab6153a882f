package credit_test

import (
	"context"
	"testing"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/testbed/people"
)

// What an order costs the ledger; the account has as many lots as somebody who buys a pack every month.
func BenchmarkAHoldThatIsSettled(b *testing.B) {
	ctx, db := context.Background(), people.Open(b)
	ada := db.SignIn(b, "ada", 50)
	db.Do(b, `select app.grant_credits($1, 'pack', n::text, 1000000, $2, $2::timestamptz + n * interval '30 days') from generate_series(1, 24) n`, ada.ID, people.Now())
	for b.Loop() {
		id, err := hold(db.Web, ada.ID, 1, people.Now())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := credit.Settle(ctx, db.Worker, id, people.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
