package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Unanswered names up to limit archives whose bell was lost or whose packer died: to be packed for a while, under no lease.
func Unanswered(ctx context.Context, db postgres.Querier, at time.Time, limit int) ([]string, error) {
	rows, err := db.Query(ctx, `
		select id::text from app.archive
		where state = 'packing' and ordered_at <= $2 and (lease_until is null or lease_until <= $1)
		order by ordered_at limit $3`, at, at.Add(-20*time.Second), limit)
	return strings(rows, err, "finding unanswered archives")
}

// Abandon fails up to limit archives that nobody packed within Patience; it returns how many.
func Abandon(ctx context.Context, db postgres.Querier, at time.Time, limit int) (int64, error) {
	done, err := db.Exec(ctx, `
		update app.archive set state = 'failed', fence = fence + 1, lease_until = null, error_code = $3
		where id in (select id from app.archive where state = 'packing' and ordered_at <= $2
		             and (lease_until is null or lease_until <= $1) order by ordered_at limit $4)`, at, at.Add(-Patience), GaveUp, limit)
	if err != nil {
		return 0, fmt.Errorf("giving archives up: %w", err)
	}
	return done.RowsAffected(), nil
}

// Ended is an archive that is to be removed: everything in its folder, with a slash behind it, then its row.
type Ended struct {
	ID, Folder string
	Keys       []string // of its volumes, which the CDN may have
}

// Ends takes archives that have come to their end away from their owners, and names up to limit of those that wait to be removed
// and that nobody is packing.
func Ends(ctx context.Context, db postgres.Querier, at time.Time, limit int) ([]Ended, error) {
	if _, err := db.Exec(ctx, `
		update app.archive set state = 'ending', fence = fence + 1
		where id in (select id from app.archive where state <> 'ending' and expires_at <= $1 order by expires_at limit $2)`, at, limit); err != nil {
		return nil, fmt.Errorf("ending archives: %w", err)
	}
	rows, err := db.Query(ctx, `
		select a.id, a.folder || '/' as folder, coalesce(array_agg(v.key) filter (where v.key is not null), '{}') as keys
		from (
			select id, folder, ordered_at from app.archive
			where state = 'ending' and (lease_until is null or lease_until <= $1) order by ordered_at limit $2
		) a left join app.archive_volume v on v.archive_id = a.id
		group by a.id, a.folder`, at, limit)
	if err != nil {
		return nil, fmt.Errorf("finding ended archives: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Ended])
}

// Forget removes the row of an archive whose objects are gone.
func Forget(ctx context.Context, db postgres.Querier, id string) error {
	if _, err := db.Exec(ctx, `delete from app.archive where id = $1 and state = 'ending'`, id); err != nil {
		return fmt.Errorf("forgetting an archive: %w", err)
	}
	return nil
}
