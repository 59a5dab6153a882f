package session

import (
	"context"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// ForgetEnded removes up to limit sessions that have ended, the oldest first, and says how many.
func ForgetEnded(ctx context.Context, db postgres.Querier, at time.Time, limit int) (int, error) {
	done, err := db.Exec(ctx, `
		delete from app.session where id in (
			select id from app.session where expires_at <= $1 order by expires_at limit $2)`, at, limit)
	if err != nil {
		return 0, fmt.Errorf("forgetting ended sessions: %w", err)
	}
	return int(done.RowsAffected()), nil
}
