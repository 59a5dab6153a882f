package generation

import (
	"context"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/retention"
)

// ForgetMarks forgets the clients' keys of up to limit orders that are a day old: nobody repeats them any more (policy P2.2). It says
// how many.
func ForgetMarks(ctx context.Context, db postgres.Querier, at time.Time, limit int) (n int, err error) {
	if err := db.QueryRow(ctx, `select app.forget_order_marks($1, $2)`, at.Add(-retention.IdempotencyKey), limit).Scan(&n); err != nil {
		return 0, fmt.Errorf("forgetting the marks of orders: %w", err)
	}
	return n, nil
}
