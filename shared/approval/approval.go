// Package approval stops a sweep that would take unusually much, until staff confirm exactly what it would take.
//
// A wrong clock, a wrong period or a restored table looks to a sweep like much work. So it stops there: it writes down its plan,
// calls an operator, and removes nothing. What staff confirm by the plan's digest the next run carries out, once.
package approval

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
)

// ErrNoPlan answers a digest that no waiting plan has.
var ErrNoPlan = problem.New(problem.NotFound, "no_such_plan",
	"No sweep waits with this digest: it was confirmed already, or it is not the digest of a plan. See app.sweep_plan.")

// Plan is what a sweep would remove: everything whose end had come at a moment.
type Plan struct {
	Job   string    `db:"-"` // the function's folder
	Cut   time.Time // the moment
	Rows  int64     // that would go
	OfAll int64     // that there are
}

// Digest names a plan: 64 hexadecimal digits of SHA-256. A plan that differs in anything has another.
func (p Plan) Digest() string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d", p.Job, p.Cut.UTC().Format(time.RFC3339Nano), p.Rows, p.OfAll)))
}

// Unusual says whether a plan would take more rows than a small service has in all, and more than a quarter of them.
func (p Plan) Unusual() bool {
	const few, share = 1000, 4
	return p.Rows > few && p.Rows > p.OfAll/share
}

// Confirmed gives the plans of a job that staff confirmed and nobody has carried out.
func Confirmed(ctx context.Context, db postgres.Querier, job string) ([]Plan, error) {
	rows, err := db.Query(ctx, `select p.cut, p.rows, p.of_all from app.confirmed_sweeps($1) p`, job)
	if err != nil {
		return nil, wrap("looking for confirmed sweeps", err)
	}
	plans, err := pgx.CollectRows(rows, pgx.RowToStructByName[Plan])
	for i := range plans {
		plans[i].Job = job
	}
	return plans, wrap("looking for confirmed sweeps", err)
}

// Ask writes a plan down for staff to look at; the same plan once only.
func Ask(ctx context.Context, db postgres.Querier, p Plan, at time.Time) error {
	_, err := db.Exec(ctx, `select app.ask_to_sweep($1, $2, $3, $4, $5, $6)`, p.Digest(), p.Job, p.Cut, p.Rows, p.OfAll, at)
	return wrap("asking to sweep", err)
}

// Done notes that a confirmed plan was carried out: it is good for one sweep.
func Done(ctx context.Context, db postgres.Querier, p Plan, at time.Time) error {
	_, err := db.Exec(ctx, `select app.swept($1, $2)`, p.Digest(), at)
	return wrap("noting a confirmed sweep", err)
}

// Confirm lets the plan of a digest be carried out; ErrNoPlan if none waits. It is for staff, in the transaction that records them.
func Confirm(ctx context.Context, db postgres.Querier, digest string, at time.Time) error {
	var found bool
	if err := db.QueryRow(ctx, `select app.confirm_sweep($1, $2)`, digest, at).Scan(&found); err != nil {
		return wrap("confirming a sweep", err)
	}
	if !found {
		return ErrNoPlan
	}
	return nil
}

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
