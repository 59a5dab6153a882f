package account

import (
	"context"
	"fmt"

	"nanoflux.ai/backend/shared/postgres"
)

// What an erasure does to an account, as app_eraser, one stage after the other; each is safe to repeat.

// Unlink lets no identity lead to the account any more: whoever signs in with it opens a new one.
func Unlink(ctx context.Context, db postgres.Querier, account string) error {
	return erase(ctx, db, "unlinking an account", `delete from app.account_lookup where account_id = $1`, account)
}

// Shred removes the account's key: what was sealed with it can be read by nobody from here on.
func Shred(ctx context.Context, db postgres.Querier, account string) (keys int64, err error) {
	done, err := db.Exec(ctx, `delete from app.account_key where account_id = $1`, account)
	if err != nil {
		return 0, fmt.Errorf("shredding a key: %w", err)
	}
	return done.RowsAffected(), nil
}

// Blank empties what the account says of a person, where its row must stay because a legal hold keeps something of it.
func Blank(ctx context.Context, db postgres.Querier, account string) error {
	return erase(ctx, db, "blanking an account", `update app.account set name = '', email = '', picture = '' where id = $1`, account)
}

// Remove deletes the account's row, with whatever still refers to it.
func Remove(ctx context.Context, db postgres.Querier, account string) error {
	return erase(ctx, db, "removing an account", `delete from app.account where id = $1`, account)
}

func erase(ctx context.Context, db postgres.Querier, doing, sql, account string) error {
	if _, err := db.Exec(ctx, sql, account); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
