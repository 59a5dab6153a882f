package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
)

// Lease is how long a claimed archive belongs to its claimer without a sign of life; every record of progress renews it.
const Lease = 2 * time.Minute

// ErrLost says that the archive went to another claimer, has ended, or that its account was closed: whoever gets it writes nothing.
var ErrLost = errors.New("the archive is not ours any more")

// Steps of packing, in their order.
const (
	StepData    = "data"    // rows become files
	StepImages  = "images"  // images are listed
	StepVolumes = "volumes" // all volumes but the last are packed
	StepPages   = "pages"   // pages and manifest are made, which know by then what could not be included
	StepLast    = "last"    // the last volume is packed
	StepDone    = "done"
)

// Claimed is an archive under a lease. Fence rises with each claim, and every write checks it.
type Claimed struct {
	ID, AccountID, Pseudonym string
	Scope                    string
	Folder                   string // of its object keys, without a slash behind it
	Images                   int    // how many it was ordered with
	Step                     string
	Cursor                   json.RawMessage // how far the step is, in the step's own words
	Fence                    int
	OrderedAt                time.Time
	Key                      seal.Key
}

// Claim takes an archive that is to be packed under a lease; found is false if another packer has it, or if there is nothing to pack.
func Claim(ctx context.Context, db postgres.Querier, service *seal.Service, id string, at time.Time) (c Claimed, found bool, err error) {
	rows, err := db.Query(ctx, `
		with claimed as (
			update app.archive a set fence = a.fence + 1, lease_until = $3
			where a.id = $1 and a.state = 'packing' and (a.lease_until is null or a.lease_until <= $2) and app.alive(a.account_id)
			returning a.*
		)
		select a.id, a.account_id, a.scope, a.folder, cardinality(a.images) as images, a.step, a.cursor, a.fence, a.ordered_at,
		       k.pseudonym, k.service_key, k.wrapped_key
		from claimed a, app.keyring(a.account_id) k`, id, at, at.Add(Lease))
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claiming an archive: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		ID, AccountID, Scope, Folder, Step, Pseudonym, ServiceKey string
		Cursor                                                    json.RawMessage
		Images, Fence                                             int
		OrderedAt                                                 time.Time
		WrappedKey                                                []byte
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return Claimed{}, false, nil
	}
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claiming an archive: %w", err)
	}
	c = Claimed{
		ID: row.ID, AccountID: row.AccountID, Pseudonym: row.Pseudonym, Scope: row.Scope, Folder: row.Folder, Images: row.Images,
		Step: row.Step, Cursor: row.Cursor, Fence: row.Fence, OrderedAt: row.OrderedAt.UTC(),
	}
	c.Key, err = service.AccountKey(row.AccountID, row.ServiceKey, row.WrappedKey)
	return c, true, err
}

// ours is the condition under which a claimer may write: $1 is the archive, $2 the fence.
const ours = `a.id = $1 and a.fence = $2 and a.state = 'packing' and app.alive(a.account_id)`

// Advance records that packing has come to a place of a step; cursor is anything that JSON can hold.
func (c *Claimed) Advance(ctx context.Context, db postgres.Querier, step string, cursor any, at time.Time) error {
	return c.Add(ctx, db, nil, step, cursor, at)
}

// Add lists items, dealt and numbered, with the place that packing has come to thereby, in one statement.
func (c *Claimed) Add(ctx context.Context, db postgres.Querier, items []Item, step string, cursor any, at time.Time) error {
	place, err := json.Marshal(cursor)
	if err != nil {
		return err
	}
	listed, err := json.Marshal(items)
	if err != nil {
		return err
	}
	var files, omitted, bytes int64
	for _, item := range items {
		if item.Omitted != nil {
			omitted++
		} else {
			files, bytes = files+1, bytes+item.Bytes
		}
	}
	done, err := db.Exec(ctx, `
		with ours as (
			update app.archive a set lease_until = $3, step = $4, cursor = $5::text::jsonb,
			       files = a.files + $6, omitted = a.omitted + $7, bytes_total = a.bytes_total + $8
			where `+ours+` returning a.id
		), added as (
			insert into app.archive_item (archive_id, number, path, image_id, key, bytes, crc32, sha256, volume, omitted)
			select ours.id, i.number, i.name, i.image_id, i.key, i.bytes, i.crc32, decode(i.sha256, 'hex'), i.volume, i.omitted
			from ours, jsonb_to_recordset(coalesce(nullif($9::text::jsonb, 'null'), '[]')) as
				i (number bigint, name text, image_id uuid, key text, bytes bigint, crc32 bigint, sha256 text, volume integer, omitted text)
		)
		select from ours`,
		c.ID, c.Fence, at.Add(Lease), step, string(place), files, omitted, bytes, string(listed))
	if err := lost(done.RowsAffected(), err, "recording progress"); err != nil {
		return err
	}
	c.Step, c.Cursor = step, place
	return nil
}

// Again goes back to the making of the pages: it takes every item from this number on away. It belongs in a transaction.
func (c *Claimed) Again(ctx context.Context, tx postgres.Querier, from int64, cursor any, at time.Time) error {
	if err := c.Advance(ctx, tx, StepPages, cursor, at); err != nil { // first, since it locks the archive
		return err
	}
	_, err := tx.Exec(ctx, `
		with gone as (delete from app.archive_item where archive_id = $1 and number >= $2 returning bytes, omitted)
		update app.archive a set files = a.files - g.files, omitted = a.omitted - g.omitted, bytes_total = a.bytes_total - g.bytes
		from (
			select count(*) filter (where omitted is null) as files, count(*) filter (where omitted is not null) as omitted,
			       coalesce(sum(bytes) filter (where omitted is null), 0) as bytes
			from gone
		) g where a.id = $1`, c.ID, from)
	if err != nil {
		return fmt.Errorf("taking pages back: %w", err)
	}
	return nil
}

// Yield frees the lease, so that the archive can be claimed at once.
func (c *Claimed) Yield(ctx context.Context, db postgres.Querier) error {
	done, err := db.Exec(ctx, `update app.archive a set lease_until = null where a.id = $1 and a.fence = $2 and a.state = 'packing'`, c.ID, c.Fence)
	return lost(done.RowsAffected(), err, "freeing a lease")
}

// Finish shows the archive to its owner.
func (c *Claimed) Finish(ctx context.Context, db postgres.Querier, at time.Time) error {
	done, err := db.Exec(ctx, `
		update app.archive a set state = 'ready', step = 'done', lease_until = null, ready_at = $3, expires_at = $4,
		       bytes_done = v.bytes, bytes_total = v.bytes
		from (select coalesce(sum(bytes), 0) as bytes from app.archive_volume where archive_id = $1) v
		where `+ours, c.ID, c.Fence, at, at.Add(Kept))
	return lost(done.RowsAffected(), err, "finishing an archive")
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
