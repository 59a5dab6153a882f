package account

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
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
