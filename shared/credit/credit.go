// Package credit keeps the ledger of credits.
//
// Credits are granted in lots, held for an order, then settled or released. The functions of the schema that write the
// ledger are the only way to change a balance; generation holds through app.hold_credits in the statement that places an
// order.
package credit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/retention"
)

// guardKept is how long an identity is remembered, as a keyed hash, so that closing an account and opening it again earns
// nothing (policy P3.4).
const guardKept = retention.FreeCredits

// ErrInsufficient refuses an order that costs more than the spendable credits.
var ErrInsufficient = problem.New(problem.PaymentRequired, "insufficient_credits",
	"You have too few credits for this; credits held for orders under way come back if those fail.")

// ErrOwed refuses orders while credits are owed that had been spent before their payment was taken back.
var ErrOwed = problem.New(problem.PaymentRequired, "credits_owed",
	"A payment was taken back after its credits had been spent, so your account owes credits; buy some to settle it, then order again.")

// Insufficient says whether app.hold_credits refused because the spendable credits do not reach.
func Insufficient(err error) bool { return postgres.Raised(err, "NF402") }

// Owed says whether app.hold_credits refused because the account owes credits.
func Owed(err error) bool { return postgres.Raised(err, "NF403") }

// GrantFree opens the account's balance with the free credits of an identity that has not had them yet; identity is a
// keyed hash.
func GrantFree(ctx context.Context, db postgres.Querier, account string, identity []byte, amount int64, at time.Time) error {
	if _, err := db.Exec(ctx, `select app.grant_free_credits($1, $2, $3, $4, $5)`,
		account, identity, amount, at, at.Add(guardKept)); err != nil {
		return fmt.Errorf("granting free credits: %w", err)
	}
	return nil
}

// Settle spends what is held; done is false if the hold was already settled or released.
func Settle(ctx context.Context, db postgres.Querier, hold string, at time.Time) (done bool, err error) {
	if err = db.QueryRow(ctx, `select app.settle_hold($1, $2)`, hold, at).Scan(&done); err != nil {
		return false, fmt.Errorf("settling a hold: %w", err)
	}
	return done, nil
}

// Release gives back what is held, to the lots it came from; done is false if the hold was already settled or released.
func Release(ctx context.Context, db postgres.Querier, hold string, at time.Time) (done bool, err error) {
	if err = db.QueryRow(ctx, `select app.release_hold($1, $2)`, hold, at).Scan(&done); err != nil {
		return false, fmt.Errorf("releasing a hold: %w", err)
	}
	return done, nil
}

// OpenHolds names up to limit holds that have been open since before a time.
func OpenHolds(ctx context.Context, db postgres.Querier, before time.Time, limit int) ([]string, error) {
	rows, err := db.Query(ctx, `select id from app.credit_hold where state = 'held' and held_at <= $1 order by held_at limit $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("finding open holds: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
