package page

import (
	"encoding/base64"
	"math"
	"net/url"
	"strconv"
)

// Numbered asks for Limit rows with numbers below Before, of a list whose rows are numbered from 1, newest first.
type Numbered struct {
	Limit  int
	Before int64
}

// ReadNumbered takes limit and cursor out of a query.
func ReadNumbered(query url.Values) (p Numbered, err error) {
	if p.Limit, err = limit(query); err != nil {
		return Numbered{}, err
	}
	if p.Before = math.MaxInt64; query.Has("cursor") {
		raw, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
		n, failed := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || failed != nil || n < 1 || After(n) != query.Get("cursor") { // one place, one spelling
			return Numbered{}, errCursor
		}
		p.Before = n
	}
	return p, nil
}

// After is the cursor of the page that follows the row of this number.
func After(number int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, number, 10))
}
