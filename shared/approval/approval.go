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
	Job   string
	Cut   time.Time // the moment
	Rows  int64     // that would go; of logs, days
	OfAll int64     // that there are
}

// Digest names a plan: 64 hexadecimal digits of SHA-256. A plan that differs in anything has another.
func (p Plan) Digest() string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d", p.Job, p.Cut.UTC().Format(time.RFC3339Nano), p.Rows, p.OfAll)))
}

// Sweep is a job that removes what is over.
type Sweep struct {
	Job string // the function's folder
	// It asks first where it would take more than a few, which a small service may have in all, and more than this part of them.
	Few, Percent int64

	Due  func(ctx context.Context, at time.Time) (due, all int64, err error) // counts what is over at a moment, and all
	Take func(ctx context.Context, at time.Time) error                       // removes what is over at a moment
}

// Run carries out what staff confirmed, as long as that is no more than they were shown, then removes what is over, or asks: then it
// gives how much it asked for.
func (s Sweep) Run(ctx context.Context, db postgres.Querier, at time.Time) (asked int64, err error) {
	if err := s.confirmed(ctx, db, at); err != nil {
		return 0, err
	}
	due, all, err := s.Due(ctx, at)
	if err != nil {
		return 0, err
	}
	if due > s.Few && 100*due > s.Percent*all {
		return due, ask(ctx, db, Plan{s.Job, at.Truncate(time.Second), due, all}, at)
	}
	return 0, s.Take(ctx, at)
}

// confirmed is good for one sweep each; a plan that grew meanwhile is not what was confirmed, and will be asked for again. What a clock
// that was ahead asked for waits until that time comes.
func (s Sweep) confirmed(ctx context.Context, db postgres.Querier, at time.Time) error {
	rows, err := db.Query(ctx, `select $1 as job, p.cut, p.rows, p.of_all from app.confirmed_sweeps($1) p`, s.Job)
	if err != nil {
		return wrap("looking for confirmed sweeps", err)
	}
	plans, err := pgx.CollectRows(rows, pgx.RowToStructByName[Plan])
	if err != nil {
		return wrap("looking for confirmed sweeps", err)
	}
	for _, p := range plans {
		if p.Cut.After(at) {
			continue
		}
		due, _, err := s.Due(ctx, p.Cut)
		if err == nil && due <= p.Rows {
			err = s.Take(ctx, p.Cut)
		}
		if err != nil {
			return err
		}
		if _, err := db.Exec(ctx, `select app.swept($1, $2)`, p.Digest(), at); err != nil {
			return wrap("noting a confirmed sweep", err)
		}
	}
	return nil
}

// ask writes a plan down for staff to look at; the same plan once only.
func ask(ctx context.Context, db postgres.Querier, p Plan, at time.Time) error {
	_, err := db.Exec(ctx, `select app.ask_to_sweep($1, $2, $3, $4, $5, $6)`, p.Digest(), p.Job, p.Cut, p.Rows, p.OfAll, at)
	return wrap("asking to sweep", err)
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
