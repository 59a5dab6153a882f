// Package image keeps the private library.
//
// A row stands before its objects are put and until they are gone, so that no object is ever without a row: pending while
// they are put, ready in the library, deleting while they are removed.
package image

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
)

// ErrNotFound answers an id that does not exist and one of another person alike.
var ErrNotFound = problem.New(problem.NotFound, "image_not_found", "There is no such image in your library.")

// Kinds of images.
const (
	Upload = "upload"
	Result = "result"
)

// Row is one image as it stands in the database, and as app.images_of gives it.
type Row struct {
	ID           string      `json:"id"`
	GenerationID *string     `json:"generation_id"`
	Kind         string      `json:"kind"`
	Key          string      `json:"key"`
	ThumbnailKey string      `json:"thumbnail_key"`
	ContentType  string      `json:"content_type"`
	Width        int         `json:"width"`
	Height       int         `json:"height"`
	Bytes        int64       `json:"bytes"`
	Tool         *string     `json:"tool"`
	Prompt       seal.Sealed `json:"prompt"`
	CreatedAt    time.Time   `json:"created_at"`
}

// columns of Row.
const columns = `i.id, i.generation_id, i.kind, i.key, i.thumbnail_key, i.content_type, i.width, i.height, i.bytes, i.tool, i.prompt, i.created_at`

// View is an image as its owner gets it; both links end at ExpiresAt, and asking again gives new ones.
type View struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind"`
	URL          string    `json:"url"`
	ThumbnailURL string    `json:"thumbnail_url"`
	Width        int       `json:"width"`
	Height       int       `json:"height"`
	Bytes        int64     `json:"bytes"`
	ContentType  string    `json:"content_type"`
	Tool         *string   `json:"tool"`
	Prompt       *string   `json:"prompt"`
	GenerationID *string   `json:"generation_id"`
	CreatedAt    time.Time `json:"created_at"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// View opens the prompt and signs the links.
func (r Row) View(key seal.Key, links cdn.Links, at time.Time) (View, error) {
	v := View{
		ID: r.ID, Kind: r.Kind, URL: links.Link(r.Key, at), ThumbnailURL: links.Link(r.ThumbnailKey, at),
		Width: r.Width, Height: r.Height, Bytes: r.Bytes, ContentType: r.ContentType, Tool: r.Tool,
		GenerationID: r.GenerationID, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: cdn.Until(at),
	}
	if r.Prompt != nil {
		prompt, err := key.Open("image.prompt/"+r.ID, r.Prompt)
		if err != nil {
			return View{}, err
		}
		v.Prompt = &prompt
	}
	return v, nil
}

// Views of several rows.
func Views(rows []Row, key seal.Key, links cdn.Links, at time.Time) ([]View, error) {
	views := make([]View, len(rows))
	for i, row := range rows {
		var err error
		if views[i], err = row.View(key, links, at); err != nil {
			return nil, err
		}
	}
	return views, nil
}

type withImages struct {
	session.Caller
	Images []Row
}

// List gives a page of the caller's library, newest first, in one statement with the session check; kind "" is every
// kind. next is nil on the last page.
func List(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, p page.Page, kind string) (images []Row, next *string, who session.Caller, err error) {
	before, id := p.Bounds()
	row, err := session.Ask[withImages](ctx, db, "listing images", `
		select `+session.Columns+`, (
			select coalesce(json_agg(i order by i.created_at desc, i.id desc), '[]') from (
				select `+columns+` from app.image i
				where i.account_id = c.account_id and i.state = 'ready' and (i.created_at, i.id) < ($3::timestamptz, $4::uuid)
				  and ($5 = '' or i.kind = $5)
				order by i.created_at desc, i.id desc limit $6
			) i) as images
		from app.caller($1, $2) c`, tokenHash, at, before, id, kind, p.Limit+1)
	if err != nil {
		return nil, nil, who, err
	}
	if images = row.Images; len(images) > p.Limit {
		images = images[:p.Limit]
		last := images[p.Limit-1]
		cursor := page.Cursor{At: last.CreatedAt, ID: last.ID}.String()
		next = &cursor
	}
	return images, next, row.Caller, nil
}

// Get gives one image of the caller's, in one statement with the session check; or ErrNotFound.
func Get(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (Row, session.Caller, error) {
	row, err := session.Ask[withImages](ctx, db, "reading an image", `
		select `+session.Columns+`, (
			select coalesce(json_agg(i), '[]') from (
				select `+columns+` from app.image i where i.account_id = c.account_id and i.id = $3 and i.state = 'ready'
			) i) as images
		from app.caller($1, $2) c`, tokenHash, at, id)
	if err == nil && len(row.Images) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Row{}, row.Caller, err
	}
	return row.Images[0], row.Caller, nil
}

// Inputs gives the object keys of an account's images in the order of ids; ErrNotFound if one was deleted meanwhile.
func Inputs(ctx context.Context, db postgres.Querier, account string, ids []string) ([]string, error) {
	rows, err := db.Query(ctx, `
		select i.key from unnest($2::uuid[]) with ordinality as wanted (id, place)
		join app.image i on i.id = wanted.id and i.account_id = $1 and i.state = 'ready' order by wanted.place`, account, ids)
	if err != nil {
		return nil, fmt.Errorf("finding input images: %w", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && len(keys) < len(ids) {
		err = ErrNotFound
	}
	return keys, err
}

// NewID gives an image its id.
func NewID() string { return uuid.NewString() }
