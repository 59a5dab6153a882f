// Package promise keeps what was seen of the promises when they were last looked at.
package promise

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// State of a promise.
type State string

// A promise is at risk while there is still time to keep it, or where nobody could look.
const (
	Kept   State = "kept"
	AtRisk State = "at_risk"
	Broken State = "broken"
)

// Promise is one thing that was promised, with what was seen of it.
type Promise struct {
	Measure string `json:"measure"`
	Clause  string `json:"clause"` // of the privacy policy
	Says    string `json:"says"`
	Unit    string `json:"unit"`  // of the next three: hours or days
	Value   int64  `json:"value"` // 0 where there is nothing that should not be
	Warn    int64  `json:"warn"`  // from here on it is at risk
	Bound   int64  `json:"bound"` // from here on it is broken
	State   State  `json:"state"`

	SeenAt *time.Time `json:"seen_at"` // when it could last be looked at; nil is never
	Since  time.Time  `json:"since"`   // since when it has been kept, or not
}

// All gives every promise, in the order of clauses.
func All(ctx context.Context, db postgres.Querier) ([]Promise, error) {
	rows, err := db.Query(ctx, `
		select p.measure, p.clause, p.says, p.unit, p.value, p.warn, p.bound, p.state, p.seen_at, p.since
		from app.promise p order by p.clause, p.measure`)
	if err != nil {
		return nil, wrap("reading promises", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[Promise])
	return all, wrap("reading promises", err)
}

// Disclosures is how many entries the register of disclosures to authorities has.
func Disclosures(ctx context.Context, db postgres.Querier) (n int64, err error) {
	err = db.QueryRow(ctx, `select app.disclosures()`).Scan(&n)
	return n, wrap("counting disclosures", err)
}

// Write notes what was seen of promises.
func Write(ctx context.Context, db postgres.Querier, all []Promise) error {
	rows, err := json.Marshal(all)
	if err != nil {
		return wrap("noting promises", err)
	}
	_, err = db.Exec(ctx, `
		insert into app.promise as p (measure, clause, says, unit, value, warn, bound, state, seen_at, since)
		select n.measure, n.clause, n.says, n.unit, n.value, n.warn, n.bound, n.state, n.seen_at, n.since
		from jsonb_to_recordset($1::jsonb) n (measure text, clause text, says text, unit text, value bigint, warn bigint, bound bigint,
			state text, seen_at timestamptz, since timestamptz)
		on conflict (measure) do update
		set clause = excluded.clause, says = excluded.says, unit = excluded.unit, value = excluded.value, warn = excluded.warn,
		    bound = excluded.bound, state = excluded.state, seen_at = excluded.seen_at, since = excluded.since`, string(rows))
	return wrap("noting promises", err)
}

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
