package erasure

import (
	"context"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Leaving gives those of some prefixes whose accounts are on their way out.
func Leaving(ctx context.Context, db postgres.Querier, prefixes []string) ([]string, error) {
	rows, err := db.Query(ctx, `select prefix from app.erasure where prefix = any ($1)`, prefixes)
	if err != nil {
		return nil, wrap("looking up erasures", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return found, wrap("looking up erasures", err)
}
