package credit

import (
	"context"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// ForgetEnded removes up to limit guards of free credits whose end date has come, the oldest first, and says how many.
func ForgetEnded(ctx context.Context, db postgres.Querier, at time.Time, limit int) (int, error) {
	// The end is asked for twice: a grant at this moment may have moved it.
	done, err := db.Exec(ctx, `
		delete from app.free_grant_guard where expires_at <= $1 and hash in (
			select hash from app.free_grant_guard where expires_at <= $1 order by expires_at limit $2)`, at, limit)
	if err != nil {
		return 0, fmt.Errorf("forgetting ended guards: %w", err)
	}
	return int(done.RowsAffected()), nil
}
