package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// unanswered is how long an attempt at making a customer may take before its answer counts as lost: longer than a function
// lives, and as long as Stripe's search may lag behind.
const unanswered = time.Minute

// making is how far the making of an account's customer has come.
type making struct {
	ID        *string
	Operation string // the Idempotency-Key of the attempt under way
	Lost      bool   // nobody waits for its answer any more
}

// Customer gives the id of an account's customer at Stripe, who is made where there is none yet. The row stands before Stripe
// is asked, with the key of the attempt, so that whoever comes at the same time, or after an answer that was lost, repeats the
// attempt instead of making a second customer. The errors are those of the gates.
func Customer(ctx context.Context, db postgres.Querier, stripe *payment.Stripe, account string, at time.Time) (string, error) {
	now, err := begin(ctx, db, account, at)
	if err != nil {
		return "", err
	}
	if now.ID == nil && now.Lost {
		// Stripe repeats its answer to a key for a day, a failure too; and after that day the key would make a second one.
		id, found, err := stripe.FindCustomer(ctx, account)
		if err != nil {
			return "", err
		}
		if found {
			return keep(ctx, db, account, id)
		}
		if now, err = beginAnew(ctx, db, account, now.Operation, at); err != nil {
			return "", err
		}
	}
	if now.ID != nil {
		return *now.ID, nil
	}
	id, err := stripe.CreateCustomer(ctx, account, now.Operation)
	if err != nil {
		// Of several at once, one may have had the answer that this one did not get.
		if now, _ := begin(ctx, db, account, at); now.ID != nil {
			return *now.ID, nil
		}
		return "", err
	}
	return keep(ctx, db, account, id)
}

// begin writes down that a customer is to be made, unless that is there already, and gives what is there.
func begin(ctx context.Context, db postgres.Querier, account string, at time.Time) (now making, err error) {
	rows, err := db.Query(ctx, `
		insert into app.customer as k (account_id, operation, begun_at) values ($1, $2, $3)
		on conflict (account_id) do update set begun_at = least(k.begun_at, excluded.begun_at)
		returning id, operation, begun_at <= $4 as lost`, account, uuid.NewString(), at, at.Add(-unanswered))
	if err == nil {
		now, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[making])
	}
	if postgres.Raised(err, foreignKey) {
		return making{}, session.ErrSignedOut // the account was erased while its owner went to the checkout
	}
	if err != nil {
		return making{}, fmt.Errorf("beginning to make a customer: %w", err)
	}
	return now, nil
}

// beginAnew gives up an attempt, unless somebody else did so before, and gives what is there then.
func beginAnew(ctx context.Context, db postgres.Querier, account, operation string, at time.Time) (making, error) {
	if _, err := db.Exec(ctx, `
		update app.customer set operation = $3, begun_at = $4 where account_id = $1 and id is null and operation = $2`,
		account, operation, uuid.NewString(), at); err != nil {
		return making{}, fmt.Errorf("giving up the making of a customer: %w", err)
	}
	return begin(ctx, db, account, at)
}

// keep writes the customer down where there is none, and gives the one that is there then: the first who came.
func keep(ctx context.Context, db postgres.Querier, account, id string) (kept string, err error) {
	if err = db.QueryRow(ctx, `update app.customer as k set id = coalesce(k.id, $2) where account_id = $1 returning id`,
		account, id).Scan(&kept); err != nil {
		return "", fmt.Errorf("keeping a customer: %w", err)
	}
	return kept, nil
}

// ForgetCustomer lets go of a customer who was deleted at Stripe, so that the next purchase makes another one, by an attempt
// that begins then. A customer who is not known is no error.
func ForgetCustomer(ctx context.Context, db postgres.Querier, customer string) error {
	if _, err := db.Exec(ctx, `update app.customer set id = null, operation = $2, begun_at = 'infinity' where id = $1`,
		customer, uuid.NewString()); err != nil {
		return fmt.Errorf("forgetting a customer: %w", err)
	}
	return nil
}
