package erasure

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// Overdue says how many erasures have passed the date that was promised, those apart that wait for a legal hold.
func Overdue(ctx context.Context, db postgres.Querier, at time.Time) (late, held int, err error) {
	err = db.QueryRow(ctx, `
		select count(*) filter (where stage <> 'held' and erase_by <= $1), count(*) filter (where stage = 'held')
		from app.erasure where stage <> 'withdrawn'`, at).Scan(&late, &held)
	return late, held, wrap("counting overdue erasures", err)
}
