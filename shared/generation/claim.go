package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
)

const (
	// Lease is how long a claimed order belongs to its claimer: longer than draw may run.
	Lease = 3 * time.Minute
	// Patience is how old an order may become before it fails and its credits come back.
	Patience = 20 * time.Minute
	// MaxCalls bounds the provider calls of one order, because providers know no idempotency keys and each call is paid.
	MaxCalls = 2
)

// ErrLost says that the order went to another claimer, was finished, or is not to be called for any more: whoever gets it
// writes nothing.
var ErrLost = errors.New("the order is not ours any more")

// Claimed is an order under a lease. Fence rises with each claim, and every write checks it, so that a claimer whose lease
// ran out cannot write over its successor.
type Claimed struct {
	ID, AccountID string
	Tool          string
	Prompt        string
	Size          string // "" where the result takes its input's shape
	Seed          int64
	Inputs        []string
	Calls         int
	Fence         int
	Prefix        string
	Pseudonym     string
	Key           seal.Key
}

// Claim takes the order of this id, or else the oldest runnable one, under a lease; found is false if there is none.
// An account that was closed has no runnable orders.
func Claim(ctx context.Context, db postgres.Querier, service *seal.Service, id string, at time.Time) (c Claimed, found bool, err error) {
	rows, err := db.Query(ctx, `
		with claimed as (
			update app.generation g
			set status = 'running', fence = g.fence + 1, lease_until = $3, started_at = coalesce(g.started_at, $2)
			where g.id = (
				select g.id from app.generation g
				where g.status in ('queued', 'running') and g.runnable_at <= $2
				  and (g.lease_until is null or g.lease_until <= $2) and app.alive(g.account_id)
				order by (g.id = $1::uuid) desc, g.created_at limit 1 for update skip locked
			)
			returning g.*
		)
		select g.id, g.account_id, g.tool, g.prompt as sealed_prompt, coalesce(g.size, '') as size, coalesce(g.seed, 0) as seed,
		       g.inputs, g.calls, g.fence, k.prefix, k.pseudonym, k.service_key, k.wrapped_key
		from claimed g, app.keyring(g.account_id) k`, id, at, at.Add(Lease))
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claiming an order: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		ID, AccountID, Tool, Size, Prefix, Pseudonym, ServiceKey string
		SealedPrompt, WrappedKey                                 []byte
		Seed                                                     int64
		Inputs                                                   []string
		Calls, Fence                                             int
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return Claimed{}, false, nil
	}
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claiming an order: %w", err)
	}
	c = Claimed{
		ID: row.ID, AccountID: row.AccountID, Tool: row.Tool, Size: row.Size, Seed: row.Seed, Inputs: row.Inputs,
		Calls: row.Calls, Fence: row.Fence, Prefix: row.Prefix, Pseudonym: row.Pseudonym,
	}
	if c.Key, err = service.AccountKey(row.AccountID, row.ServiceKey, row.WrappedKey); err == nil && row.SealedPrompt != nil {
		c.Prompt, err = c.Key.Open("generation.prompt/"+c.ID, row.SealedPrompt)
	}
	return c, true, err
}

// BeginCall records a provider call before it is made; ErrLost if the lease ran out or the calls are used up.
func (c Claimed) BeginCall(ctx context.Context, db postgres.Querier, provider, model string, at time.Time) (call int64, err error) {
	err = db.QueryRow(ctx, `
		with counted as (
			update app.generation set calls = calls + 1
			where id = $1 and fence = $2 and status = 'running' and lease_until > $5 and calls < $6
			returning id
		)
		insert into app.provider_call (generation_id, provider, model, started_at)
		select id, $3, $4, $5 from counted returning id`, c.ID, c.Fence, provider, model, at, MaxCalls).Scan(&call)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrLost
	}
	if err != nil {
		return 0, fmt.Errorf("recording a provider call: %w", err)
	}
	return call, nil
}

// EndCall records how a call ended: drawn, refused or failed.
func EndCall(ctx context.Context, db postgres.Querier, call int64, outcome string, at time.Time) error {
	if _, err := db.Exec(ctx, `update app.provider_call set finished_at = $2, outcome = $3 where id = $1`, call, at, outcome); err != nil {
		return fmt.Errorf("recording a provider call: %w", err)
	}
	return nil
}

// TurnedAway records that the provider had no room or no use for a call: it drew and billed nothing, so the call does not
// count.
func (c Claimed) TurnedAway(ctx context.Context, db postgres.Querier, call int64, at time.Time) error {
	done, err := db.Exec(ctx, `
		with ended as (
			update app.provider_call set finished_at = $3, outcome = 'deferred' where id = $4
		)
		update app.generation set calls = calls - 1 where id = $1 and fence = $2 and status = 'running'`, c.ID, c.Fence, at, call)
	return lost(done.RowsAffected(), err, "recording a provider call")
}

// Defer puts the order back into the queue until a later time.
func (c Claimed) Defer(ctx context.Context, db postgres.Querier, until time.Time) error {
	done, err := db.Exec(ctx, `
		update app.generation set status = 'queued', lease_until = null, runnable_at = $3
		where id = $1 and fence = $2 and status = 'running'`, c.ID, c.Fence, until)
	return lost(done.RowsAffected(), err, "deferring an order")
}

// Succeed ends the order well. It belongs in one transaction with the image and the settlement.
func (c Claimed) Succeed(ctx context.Context, tx postgres.Querier, at time.Time) error {
	done, err := tx.Exec(ctx, `
		update app.generation set status = 'succeeded', lease_until = null, finished_at = $3
		where id = $1 and fence = $2 and status = 'running'`, c.ID, c.Fence, at)
	return lost(done.RowsAffected(), err, "finishing an order")
}

// Fail ends the order with a reason of this package. It belongs in one transaction with the release of its hold.
func (c Claimed) Fail(ctx context.Context, tx postgres.Querier, code string, at time.Time) error {
	done, err := tx.Exec(ctx, `
		update app.generation set status = 'failed', error_code = $3, lease_until = null, finished_at = $4
		where id = $1 and fence = $2 and status = 'running'`, c.ID, c.Fence, code, at)
	return lost(done.RowsAffected(), err, "failing an order")
}

func lost(rows int64, err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if rows == 0 {
		return ErrLost
	}
	return nil
}

// Abandon fails up to limit orders that nobody finished within Patience and releases their holds with them; it returns
// how many.
func Abandon(ctx context.Context, db postgres.Querier, at time.Time, limit int) (int64, error) {
	done, err := db.Exec(ctx, `
		with abandoned as (
			update app.generation set status = 'failed', error_code = $3, lease_until = null, finished_at = $1
			where id in (
				select id from app.generation
				where status in ('queued', 'running') and created_at <= $2 and (lease_until is null or lease_until <= $1)
				order by created_at limit $4 for update skip locked
			)
			returning id
		)
		select app.release_hold(id, $1) from abandoned`, at, at.Add(-Patience), Abandoned, limit)
	if err != nil {
		return 0, fmt.Errorf("failing abandoned orders: %w", err)
	}
	return done.RowsAffected(), nil
}

// Unanswered names up to limit orders whose bell was lost or whose claimer died: runnable for a while, under no lease.
func Unanswered(ctx context.Context, db postgres.Querier, at time.Time, limit int) ([]string, error) {
	rows, err := db.Query(ctx, `
		select id from app.generation
		where status in ('queued', 'running') and runnable_at <= $2 and (lease_until is null or lease_until <= $1)
		order by created_at limit $3`, at, at.Add(-20*time.Second), limit)
	if err != nil {
		return nil, fmt.Errorf("finding unanswered orders: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Statuses of those of the orders that exist.
func Statuses(ctx context.Context, db postgres.Querier, ids []string) (map[string]string, error) {
	rows, err := db.Query(ctx, `select id, status from app.generation where id = any ($1::uuid[])`, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the state of orders: %w", err)
	}
	statuses := map[string]string{}
	var id, status string
	_, err = pgx.ForEachRow(rows, []any{&id, &status}, func() error {
		statuses[id] = status
		return nil
	})
	return statuses, err
}
