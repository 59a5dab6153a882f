package account

import (
	"context"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// ForgetEnded removes up to limit keyed hashes whose end date has come, the oldest first, and says how many: addresses
// after their month, e-mail addresses that changed.
func ForgetEnded(ctx context.Context, db postgres.Querier, at time.Time, limit int) (int, error) {
	// The end is asked for twice: a sign-in at this moment may have moved it.
	done, err := db.Exec(ctx, `
		delete from app.account_lookup where expires_at <= $1 and (kind, hash, account_id) in (
			select kind, hash, account_id from app.account_lookup where expires_at <= $1 order by expires_at limit $2)`, at, limit)
	if err != nil {
		return 0, fmt.Errorf("forgetting ended look-ups: %w", err)
	}
	return int(done.RowsAffected()), nil
}
