package erasure

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// Progress of all erasures under way.
type Progress struct {
	Late       int // past the date that was promised
	Held       int // waiting for a legal hold, which is never late
	StageHours int // for how long the slowest has been at its stage, where that is neither the days of grace nor a hold
}

// Watch says how the erasures go.
func Watch(ctx context.Context, db postgres.Querier, at time.Time) (p Progress, err error) {
	err = db.QueryRow(ctx, `
		select count(*) filter (where stage <> 'held' and erase_by <= $1), count(*) filter (where stage = 'held'),
		       coalesce(max(extract(epoch from $1 - stage_at)) filter (where stage not in ('grace', 'held')) / 3600, 0)::integer
		from app.erasure where stage <> 'withdrawn'`, at).Scan(&p.Late, &p.Held, &p.StageHours)
	return p, wrap("watching erasures", err)
}
