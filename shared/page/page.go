// Package page is keyset paging: which part of a list, newest first, a caller wants.
package page

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/problem"
)

const (
	most   = 100
	normal = 50
)

// Page asks for Limit rows that are older than After.
type Page struct {
	Limit int
	After Cursor
}

// Cursor is the place of a row in a list ordered by time, then id, newest first. The zero Cursor stands before the first.
type Cursor struct {
	At time.Time
	ID string
}

// farthest is a time after every row's: the year 9999, in microseconds since 1970.
const farthest = 253_370_764_800_000_000

// Bounds is the cursor as two values for `(created_at, id) < ($1, $2)`.
func (p Page) Bounds() (time.Time, string) {
	if p.After.ID == "" {
		return time.UnixMicro(farthest).UTC(), "ffffffff-ffff-ffff-ffff-ffffffffffff"
	}
	return p.After.At, p.After.ID
}

var errCursor = problem.New(problem.Invalid, "invalid_cursor",
	"cursor is the next_cursor of an earlier reply, unchanged; leave it out for the first page.")

// Read takes limit and cursor out of a query.
func Read(query url.Values) (p Page, err error) {
	if p.Limit, err = limit(query); err != nil {
		return Page{}, err
	}
	if query.Has("cursor") {
		cursor, ok := parse(query.Get("cursor"))
		if !ok {
			return Page{}, errCursor
		}
		p.After = cursor
	}
	return p, nil
}

func limit(query url.Values) (int, error) {
	if !query.Has("limit") {
		return normal, nil
	}
	n, err := strconv.Atoi(query.Get("limit"))
	if err != nil || n < 1 || n > most {
		return 0, problem.New(problem.Invalid, "invalid_limit", "limit is a whole number from 1 to 100.")
	}
	return n, nil
}

// String is the cursor as a caller gets it.
func (c Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.At.UnixMicro(), 10) + "." + c.ID))
}

func parse(text string) (Cursor, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Cursor{}, false
	}
	micros, id, _ := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || n < 0 || n > farthest || len(id) != 36 || uuid.Validate(id) != nil {
		return Cursor{}, false
	}
	c := Cursor{time.UnixMicro(n).UTC(), id}
	return c, c.String() == text // one place, one spelling
}
