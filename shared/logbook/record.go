package logbook

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/logline"
)

// Record is one line of a request or a job, as it is kept; nil is what the line does not say.
type Record struct {
	at                            time.Time
	id                            string // CloudWatch's, of the line
	kind, function                string
	route, method                 *string
	status                        *int
	ms                            int64
	cold                          bool
	ok                            *bool
	code, class                   *string
	who, browser, system, network *string
	requestID, invocation         *string
	dropped                       int
}

// Dropped is how many fields of the line did not fit their shape and are not kept.
func (r Record) Dropped() int { return r.dropped }

// Parse reads the line that a function wrote, which CloudWatch delivers under an id of its own (decimal digits). It is false for
// what is no record of a request or a job: other JSON, other text, or one without time, function, status or outcome.
func Parse(id, line string) (Record, bool) {
	var l logline.Record
	if json.Unmarshal([]byte(line), &l) != nil || !number(id) {
		return Record{}, false
	}
	at, err := time.Parse(time.RFC3339, string(l.Time))
	if err != nil || l.Function == "" || l.Function == logline.Withheld || l.Ms < 0 || l.Ms > math.MaxInt32 {
		return Record{}, false
	}
	r := Record{at: at.UTC(), id: id, kind: string(l.Msg), function: string(l.Function), ms: l.Ms, cold: l.Cold}
	switch {
	case l.Msg == "request" && 100 <= l.Status && l.Status <= 599:
		r.status = &l.Status
	case l.Msg == "job" && l.OK != nil:
		r.ok = l.OK
	default:
		return Record{}, false
	}
	r.route, r.method = kept(&r, l.Route), kept(&r, l.Method)
	r.code, r.class = kept(&r, l.Code), kept(&r, l.Error)
	r.who, r.browser, r.system, r.network = kept(&r, l.Who), kept(&r, l.Browser), kept(&r, l.System), kept(&r, l.Network)
	r.requestID, r.invocation = kept(&r, l.RequestID), kept(&r, l.Invocation)
	return r, true
}

// kept gives a field as a column's value; one that was withheld is dropped.
func kept[S logline.Shape](r *Record, field logline.Text[S]) *string {
	switch field {
	case "":
		return nil
	case logline.Withheld:
		r.dropped++
		return nil
	}
	text := string(field)
	return &text
}

func number(id string) bool {
	return 0 < len(id) && len(id) <= 64 && strings.Trim(id, "0123456789") == ""
}
