package session

import (
	"context"
	"fmt"

	"nanoflux.ai/backend/shared/postgres"
)

// EndOf ends every session of an account that is being erased.
func EndOf(ctx context.Context, db postgres.Querier, account string) error {
	if _, err := db.Exec(ctx, `delete from app.session where account_id = $1`, account); err != nil {
		return fmt.Errorf("ending the sessions of an account: %w", err)
	}
	return nil
}
