package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
)

// IDs of all accounts, closed ones too, in the order of ids: up to limit after one ("" is the beginning).
func IDs(ctx context.Context, db postgres.Querier, after string, limit int) ([]string, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	rows, err := db.Query(ctx, `select id from app.account where id > $1 order by id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing accounts: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ByEmail finds the accounts that an e-mail address is of, by its keyed hash; for staff.
func ByEmail(ctx context.Context, db postgres.Querier, lookup []byte, email string) ([]string, error) {
	rows, err := db.Query(ctx, `select account_id from app.account_lookup where kind = 'email' and hash = $1 and expires_at = 'infinity'`,
		seal.MAC(lookup, "email", strings.ToLower(email)))
	if err != nil {
		return nil, fmt.Errorf("finding accounts by e-mail address: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
