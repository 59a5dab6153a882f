package erasure

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/receipt"
)

// Count adds to how much of a table was erased.
func (e *Erasure) Count(ctx context.Context, db postgres.Querier, table string, n int64) error {
	if n == 0 {
		return nil
	}
	e.Counts[table] += n
	return e.change(ctx, db, `set counts = $4`, encode(e.Counts))
}

// FoundObjects notes how many objects a pass over the bucket is about to delete. It is said before the deed, so that none is missing
// from the receipt where nobody heard that it was done, and none is counted twice where the pass is repeated: it is the same
// pass until the stage was done.
func (e *Erasure) FoundObjects(ctx context.Context, db postgres.Querier, n int) error {
	pass := objects + e.Times[Objects].UTC().Format(time.RFC3339)
	if int64(n) <= e.Counts[pass] {
		return nil
	}
	e.Counts[pass] = int64(n)
	return e.change(ctx, db, `set counts = $4`, encode(e.Counts))
}

// EraseRows deletes up to most rows of the account, but for its key and those that a hold keeps, and counts them in the same
// transaction; it returns how many, 0 when none is left but the account's own.
func (e *Erasure) EraseRows(ctx context.Context, db *postgres.Database, held []string, most int64) (n int64, err error) {
	if held == nil {
		held = []string{}
	}
	counts := map[string]int64{}
	err = db.Transaction(ctx, func(tx postgres.Querier) error {
		n = 0
		clear(counts)
		rows, err := tx.Query(ctx, `select name, rows from app.erase_rows($1, $2::uuid[], $3)`, e.AccountID, held, most)
		if err != nil {
			return err
		}
		var table string
		var gone int64
		if _, err := pgx.ForEachRow(rows, []any{&table, &gone}, func() error {
			counts[table] += gone
			n += gone
			return nil
		}); err != nil || n == 0 {
			return err
		}
		for table, before := range e.Counts {
			counts[table] += before
		}
		return e.change(ctx, tx, `set counts = $4`, encode(counts))
	})
	if err == nil && n > 0 {
		e.Counts = counts
	}
	return n, wrap("erasing rows", err)
}

// Remains counts what is left of an account in the database, by table, by other queries than those that erased.
func Remains(ctx context.Context, db postgres.Querier, account string) (map[string]int64, error) {
	rows, err := db.Query(ctx, `select name, rows from app.remains($1)`, account)
	if err != nil {
		return nil, wrap("looking for what is left", err)
	}
	left := map[string]int64{}
	var table string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error { left[table] = n; return nil })
	return left, wrap("looking for what is left", err)
}

// Receipt says what was done, and nothing of whom.
func (e *Erasure) Receipt(terms Terms, at time.Time) receipt.Receipt {
	r := receipt.Receipt{
		Format: receipt.Format, ID: e.ID, RequestedAt: e.RequestedAt.UTC(), ErasedAt: at.UTC(), ErasedBy: e.EraseBy.UTC(),
		BackupsUntil: at.Add(terms.backups).UTC(), Cause: e.Cause, Counts: byClass(e.Counts), Stays: e.Stays,
	}
	for _, stage := range []string{Closing, Grace, Record, Stripe, Objects, Edge, Key, Rows, Held} {
		if done, ok := e.Times[stage]; ok {
			r.Stages = append(r.Stages, receipt.Stage{Stage: stage, At: done.UTC()})
		}
	}
	r.Stages = append(r.Stages, receipt.Stage{Stage: Verify, At: at.UTC()})
	slices.SortStableFunc(r.Stages, func(a, b receipt.Stage) int { return a.At.Compare(b.At) })
	return r
}

// Complete ends the erasure: the receipt stays, and nothing says any more whose it is. ErrLost if it is another worker's.
func (e *Erasure) Complete(ctx context.Context, db *postgres.Database, jws string, at time.Time) error {
	err := db.Transaction(ctx, func(tx postgres.Querier) error {
		// There is one already where rows came back with a part of a backup only.
		if _, err := tx.Exec(ctx, `delete from app.receipt where id = $1`, e.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into app.receipt (id, jws, made_at, expires_at) values ($1, $2, $3, $4)`,
			e.ID, jws, at, at.Add(receiptKept)); err != nil {
			return err
		}
		return e.drop(ctx, tx)
	})
	return wrap("completing an erasure", err)
}

// Dropped ends the record of a deletion that was taken back, once nothing of it is left outside.
func (e *Erasure) Dropped(ctx context.Context, db postgres.Querier) error { return e.drop(ctx, db) }

func (e *Erasure) drop(ctx context.Context, db postgres.Querier) error {
	done, err := db.Exec(ctx, `delete from app.erasure where id = $1 and fence = $2 and stage = $3`, e.ID, e.Fence, e.Stage)
	if err == nil && done.RowsAffected() == 0 {
		return ErrLost
	}
	return wrap("ending the record of an erasure", err)
}

// ForgetEnded removes receipts and holds that have come to their end.
func ForgetEnded(ctx context.Context, db postgres.Querier, at time.Time) error {
	_, err := db.Exec(ctx, `
		with receipts as (delete from app.receipt where expires_at <= $1)
		delete from app.legal_hold where ends_at <= $1`, at)
	return wrap("forgetting receipts and holds that ended", err)
}
