package promise

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Seen is what a look at the database found of one measure.
type Seen struct {
	Measure string
	Value   int64      // how many; a thousand stands for any more
	Oldest  *time.Time // since when the oldest should be gone, or when it happened; nil where there is none, or where it has no time
}

// Look asks the database for everything that should not be there. known is every column of the data map, as table.column;
// paymentYears is for how long payments are kept.
func Look(ctx context.Context, db postgres.Querier, at time.Time, known []string, paymentYears int) (map[string]Seen, error) {
	rows, err := db.Query(ctx, `select w.measure, w.value, w.oldest from app.watched($1, $2, $3) w`, at, known, paymentYears)
	if err != nil {
		return nil, wrap("looking at what should be gone", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Seen])
	seen := make(map[string]Seen, len(found))
	for _, s := range found {
		seen[s.Measure] = s
	}
	return seen, wrap("looking at what should be gone", err)
}
