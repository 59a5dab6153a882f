package billing

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/retention"
)

// ParseYears reads for how many years payments are kept. Fewer than the seven that the law wants are refused, and so is what can
// only be a mistake (policy P4.2c).
func ParseYears(text string) (int, error) {
	years, err := strconv.Atoi(text)
	if err != nil || years < retention.PaymentYears || years > 30 {
		return 0, fmt.Errorf("payments are kept for %d to 30 years, as the law where you are wants it", retention.PaymentYears)
	}
	return years, nil
}

// PaymentsDue counts the payments whose time is over, and all there are.
func PaymentsDue(ctx context.Context, db postgres.Querier, at time.Time, years int) (due, all int64, err error) {
	if err := db.QueryRow(ctx, `select d.due, d.of_all from app.payments_due($1, $2) d`, at, years).Scan(&due, &all); err != nil {
		return 0, 0, fmt.Errorf("counting old payments: %w", err)
	}
	return due, all, nil
}

// PurgePayments removes up to most payments whose time is over, with their refunds and what else hangs on them, and says how many
// rows of payments and invoices went; 0 is all are gone. Each is kept through the anniversary of its day, in UTC.
func PurgePayments(ctx context.Context, db postgres.Querier, at time.Time, years, most int) (gone int, err error) {
	if err := db.QueryRow(ctx, `select app.purge_payments($1, $2, $3)`, at, years, most).Scan(&gone); err != nil {
		return 0, fmt.Errorf("purging old payments: %w", err)
	}
	return gone, nil
}
