package promise

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// Succeeded notes that a scheduled job, called as its function, came to its end without an error, by its event's clock. A job
// that stopped running says nothing itself, so the watcher looks at how long ago this was.
func Succeeded(ctx context.Context, db postgres.Querier, job string, at time.Time) error {
	_, err := db.Exec(ctx, `select app.succeeded($1, $2)`, job, at)
	return wrap("noting that a job came to its end", err)
}
