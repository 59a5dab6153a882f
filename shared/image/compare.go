package image

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/schema"
)

// Difference is an object of the library without a row, or a row that is shown without one of its objects.
type Difference struct {
	Key     string
	ImageID string    // of the row whose object is missing; "" where an object has no row
	At      time.Time // when the object was put; zero where it is missing
}

// Compare holds the bucket's listing against the rows and visits every difference, in the order of keys: under a prefix, "" for
// everywhere, from the first key behind after. What changes meanwhile is no difference: each is looked at again before it is
// told. Both sides are read in pages, so that memory does not grow with the library. It ends with visit's first error. What the
// listing has beside the library is shown to beside, which may be nil.
func Compare(ctx context.Context, db postgres.Querier, objects *bucket.Bucket, prefix, after string, visit func(Difference) error,
	beside func(schema.Place, bucket.Object)) error {
	c := comparison{db: db, objects: objects, rows: keyed{db: db, prefix: prefix, after: after}, visit: visit}
	last := ""
	err := objects.WalkAfter(ctx, prefix, after, func(page []bucket.Object) error {
		for _, object := range page {
			if object.Key <= last {
				return errors.New("comparing the library: the bucket's listing is not in order")
			}
			last = object.Key
			if place, known := schema.PlaceOf(object.Key); known && place.Pattern != schema.Library {
				if beside != nil {
					beside(place, object)
				}
				continue
			}
			if err := c.meet(ctx, object); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = c.pass(ctx, "")
	return err
}

type comparison struct {
	db      postgres.Querier
	objects *bucket.Bucket
	rows    keyed
	visit   func(Difference) error
}

// meet passes the rows before the object, then looks whether the next is the object's.
func (c *comparison) meet(ctx context.Context, object bucket.Object) error {
	next, err := c.pass(ctx, object.Key)
	if err != nil {
		return err
	}
	if next != nil && next.Key == object.Key {
		c.rows.take()
		return nil
	}
	// A row stands until its objects are gone and never comes back, so one that is missing before the object is seen again
	// is missing for good.
	if row, err := c.row(ctx, object.Key); err != nil || row != nil {
		return err
	}
	if there, err := c.exists(ctx, object.Key); err != nil || !there {
		return err
	}
	return c.visit(Difference{Key: object.Key, At: object.At})
}

// pass tells of the rows before key, "" for all, and gives the first that is not before it; nil if there is none.
func (c *comparison) pass(ctx context.Context, key string) (*keyedRow, error) {
	for {
		next, err := c.rows.peek(ctx)
		if err != nil || next == nil || (key != "" && next.Key >= key) {
			return next, err
		}
		c.rows.take()
		if !next.Ready {
			continue // its objects come or go just now
		}
		// It was ready before; where it still is after the object was not found, the object is missing.
		if there, err := c.exists(ctx, next.Key); err != nil {
			return nil, err
		} else if there {
			continue
		}
		if row, err := c.row(ctx, next.Key); err != nil {
			return nil, err
		} else if row == nil || !row.Ready {
			continue
		}
		if err := c.visit(Difference{Key: next.Key, ImageID: next.ID}); err != nil {
			return nil, err
		}
	}
}

func (c *comparison) exists(ctx context.Context, key string) (there bool, err error) {
	err = c.objects.Walk(ctx, key, func(page []bucket.Object) error {
		there = there || page[0].Key == key
		return nil
	})
	return there, err
}

func (c *comparison) row(ctx context.Context, key string) (*keyedRow, error) {
	return one(c.db.Query(ctx, `select $1::text as key, i.id, i.state = 'ready' as ready from app.image i where i.key = $1 or i.thumbnail_key = $1`, key))
}

// keyedRow is one of the two keys of a row.
type keyedRow struct {
	Key   string
	ID    string
	Ready bool
}

// keyed reads the keys of all rows in the order of their bytes, page by page.
type keyed struct {
	db            postgres.Querier
	prefix, after string
	page          []keyedRow
	ended         bool
}

// peek gives the next key without taking it, nil at the end.
func (k *keyed) peek(ctx context.Context) (*keyedRow, error) {
	if len(k.page) == 0 && !k.ended {
		const size = 1000
		rows, err := k.db.Query(ctx, `
			select k.key, k.id, k.ready from (
				(select i.key, i.id, i.state = 'ready' as ready from app.image i
				 where i.key collate "C" > $1 and i.key collate "C" >= $2 and i.key collate "C" < $3 order by i.key collate "C" limit $4)
				union all
				(select i.thumbnail_key, i.id, i.state = 'ready' from app.image i
				 where i.thumbnail_key collate "C" > $1 and i.thumbnail_key collate "C" >= $2 and i.thumbnail_key collate "C" < $3
				 order by i.thumbnail_key collate "C" limit $4)
			) k order by k.key collate "C" limit $4`, k.after, k.prefix, k.prefix+"\U0010FFFF", size)
		if err != nil {
			return nil, fmt.Errorf("comparing the library: %w", err)
		}
		if k.page, err = pgx.CollectRows(rows, pgx.RowToStructByName[keyedRow]); err != nil {
			return nil, fmt.Errorf("comparing the library: %w", err)
		}
		k.ended = len(k.page) < size
		if len(k.page) > 0 {
			k.after = k.page[len(k.page)-1].Key
		}
	}
	if len(k.page) == 0 {
		return nil, nil
	}
	return &k.page[0], nil
}

func (k *keyed) take() { k.page = k.page[1:] }

func one(rows pgx.Rows, err error) (*keyedRow, error) {
	if err == nil {
		var found []keyedRow
		if found, err = pgx.CollectRows(rows, pgx.RowToStructByName[keyedRow]); err == nil && len(found) > 0 {
			return &found[0], nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("comparing the library: %w", err)
	}
	return nil, nil
}
