// Migrate brings the schema up to date, makes the days of the logs, then lets the application's roles in.
package main

import (
	"context"

	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/migration"
	"nanoflux.ai/backend/shared/outbound"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type migrate struct {
	address   string
	passwords map[string]string
}

// applied names the migrations that were missing.
type applied struct {
	Applied []string `json:"applied"`
}

func main() {
	// A deployment that could not keep the policy's thirty days is refused here, with the arithmetic.
	setting.Parsed("BACKUP_DAYS", erasure.ParseTerms)
	// Nor one that is elsewhere than it says (policy P9), or would reach somebody who is not in the register (policy P5.1).
	setting.Parsed("REGION", outbound.ParseRegion)
	setting.Parsed("OUTSIDE_ADDRESSES", outbound.ParseAddresses)
	setting.Parsed("DATABASE_POOLER", postgres.Config)
	m := migrate{
		address: setting.Required("DATABASE_URL"),
		passwords: map[string]string{
			"app_web":       setting.Required("DATABASE_PASSWORD_WEB"),
			"app_reader":    setting.Required("DATABASE_PASSWORD_READER"),
			"app_worker":    setting.Required("DATABASE_PASSWORD_WORKER"),
			"app_sweeper":   setting.Required("DATABASE_PASSWORD_SWEEPER"),
			"app_cashier":   setting.Required("DATABASE_PASSWORD_CASHIER"),
			"app_eraser":    setting.Required("DATABASE_PASSWORD_ERASER"),
			"app_staff":     setting.Required("DATABASE_PASSWORD_STAFF"),
			"app_logger":    setting.Required("DATABASE_PASSWORD_LOGGER"),
			"app_archivist": setting.Required("DATABASE_PASSWORD_ARCHIVIST"),
			"app_watcher":   setting.Required("DATABASE_PASSWORD_WATCHER"),
		},
	}
	task.Answer(m.run)
}

func (m migrate) run(ctx context.Context, clock task.Clock, _ struct{}) (applied, error) {
	names, err := migration.Up(ctx, m.address)
	if err == nil {
		err = m.days(ctx, clock)
	}
	if err == nil {
		err = migration.SetPasswords(ctx, m.address, m.passwords)
	}
	if err != nil {
		// The operator who deploys must read what Postgres said; a migration's error holds nothing of a person.
		return applied{}, problem.New(problem.Unavailable, "migration_failed", err.Error()).Because(err)
	}
	return applied{names}, nil
}

// days makes room for the first logs; from then on sweep-logs does.
func (m migrate) days(ctx context.Context, clock task.Clock) error {
	db := postgres.Open(m.address)
	defer db.Close()
	_, err := logbook.MakeDays(ctx, db, clock.Now())
	return err
}
