package image

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// Storage is how much is in somebody's library.
type Storage struct {
	Images  int64 `json:"images"`
	Uploads int64 `json:"uploads"` // of them
	Results int64 `json:"results"` // of them
	Bytes   int64 `json:"bytes"`   // without the thumbnails
}

// Measure gives how much is in the caller's library, in one statement with the session check.
func Measure(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) (Storage, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Storage
	}](ctx, db, "measuring a library", `
		select `+session.Columns+`, s.images, s.uploads, s.results, s.bytes
		from app.caller($1, $2) c, lateral (
			select count(*) as images, count(*) filter (where i.kind = 'upload') as uploads,
			       count(*) filter (where i.kind = 'result') as results, coalesce(sum(i.bytes), 0)::bigint as bytes
			from app.image i where i.account_id = c.account_id and i.state = 'ready'
		) s`, tokenHash, at)
	return row.Storage, row.Caller, err
}
