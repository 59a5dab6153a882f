package task

import (
	"encoding/json"
	"time"

	"nanoflux.ai/backend/shared/problem"
)

// Clock tells a job what time it is: the time of its event, running on while the job works.
type Clock struct {
	event time.Time
	began time.Time
}

// Starting is a clock that shows a moment and goes on from there.
func Starting(at time.Time) Clock { return Clock{event: at.UTC(), began: time.Now()} }

// Now is the event's time plus the time since the job began, in UTC.
func (c Clock) Now() time.Time { return c.event.Add(time.Since(c.began)) }

// clockOf starts a clock at the event's "at", or at the "time" that EventBridge writes, both RFC 3339. Where the event also
// says when it was sent, by the wall clock, the time that it spent in Lambda's queue or between attempts is added: a lease
// taken on a clock that is behind would be over before the work is.
func clockOf(payload json.RawMessage) (Clock, error) {
	var event struct {
		At, Time string
		Sent     time.Time
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return Clock{}, problem.New(problem.Invalid, "malformed_event", `The event is not a JSON object with "at" or "time" in it.`).Because(err)
	}
	text := event.At
	if text == "" {
		text = event.Time
	}
	if text == "" {
		return Clock{}, problem.New(problem.Invalid, "event_without_time", `The event does not say what time it is: give it "at" or "time" in RFC 3339.`)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Clock{}, problem.New(problem.Invalid, "malformed_time", `The event's "at" or "time" is not a time in RFC 3339, like 2026-12-24T00:00:00Z.`).Because(err)
	}
	if !event.Sent.IsZero() {
		at = at.Add(max(0, time.Since(event.Sent)))
	}
	return Starting(at), nil
}
