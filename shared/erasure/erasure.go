// Package erasure carries accounts out of the service, until nothing is left of them.
//
// An account that is to be deleted is closed at once, in one transaction: nobody is signed in to it any more, its orders are
// cancelled, and it has a row here. The row is the queue; the function sweep-accounts claims it with a lease and carries it
// through its stages, each of which can be repeated:
//
//	closing    the intent is written outside the database, links die, nothing is billed any more
//	grace      nothing happens; it can be taken back
//	record     no way back: the intent is written again, nobody can sign in to it
//	stripe     the customer is blanked and deleted there
//	objects    everything under the account's prefix is deleted from the bucket
//	edge       the CDN forgets it
//	key        what was sealed can be read by nobody, wherever a copy is
//	rows       every table that belongs to accounts, in batches
//	verify     other queries and listings than those that erased find nothing, late writers included; then the receipt
//	held       a legal hold keeps an item; all else is gone, and this goes on when the hold ends
//	withdrawn  taken back: what closing left outside is removed
package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Stages, see the package.
const (
	Closing   = "closing"
	Grace     = "grace"
	Record    = "record"
	Stripe    = "stripe"
	Objects   = "objects"
	Edge      = "edge"
	Key       = "key"
	Rows      = "rows"
	Verify    = "verify"
	Held      = "held"
	Withdrawn = "withdrawn"
)

// Lease is how long one worker has an erasure to itself: longer than sweep-accounts may run.
const Lease = 6 * time.Minute

// quiet is how long after the closing somebody may still put an object under the account's prefix: a presigned upload lasts
// ten minutes, an order under way less.
const quiet = 20 * time.Minute

// ErrLost says that the erasure is another worker's by now, or was taken back.
var ErrLost = errors.New("the erasure is not this worker's any more")

// Erasure is one account on its way out, as a worker has it under its lease.
type Erasure struct {
	ID, AccountID, Prefix, Cause string
	RequestedAt, DueAt, EraseBy  time.Time
	Stage                        string
	StageAt                      time.Time
	Fence, Failures              int
	LinksDead, Unbilled          bool
	Counts                       map[string]int64     // rows and objects erased, by table
	Times                        map[string]time.Time // when each stage was done
	Stays                        []Stay
}

const columns = `e.id, e.account_id, e.prefix, e.cause, e.requested_at, e.due_at, e.erase_by, e.stage, e.stage_at, e.fence, e.failures,
	e.links_dead, e.unbilled, e.counts, e.times, e.stays`

// Claim takes the erasure of this id, if it is due, or else the one that has waited longest; found is false if there is none.
func Claim(ctx context.Context, db postgres.Querier, id string, at time.Time) (e Erasure, found bool, err error) {
	rows, err := db.Query(ctx, `
		update app.erasure e set fence = e.fence + 1, lease_until = $3
		where e.id = (
			select x.id from app.erasure x
			where x.next_at <= $2 and (x.lease_until is null or x.lease_until <= $2)
			order by (x.id::text = $1) desc, x.next_at limit 1 for update skip locked
		)
		returning `+columns, id, at, at.Add(Lease))
	if err == nil {
		e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Erasure])
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return Erasure{}, false, nil
	}
	if err != nil {
		return Erasure{}, false, fmt.Errorf("claiming an erasure: %w", err)
	}
	return e, true, nil
}

// Move brings the erasure to another stage, where it goes on at next; ErrLost if it is not this worker's any more.
func (e *Erasure) Move(ctx context.Context, db postgres.Querier, to string, at, next time.Time) error {
	err := e.change(ctx, db, `
		set stage = $4, stage_at = $5, next_at = $6, failures = 0, failure = null,
		    times = e.times || jsonb_build_object(e.stage, $7::text)`, to, at, next, at.UTC().Format(time.RFC3339))
	if err == nil {
		e.Times[e.Stage] = at
		e.Stage, e.StageAt, e.Failures = to, at, 0
	}
	return err
}

// LinksEnded and BillingEnded note what closing has done already.
func (e *Erasure) LinksEnded(ctx context.Context, db postgres.Querier) error {
	e.LinksDead = true
	return e.change(ctx, db, `set links_dead = true`)
}

// BillingEnded is said when Stripe confirmed that nothing is billed any more.
func (e *Erasure) BillingEnded(ctx context.Context, db postgres.Querier) error {
	e.Unbilled = true
	return e.change(ctx, db, `set unbilled = true`)
}

// Leave frees the erasure, which goes on at next.
func (e *Erasure) Leave(ctx context.Context, db postgres.Querier, next time.Time) error {
	return e.change(ctx, db, `set lease_until = null, next_at = $4`, next)
}

// Fail frees the erasure after a step failed, for one word of a reason. It is tried again soon, then less often, at least every
// hour, for as long as it takes: an erasure is never given up.
func (e *Erasure) Fail(ctx context.Context, db postgres.Querier, reason string, at time.Time) error {
	wait := min(time.Hour, time.Minute<<min(e.Failures, 6))
	return e.change(ctx, db, `set lease_until = null, next_at = $4, failures = e.failures + 1, failure = $5`, at.Add(wait), reason)
}

// Release frees an erasure that was taken back meanwhile, so that its withdrawal is seen to at once.
func (e *Erasure) Release(ctx context.Context, db postgres.Querier) error {
	_, err := db.Exec(ctx, `update app.erasure set lease_until = null where id = $1 and fence = $2`, e.ID, e.Fence)
	return wrap("releasing an erasure", err)
}

// change writes if the erasure is still this worker's and at the stage it was claimed in.
func (e *Erasure) change(ctx context.Context, db postgres.Querier, set string, arguments ...any) error {
	done, err := db.Exec(ctx, `update app.erasure e `+set+` where e.id = $1 and e.fence = $2 and e.stage = $3`,
		append([]any{e.ID, e.Fence, e.Stage}, arguments...)...)
	if err != nil {
		return wrap("carrying an erasure on", err)
	}
	if done.RowsAffected() == 0 {
		return ErrLost
	}
	return nil
}

// QuietAt is from when on nobody can put an object under the account's prefix any more.
func (e *Erasure) QuietAt() time.Time {
	closed := e.RequestedAt
	if seen := e.Times[Closing]; seen.After(closed) { // an account that came back with a backup was open again until then
		closed = seen
	}
	return closed.Add(quiet)
}

// Unanswered names up to limit erasures that could go on and that nobody is at.
func Unanswered(ctx context.Context, db postgres.Querier, at time.Time, limit int) ([]string, error) {
	rows, err := db.Query(ctx, `
		select id from app.erasure where next_at <= $2 and (lease_until is null or lease_until <= $1) order by next_at limit $3`,
		at, at.Add(-20*time.Second), limit)
	if err != nil {
		return nil, wrap("finding unanswered erasures", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Open counts the erasures under way, with those of them that a restored backup made necessary again.
func Open(ctx context.Context, db postgres.Querier) (all, restored int, err error) {
	err = db.QueryRow(ctx, `select count(*), count(*) filter (where cause = 'restore') from app.erasure where stage <> 'withdrawn'`).Scan(&all, &restored)
	return all, restored, wrap("counting erasures", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
