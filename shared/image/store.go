package image

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
)

// New is an image that is about to be stored: for a Result with tool, prompt and generation, for an Upload without.
type New struct {
	AccountID, Prefix  string
	Kind               string
	GenerationID, Tool *string
	Prompt             string // "" where there is none
	Original           picture.Encoded
	Thumbnail          picture.Encoded
}

// Stored names a pending image and its objects.
type Stored struct{ ID, Key, ThumbnailKey string }

// Store writes the pending row, then puts both objects. The image is in the library only after Ready; an image that never
// gets there is swept with its objects.
func Store(ctx context.Context, db postgres.Querier, objects *bucket.Bucket, key seal.Key, n New, at time.Time) (Stored, error) {
	s := Stored{ID: NewID()}
	// Every attempt has keys of its own: a put that arrives late cannot touch another attempt's objects.
	place := n.Prefix + "/" + s.ID + "/" + strings.ToLower(rand.Text())
	s.Key, s.ThumbnailKey = place+"."+n.Original.Extension, place+"-thumbnail."+n.Thumbnail.Extension
	var prompt seal.Sealed
	if n.Prompt != "" {
		prompt = key.Seal("image.prompt/"+s.ID, n.Prompt)
	}
	added, err := db.Exec(ctx, `
		insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, tool, prompt, created_at)
		select $1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $5
		where app.alive($2)`,
		s.ID, n.AccountID, n.GenerationID, n.Kind, at, s.Key, s.ThumbnailKey, n.Original.ContentType, n.Thumbnail.ContentType,
		n.Original.Width, n.Original.Height, len(n.Original.Bytes), int64(n.Original.CRC32), n.Original.SHA256[:],
		len(n.Thumbnail.Bytes), int64(n.Thumbnail.CRC32), n.Thumbnail.SHA256[:], n.Tool, []byte(prompt))
	if session.Closed(err) || err == nil && added.RowsAffected() == 0 {
		return Stored{}, session.ErrSignedOut // the account was closed meanwhile
	}
	if err != nil {
		return Stored{}, fmt.Errorf("recording an image: %w", err)
	}
	if err := objects.Put(ctx, s.Key, n.Original.ContentType, n.Original.Bytes); err != nil {
		return Stored{}, err
	}
	return s, objects.Put(ctx, s.ThumbnailKey, n.Thumbnail.ContentType, n.Thumbnail.Bytes)
}

// Ready shows a pending image in the library; false if it was swept meanwhile.
func Ready(ctx context.Context, db postgres.Querier, id string, at time.Time) (bool, error) {
	done, err := db.Exec(ctx, `update app.image set state = 'ready', state_at = $2 where id = $1 and state = 'pending'`, id, at)
	if err != nil {
		return false, fmt.Errorf("showing an image: %w", err)
	}
	return done.RowsAffected() == 1, nil
}

// Hide takes an image of the caller's out of the library, in one statement with the session check, and names the objects
// to delete; nil if there is no such image. signedIn is false where nobody is.
func Hide(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (hidden *Stored, pseudonym string, signedIn bool, err error) {
	rows, err := db.Query(ctx, `
		with caller as materialized (select * from app.caller($1, $2)),
		hidden as (
			update app.image i set state = 'deleting', state_at = $2 from caller
			where i.id = $3 and i.account_id = caller.account_id and i.state = 'ready'
			returning i.id, i.key, i.thumbnail_key
		)
		select caller.pseudonym, coalesce(hidden.id::text, ''), coalesce(hidden.key, ''), coalesce(hidden.thumbnail_key, '')
		from caller left join hidden on true`, tokenHash, at, id)
	if err != nil {
		return nil, "", false, fmt.Errorf("hiding an image: %w", err)
	}
	var s Stored
	_, err = pgx.ForEachRow(rows, []any{&pseudonym, &s.ID, &s.Key, &s.ThumbnailKey}, func() error {
		signedIn = true
		return nil
	})
	if err != nil {
		return nil, "", false, fmt.Errorf("hiding an image: %w", err)
	}
	if s.ID != "" {
		hidden = &s
	}
	return hidden, pseudonym, signedIn, nil
}

// Remove deletes the objects of hidden images, purges them from the CDN, and only then forgets the rows, of those images
// whose objects are gone: what fails is found again by Unsettled. It is safe to repeat.
func Remove(ctx context.Context, db postgres.Querier, objects *bucket.Bucket, edge cdn.Purger, hidden ...Stored) error {
	keys := make([]string, 0, 2*len(hidden))
	for _, s := range hidden {
		keys = append(keys, s.Key, s.ThumbnailKey)
	}
	left, failed := objects.Delete(ctx, keys...)
	var ids, gone []string
	for _, s := range hidden {
		if !slices.Contains(left, s.Key) && !slices.Contains(left, s.ThumbnailKey) {
			ids, gone = append(ids, s.ID), append(gone, s.Key, s.ThumbnailKey)
		}
	}
	if len(ids) == 0 {
		return failed
	}
	if err := edge.Purge(ctx, gone...); err != nil {
		return errors.Join(failed, err)
	}
	if _, err := db.Exec(ctx, `delete from app.image where id = any ($1::uuid[]) and state = 'deleting'`, ids); err != nil {
		return errors.Join(failed, fmt.Errorf("forgetting images: %w", err))
	}
	return failed
}

// Unsettled gives up the images that have been pending since before pendingBefore, and names them and those that wait for
// their objects to be deleted since before hiddenBefore: of either sort limit at most, the oldest first.
func Unsettled(ctx context.Context, db postgres.Querier, pendingBefore, hiddenBefore, at time.Time, limit int) ([]Stored, error) {
	rows, err := db.Query(ctx, `
		with given_up as (
			update app.image set state = 'deleting', state_at = $3
			where state = 'pending' and id in (
				select id from app.image where state = 'pending' and state_at < $1 order by state_at limit $4)
			returning id, key, thumbnail_key
		)
		select id, key, thumbnail_key from given_up
		union all
		(select id, key, thumbnail_key from app.image where state = 'deleting' and state_at < $2 order by state_at limit $4)`,
		pendingBefore, hiddenBefore, at, limit)
	if err != nil {
		return nil, fmt.Errorf("finding unsettled images: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Stored])
}
