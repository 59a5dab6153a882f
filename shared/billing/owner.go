package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// owner finds whose a customer of Stripe is: by our own record, else by the account that our checkout wrote into Stripe's
// metadata, because the answer that named the customer may have been lost. Where there is none, reason says why.
func owner(ctx context.Context, tx postgres.Querier, customer, claimed string, at time.Time) (account, reason string, err error) {
	err = tx.QueryRow(ctx, `select account_id from app.customer where id = $1`, customer).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return claimant(ctx, tx, customer, claimed, at)
	}
	return account, "", err
}

// claimant is the account that a stranger of a customer is said to be.
func claimant(ctx context.Context, tx postgres.Querier, customer, claimed string, at time.Time) (account, reason string, err error) {
	if uuid.Validate(claimed) != nil {
		return "", "unknown_customer", nil //nolint:nilerr // it is no account of ours
	}
	var exists bool
	if err := tx.QueryRow(ctx, `select app.has_account($1)`, claimed).Scan(&exists); err != nil {
		return "", "", err
	}
	if !exists {
		return "", "account_gone", nil
	}
	if customer == "" {
		return claimed, "", nil
	}
	return claimed, "", adopt(ctx, tx, claimed, customer, at)
}

// adopt writes down an account's customer that we did not know of, unless it has another. In two statements, since a conflict
// may be about either column.
func adopt(ctx context.Context, tx postgres.Querier, account, customer string, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into app.customer (account_id, id, operation, begun_at) values ($1, $2, $3, $4) on conflict do nothing`,
		account, customer, uuid.NewString(), at)
	if err == nil {
		_, err = tx.Exec(ctx, `update app.customer set id = $2 where account_id = $1 and id is null`, account, customer)
	}
	return err
}

// claim notes that nobody got anything for a payment, and why; or, for no reason, that somebody did. It says whether it is
// newly unclaimed.
func claim(ctx context.Context, tx postgres.Querier, id, reason string, at time.Time) (newly bool, err error) {
	if reason == "" {
		_, err = tx.Exec(ctx, `delete from app.unclaimed_payment where payment_id = $1`, id)
		return false, err
	}
	done, err := tx.Exec(ctx, `insert into app.unclaimed_payment (payment_id, reason, since) values ($1, $2, $3) on conflict do nothing`,
		id, reason, at)
	return done.RowsAffected() > 0, err
}

// Unclaimed is a payment that nobody got anything for.
type Unclaimed struct {
	Payment  string    `json:"payment"`
	Amount   int64     `json:"amount"` // in minor units
	Currency string    `json:"currency"`
	Reason   string    `json:"reason"` // unknown_customer, account_gone, unknown_offer
	Since    time.Time `json:"since"`
}

// ListUnclaimed shows an operator the payments to look at, the oldest first, at most limit. What was given back in full is none.
func ListUnclaimed(ctx context.Context, db postgres.Querier, limit int) ([]Unclaimed, error) {
	rows, err := db.Query(ctx, `
		select u.payment_id as payment, p.amount, p.currency, u.reason, u.since
		from app.unclaimed_payment u join app.payment p on p.id = u.payment_id
		where p.returned < p.amount order by u.since, u.payment_id limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("listing unclaimed payments: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Unclaimed])
}
