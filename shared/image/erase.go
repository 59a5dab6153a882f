package image

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Keys of the objects of those of the ids that are images of the account.
func Keys(ctx context.Context, db postgres.Querier, account string, ids []string) ([]string, error) {
	rows, err := db.Query(ctx, `
		select unnest(array[key, thumbnail_key]) from app.image where account_id = $1 and id = any ($2::uuid[])`, account, ids)
	if err != nil {
		return nil, fmt.Errorf("finding the objects of images: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
