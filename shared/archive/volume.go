package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Reasons why an item could not be included.
const (
	Deleted = "deleted" // by its owner, after the archive was ordered
	Missing = "missing" // the library has it, the bucket does not
	Damaged = "damaged" // the bucket has something else than the library says
)

// Item is a file of an archive.
type Item struct {
	Number  int64   `json:"number"` // from 1 in the archive
	Name    string  `json:"name"`   // in the archive
	ImageID *string `json:"image_id"`
	Key     string  `json:"key"`
	Bytes   int64   `json:"bytes"`
	CRC32   uint32  `json:"crc32"`
	SHA256  string  `json:"sha256"` // hexadecimal
	Volume  int     `json:"volume"`
	Omitted *string `json:"omitted"` // the reason, nil where it is in there
}

// MaxVolumeFiles and MaxVolumeBytes bound a volume: what a browser takes in one piece, and what is read again where one of its
// files turns out to be missing.
const (
	MaxVolumeFiles = 1000
	MaxVolumeBytes = 512 << 20
)

// Tail is where the next item of an archive goes.
type Tail struct {
	Number int64 // of the last item
	Volume int
	Files  int
	Bytes  int64
}

// Tail of what is listed so far.
func (c *Claimed) Tail(ctx context.Context, db postgres.Querier) (Tail, error) {
	rows, err := db.Query(ctx, `
		select max(number) as number, volume, count(*) as files, sum(bytes)::bigint as bytes
		from app.archive_item where archive_id = $1 group by volume order by volume desc limit 1`, c.ID)
	if err != nil {
		return Tail{}, fmt.Errorf("finding the end of an archive: %w", err)
	}
	tail, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Tail])
	if errors.Is(err, pgx.ErrNoRows) {
		return Tail{Volume: 1}, nil
	}
	return tail, err
}

// Deal numbers an item and gives it a volume.
func (t *Tail) Deal(item Item) Item {
	if t.Files >= MaxVolumeFiles || t.Files > 0 && t.Bytes+item.Bytes > MaxVolumeBytes {
		t.Volume, t.Files, t.Bytes = t.Volume+1, 0, 0
	}
	return t.Append(item)
}

// Append numbers an item and gives it the volume of the one before, however much that has.
func (t *Tail) Append(item Item) Item {
	t.Number, t.Files, t.Bytes = t.Number+1, t.Files+1, t.Bytes+item.Bytes
	item.Number, item.Volume = t.Number, t.Volume
	return item
}

const itemColumns = `number, path as name, image_id, key, bytes, crc32, encode(sha256, 'hex') as sha256, volume, omitted`

// Items of a volume in their order.
func (c *Claimed) Items(ctx context.Context, db postgres.Querier, volume int) ([]Item, error) {
	rows, err := db.Query(ctx, `select `+itemColumns+` from app.archive_item where archive_id = $1 and volume = $2 order by number`, c.ID, volume)
	return items(rows, err)
}

// Pictures are the items of images, of those that are listed.
func (c *Claimed) Pictures(ctx context.Context, db postgres.Querier, images []string) ([]Item, error) {
	rows, err := db.Query(ctx, `
		select `+itemColumns+` from app.archive_item
		where archive_id = $1 and path like 'images/%' and image_id = any ($2::uuid[]) order by number`, c.ID, images)
	return items(rows, err)
}

func items(rows pgx.Rows, err error) ([]Item, error) {
	if err != nil {
		return nil, fmt.Errorf("listing an archive: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Item])
}

// Volume is a zip file that is being uploaded.
type Volume struct {
	Number    int
	Name, Key string
	Bytes     int64
	UploadID  string
	Done      bool
	Parts     map[int]Part // by number, those that are in the bucket
}

// Part of a volume that is in the bucket.
type Part struct {
	Number int
	Bytes  int64
	ETag   string
	CRCs   []int64 // of the pieces of files in it, in their order
}

// Volume gives a volume that was begun, with its parts; found is false where none was.
func (c *Claimed) Volume(ctx context.Context, db postgres.Querier, number int) (v Volume, found bool, err error) {
	rows, err := db.Query(ctx, `
		select v.number, v.filename as name, v.key, v.bytes, v.upload_id, v.done, (
			select coalesce(json_object_agg(p.number, json_build_object('Number', p.number, 'Bytes', p.bytes, 'ETag', p.etag, 'CRCs', p.crcs)), '{}')
			from app.archive_part p where p.archive_id = v.archive_id and p.volume = v.number) as parts
		from app.archive_volume v where v.archive_id = $1 and v.number = $2`, c.ID, number)
	if err != nil {
		return Volume{}, false, fmt.Errorf("reading a volume: %w", err)
	}
	v, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Volume])
	if errors.Is(err, pgx.ErrNoRows) {
		return Volume{}, false, nil
	}
	return v, err == nil, err
}

// Begin records a volume whose upload has begun.
func (c *Claimed) Begin(ctx context.Context, db postgres.Querier, v Volume, at time.Time) error {
	done, err := db.Exec(ctx, `
		with ours as (update app.archive a set lease_until = $3 where `+ours+` returning a.id)
		insert into app.archive_volume (archive_id, number, filename, key, bytes, upload_id) select id, $4, $5, $6, $7, $8 from ours`,
		c.ID, c.Fence, at.Add(Lease), v.Number, v.Name, v.Key, v.Bytes, v.UploadID)
	return lost(done.RowsAffected(), err, "beginning a volume")
}

// Put records a part that is in the bucket.
func (c *Claimed) Put(ctx context.Context, db postgres.Querier, volume int, p Part, at time.Time) error {
	done, err := db.Exec(ctx, `
		with ours as (update app.archive a set lease_until = $3, bytes_done = a.bytes_done + $6 where `+ours+` returning a.id)
		insert into app.archive_part (archive_id, volume, number, bytes, etag, crcs) select id, $4, $5, $6, $7, $8::bigint[] from ours`,
		c.ID, c.Fence, at.Add(Lease), volume, p.Number, p.Bytes, p.ETag, p.CRCs)
	return lost(done.RowsAffected(), err, "recording a part")
}

// Complete records that a volume is whole.
func (c *Claimed) Complete(ctx context.Context, db postgres.Querier, volume int, at time.Time) error {
	done, err := db.Exec(ctx, `
		with ours as (update app.archive a set lease_until = $3 where `+ours+` returning a.id)
		update app.archive_volume v set done = true from ours where v.archive_id = ours.id and v.number = $4`,
		c.ID, c.Fence, at.Add(Lease), volume)
	return lost(done.RowsAffected(), err, "completing a volume")
}

// Omit marks items of a volume as not included, for a reason each, and forgets what was uploaded of the volume, because everything
// behind them moves up. It belongs in a transaction.
func (c *Claimed) Omit(ctx context.Context, tx postgres.Querier, volume int, reasons map[int64]string, at time.Time) error {
	done, err := tx.Exec(ctx, `update app.archive a set lease_until = $3 where `+ours, c.ID, c.Fence, at.Add(Lease)) // it locks the archive
	if err := lost(done.RowsAffected(), err, "omitting files"); err != nil {
		return err
	}
	listed, err := json.Marshal(reasons)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		with omitted as (
			update app.archive_item i set omitted = r.value from jsonb_each_text($3::text::jsonb) r
			where i.archive_id = $1 and i.number = r.key::bigint and i.volume = $2 and i.omitted is null returning i.bytes
		), parts as (
			delete from app.archive_part where archive_id = $1 and volume = $2 returning bytes
		), volume as (
			delete from app.archive_volume where archive_id = $1 and number = $2
		)
		update app.archive a set files = a.files - o.files, omitted = a.omitted + o.files, bytes_total = a.bytes_total - o.bytes,
		       bytes_done = a.bytes_done - p.bytes
		from (select count(*) as files, coalesce(sum(bytes), 0) as bytes from omitted) o,
		     (select coalesce(sum(bytes), 0) as bytes from parts) p
		where a.id = $1`, c.ID, volume, string(listed))
	if err != nil {
		return fmt.Errorf("omitting files: %w", err)
	}
	return nil
}
