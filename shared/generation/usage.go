package generation

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// Day is what was ordered of one tool on one day.
type Day struct {
	Day       string `json:"day"` // in UTC, as in 2026-12-01
	Tool      string `json:"tool"`
	Orders    int    `json:"orders"`
	Succeeded int    `json:"succeeded"`
	Failed    int    `json:"failed"`
	Credits   int64  `json:"credits"` // spent: what failed costs nothing, what is under way has not been paid
}

// Usage gives the caller's orders from a day on, that day included, up to another, that day not, by day and tool, the oldest
// first; a day without an order is left out. In one statement with the session check.
func Usage(ctx context.Context, db postgres.Querier, tokenHash []byte, at, from, until time.Time) ([]Day, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Days []Day
	}](ctx, db, "reading the usage", `
		select `+session.Columns+`, (
			select coalesce(json_agg(d order by d.day, d.tool), '[]') from (
				select to_char(g.created_at at time zone 'UTC', 'YYYY-MM-DD') as day, g.tool, count(*) as orders,
				       count(*) filter (where g.status = 'succeeded') as succeeded,
				       count(*) filter (where g.status = 'failed') as failed,
				       coalesce(sum(g.cost) filter (where g.status = 'succeeded'), 0) as credits
				from app.generation g
				where g.account_id = c.account_id and g.created_at >= $3 and g.created_at < $4
				group by 1, 2
			) d) as days
		from app.caller($1, $2) c`, tokenHash, at, from, until)
	return row.Days, row.Caller, err
}

// CountUsage counts, by day and tool and of everybody together, the orders of the days that are over at a moment, and returns how
// many days and tools it counted. The figures outlive orders, accounts and logs (policy P3.2).
func CountUsage(ctx context.Context, db postgres.Querier, at time.Time) (counted int, err error) {
	err = db.QueryRow(ctx, `select app.count_usage($1)`, at).Scan(&counted)
	return counted, err
}
