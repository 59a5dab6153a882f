// Package upload hands out places for images to be put by a browser.
package upload

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/session"
)

const (
	// MaxBytes of one upload.
	MaxBytes = 20 << 20
	// Lifetime of the presigned address.
	Lifetime = 10 * time.Minute
	// Kept is how long an upload that was never taken in, or its place, stays: a late PUT ends well before.
	Kept = retention.Upload
	// MaxOpen is how many uploads of one account may wait to be taken in; offers made at the same moment may pass it by a few.
	MaxOpen = 50
)

// ErrNotFound answers an id that does not exist, one of another person and one that ended alike.
var ErrNotFound = problem.New(problem.NotFound, "upload_not_found", "There is no such upload of yours; ask for a new one.")

// ErrTooMany refuses an offer to somebody with MaxOpen uploads that were not taken in.
var ErrTooMany = problem.New(problem.TooMany, "too_many_uploads",
	"Too many of your uploads are waiting to be taken in: take them in first, or try again in an hour.")

// Offered is a place for one object.
type Offered struct {
	ID, Key   string
	ExpiresAt time.Time
}

// Offer records a place under the caller's prefix before anybody is told of it, in one statement with the session check; or
// ErrTooMany.
func Offer(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, contentType string, bytes int64) (Offered, session.Caller, error) {
	o := Offered{ID: uuid.NewString(), ExpiresAt: at.Add(Lifetime)}
	row, err := session.Ask[struct {
		session.Caller
		Key string
	}](ctx, db, "offering an upload", `
		with caller as materialized (select * from app.caller($1, $2)),
		offered as (
			insert into app.upload (id, account_id, key, content_type, bytes, created_at, expires_at)
			select $3::uuid, account_id, prefix || '/incoming/' || $3, $4, $5::bigint, $2, $6 from caller
			where (select count(*) from app.upload u
			       where u.account_id = caller.account_id and u.image_id is null and u.created_at > $7) < $8
			returning key
		)
		select `+session.Columns+`, coalesce(offered.key, '') as key from caller c left join offered on true`,
		tokenHash, at, o.ID, contentType, bytes, o.ExpiresAt, at.Add(-Kept), MaxOpen)
	if err == nil && row.Key == "" {
		err = ErrTooMany
	}
	if err != nil {
		return Offered{}, row.Caller, err
	}
	o.Key = row.Key
	return o, row.Caller, nil
}

// Found is an upload that is to be taken in; ImageID is the image it became, "" before.
type Found struct{ ID, Key, ContentType, ImageID string }

// Find gives an upload of the caller's that has not ended, in one statement with the session check; or ErrNotFound.
func Find(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (Found, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Found
	}](ctx, db, "finding an upload", `
		select `+session.Columns+`, coalesce(u.id::text, '') as id, coalesce(u.key, '') as key,
		       coalesce(u.content_type, '') as content_type, coalesce(u.image_id::text, '') as image_id
		from app.caller($1, $2) c
		left join app.upload u on u.account_id = c.account_id and u.id = $3 and u.created_at > $4`,
		tokenHash, at, id, at.Add(-Kept))
	if err == nil && row.Found.ID == "" {
		err = ErrNotFound
	}
	if err != nil {
		return Found{}, row.Caller, err
	}
	return row.Found, row.Caller, nil
}

// TakeIn says which image an upload became; false if another request was first. It belongs in one transaction with the
// image's coming into the library.
func TakeIn(ctx context.Context, tx postgres.Querier, id, image string) (bool, error) {
	done, err := tx.Exec(ctx, `update app.upload set image_id = $2 where id = $1 and image_id is null`, id, image)
	if err != nil {
		return false, fmt.Errorf("taking an upload in: %w", err)
	}
	return done.RowsAffected() == 1, nil
}

// Ended names up to limit uploads that have ended, with the keys whose objects may still be there.
func Ended(ctx context.Context, db postgres.Querier, at time.Time, limit int) (ids, keys []string, err error) {
	rows, err := db.Query(ctx, `select id, key from app.upload where created_at <= $1 order by created_at limit $2`, at.Add(-Kept), limit)
	if err != nil {
		return nil, nil, fmt.Errorf("finding ended uploads: %w", err)
	}
	var id, key string
	_, err = pgx.ForEachRow(rows, []any{&id, &key}, func() error {
		ids, keys = append(ids, id), append(keys, key)
		return nil
	})
	return ids, keys, err
}

// Forget removes uploads whose objects are gone.
func Forget(ctx context.Context, db postgres.Querier, ids []string) error {
	if _, err := db.Exec(ctx, `delete from app.upload where id = any ($1::uuid[])`, ids); err != nil {
		return fmt.Errorf("forgetting uploads: %w", err)
	}
	return nil
}
