package billing

import (
	"context"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// Buyer is the caller as Stripe knows them.
type Buyer struct {
	session.Caller
	Customer   string // at Stripe; "" for who never bought anything
	Subscribed bool   // to a plan that a second one would come beside
}

// AskBuyer gives the caller, in one statement with the session check. It fails with session.ErrSignedOut. A plan whose first
// payment was never finished is none; one that waits for a payment, or is paused, is.
func AskBuyer(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) (Buyer, error) {
	return session.Ask[Buyer](ctx, db, "asking who buys", `
		select `+session.Columns+`, coalesce(k.id, '') as customer,
		       exists (select from app.subscription s where s.account_id = c.account_id
		               and s.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused')) as subscribed
		from app.caller($1, $2) c
		left join app.customer k on k.account_id = c.account_id`, tokenHash, at)
}

// Granted says how many credits came of what was paid, zero while none did: of a pack by its payment intent, of a plan by its
// invoice.
func Granted(ctx context.Context, db postgres.Querier, kind offer.Kind, reference string) (credits int64, err error) {
	if err = db.QueryRow(ctx, `select coalesce(sum(amount), 0)::bigint from app.granted($1, array[$2])`,
		string(kind), reference).Scan(&credits); err != nil {
		return 0, fmt.Errorf("asking what was granted: %w", err)
	}
	return credits, nil
}
