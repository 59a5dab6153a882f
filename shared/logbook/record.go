package logbook

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/logline"
)

// Record is one line of a request or a job, as it is kept. What the line does not say, or says in a text of another shape, is "".
type Record struct {
	logline.Record
	at      time.Time
	id      string // CloudWatch's, of the line
	dropped int
}

// Dropped is how many fields of the line did not fit their shape and are not kept.
func (r *Record) Dropped() int { return r.dropped }

// Parse reads the line that a function wrote, which CloudWatch delivers under an id of its own (decimal digits). It is false for
// what is no record of a request or a job: other text, fields of other types, or none of time, function, status or outcome.
func Parse(id, line string) (r Record, ok bool) {
	if json.Unmarshal([]byte(line), &r.Record) != nil || !number(id) {
		return r, false
	}
	at, err := time.Parse(time.RFC3339, string(r.Time))
	if err != nil || r.Function == "" || r.Function.String() == logline.Withheld || r.Ms < 0 || r.Ms > math.MaxInt32 {
		return r, false
	}
	switch {
	case r.Msg == "request" && 100 <= r.Status && r.Status <= 599:
		r.OK = nil
	case r.Msg == "job" && r.OK != nil:
		r.Status = 0
	default:
		return r, false
	}
	r.at, r.id = at.UTC(), id
	drop(&r, &r.Route)
	drop(&r, &r.Method)
	drop(&r, &r.Code)
	drop(&r, &r.Error)
	drop(&r, &r.Who)
	drop(&r, &r.Browser)
	drop(&r, &r.System)
	drop(&r, &r.Network)
	drop(&r, &r.RequestID)
	drop(&r, &r.Invocation)
	return r, true
}

// drop forgets a field that has not its shape.
func drop[S logline.Shape](r *Record, field *logline.Text[S]) {
	if field.String() == logline.Withheld {
		*field = ""
		r.dropped++
	}
}

func number(id string) bool {
	return 0 < len(id) && len(id) <= 64 && strings.Trim(id, "0123456789") == ""
}
