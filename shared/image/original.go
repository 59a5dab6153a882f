package image

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Original is the object of an image with what was known of it when it was put.
type Original struct {
	ID, Key, ContentType string
	Bytes                int64
	CRC32                uint32
	SHA256               []byte
	CreatedAt            time.Time
}

// Originals gives those of an account's images that are in its library, in the order of ids.
func Originals(ctx context.Context, db postgres.Querier, account string, ids []string) ([]Original, error) {
	rows, err := db.Query(ctx, `
		select i.id, i.key, i.content_type, i.bytes, i.crc32, i.sha256, i.created_at
		from unnest($2::uuid[]) with ordinality as wanted (id, place)
		join app.image i on i.id = wanted.id and i.account_id = $1 and i.state = 'ready' order by wanted.place`, account, ids)
	if err != nil {
		return nil, fmt.Errorf("finding images: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Original])
}
