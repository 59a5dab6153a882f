package image_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

// shelve puts a row into somebody's library, without objects.
func shelve(t *testing.T, db people.Database, p people.Person, kind, state string, at time.Time) (id string) {
	t.Helper()
	id = image.NewID()
	var generation *string
	if kind == image.Result {
		order := uuid.NewString()
		generation = &order
	}
	db.Do(t, `
		insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1::uuid, $2, $3, $4, $5, $6, $1::text, $1::text || 't', 'image/png', 'image/png', 1, 1, 1, 0, $7, 1, 0, $7, $6)`,
		id, p.ID, generation, kind, state, at, make([]byte, 32))
	return id
}

// turn reads somebody's library to its end in pages and does something between them.
func turn(t *testing.T, db people.Database, p people.Person, limit int, kind string, between func()) (ids []string) {
	t.Helper()
	for asked := (page.Page{Limit: limit}); ; {
		rows, next, _, err := image.List(context.Background(), db.Web, p.Token, people.Now(), asked, kind)
		if err != nil || len(rows) > limit {
			t.Fatal(len(rows), err)
		}
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		if next == nil {
			return ids
		}
		if asked, err = page.Read(map[string][]string{"cursor": {*next}, "limit": {fmt.Sprint(limit)}}); err != nil {
			t.Fatal(err)
		}
		between()
	}
}

func TestPagesHaveNoGapAndNoRepetitionWhileImagesAreAdded(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	for i := range 23 {
		at := people.Now().Add(time.Duration(i/8) * time.Microsecond) // eight at a time are equally old
		shelve(t, db, ada, []string{image.Upload, image.Result}[i%2], "ready", at)
		shelve(t, db, grace, image.Upload, "ready", at)
	}
	shelve(t, db, ada, image.Upload, "pending", people.Now())
	shelve(t, db, ada, image.Upload, "deleting", people.Now())
	later := people.Now()
	newest := `select array_agg(id::text order by created_at desc, id desc) from app.image
		where account_id = $1 and state = 'ready' and ($2 = '' or kind = $2)`
	for _, kind := range []string{"", image.Upload, image.Result} {
		for _, limit := range []int{1, 3, 8, 23, 100} {
			wanted := people.Ask[[]string](t, db, newest, ada.ID, kind)
			got := turn(t, db, ada, limit, kind, func() {
				if limit == 3 {
					later = later.Add(time.Minute)
					shelve(t, db, ada, image.Upload, "ready", later)
				}
			})
			if !slices.Equal(got, wanted) {
				t.Errorf("kind %q in pages of %d: %d images, want %d", kind, limit, len(got), len(wanted))
			}
		}
	}
}

func TestAnEmptyLibraryIsAnEmptyPage(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	rows, next, who, err := image.List(context.Background(), db.Web, ada.Token, people.Now(), page.Page{Limit: 5}, "")
	if err != nil || rows == nil || len(rows) > 0 || next != nil || who.AccountID != ada.ID {
		t.Error(rows, next, who, err)
	}
	if _, _, _, err := image.List(context.Background(), db.Web, nil, people.Now(), page.Page{Limit: 5}, ""); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("nobody's library: %v", err)
	}
}

func TestAnotherPersonsImageDoesNotExist(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	mine := shelve(t, db, ada, image.Upload, "ready", people.Now())
	for what, id := range map[string]string{
		"another person's": shelve(t, db, grace, image.Upload, "ready", people.Now()),
		"a pending one":    shelve(t, db, ada, image.Upload, "pending", people.Now()),
		"a deleted one":    shelve(t, db, ada, image.Upload, "deleting", people.Now()),
		"an unknown one":   image.NewID(),
	} {
		if row, _, err := image.Get(ctx, db.Web, ada.Token, people.Now(), id); !errors.Is(err, image.ErrNotFound) || row.ID != "" {
			t.Errorf("reading %s: %v", what, err)
		}
		if hidden, _, signedIn, err := image.Hide(ctx, db.Web, ada.Token, people.Now(), id); hidden != nil || !signedIn || err != nil {
			t.Errorf("hiding %s: %v, %v", what, hidden, err)
		}
		if _, err := image.Inputs(ctx, db.Worker, ada.ID, []string{mine, id}); !errors.Is(err, image.ErrNotFound) {
			t.Errorf("drawing from %s: %v", what, err)
		}
	}
	if _, _, signedIn, err := image.Hide(ctx, db.Web, nil, people.Now(), mine); signedIn || err != nil {
		t.Errorf("nobody hid an image: %v, %v", signedIn, err)
	}
	if _, _, err := image.Get(ctx, db.Web, nil, people.Now(), mine); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("nobody read an image: %v", err)
	}
	if row, _, err := image.Get(ctx, db.Web, ada.Token, people.Now(), mine); err != nil || row.ID != mine {
		t.Errorf("her own: %v", err)
	}
}

func TestInputsComeInTheOrderAskedFor(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	var ids []string
	for range 4 {
		ids = append(ids, shelve(t, db, ada, image.Upload, "ready", people.Now()))
	}
	keys, err := image.Inputs(context.Background(), db.Worker, ada.ID, ids)
	if err != nil || !slices.Equal(keys, ids) { // shelve gives each its id for a key
		t.Errorf("%v, %v; want %v", keys, err, ids)
	}
}
