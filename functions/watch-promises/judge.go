package main

import (
	"time"

	"nanoflux.ai/backend/shared/promise"
)

const (
	hour  = time.Hour
	day   = 24 * hour
	daily = day + hour/2 // a look once a day that is older than this was missed
)

// judge says of each measure whether its promise is kept, at risk or broken, by what was seen now and what was known before.
// What was not seen is never better than at risk, unless it is looked at once a day only and that was not too long ago.
func judge(measures []measure, seen map[string]promise.Seen, before map[string]promise.Promise, at time.Time) []promise.Promise {
	all := make([]promise.Promise, 0, len(measures))
	for _, m := range measures {
		old, known := before[m.name]
		p := promise.Promise{Measure: m.name, Clause: m.clause, Says: m.says, Unit: m.unit, Warn: m.warn, Bound: m.bound,
			Value: old.Value, State: old.State, SeenAt: old.SeenAt, Since: old.Since}
		if s, ok := m.of(seen, at); ok {
			p.Value, p.SeenAt = m.read(s, old, at), &at
			p.State = m.state(p.Value)
		} else if p.State != promise.Broken && !(m.daily && p.SeenAt != nil && at.Sub(*p.SeenAt) <= daily && seen == nil) {
			p.State = promise.AtRisk
		}
		if !known || (old.State == promise.Kept) != (p.State == promise.Kept) {
			p.Since = at
		}
		all = append(all, p)
	}
	return all
}

func (m measure) state(value int64) promise.State {
	switch {
	case value >= m.bound:
		return promise.Broken
	case value >= m.warn:
		return promise.AtRisk
	}
	return promise.Kept
}

// of finds what was seen of the measure. A job that never succeeded is as late as the watching is old; when one succeeded in the time
// to come, by a clock that was wrong, is not known.
func (m measure) of(seen map[string]promise.Seen, at time.Time) (promise.Seen, bool) {
	s, ok := seen[m.name]
	if !ok && m.job {
		s, ok = seen["watching"]
	}
	if m.job && s.Oldest != nil && s.Oldest.After(at.Add(hour)) {
		return s, false
	}
	return s, ok
}

// hours since the oldest should have been gone, or happened.
func hours(s promise.Seen, _ promise.Promise, at time.Time) int64 {
	if s.Value == 0 || s.Oldest == nil {
		return 0
	}
	return max(0, int64(at.Sub(*s.Oldest)/hour))
}

// number is how many there are.
func number(s promise.Seen, _ promise.Promise, _ time.Time) int64 { return s.Value }

// lasting is for how many days there have been any, the first counted: what has no age of its own is at risk when it is first
// seen, and the promise is broken when it is still there days later.
func lasting(s promise.Seen, before promise.Promise, at time.Time) int64 {
	if s.Value == 0 {
		return 0
	}
	if before.State == "" || before.State == promise.Kept || before.Value == 0 {
		return 1
	}
	return 1 + max(0, int64((at.Sub(before.Since)+hour/2)/day)) // two looks a day apart are never quite that
}
