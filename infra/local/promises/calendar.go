package promises

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"nanoflux.ai/backend/infra/local/schedule"
	"nanoflux.ai/backend/infra/local/template"
)

// A calendar chooses which of the template's firings are played: every daily one; the hourly ones for forty days after each departure,
// else those of one hour a week; those of every minute for an hour after whatever somebody did, else one an hour, or one a week.
type calendar struct {
	all   []timetable
	close []time.Time // departures
	acts  []time.Time
}

type timetable struct {
	schedule   template.Schedule
	expression schedule.Expression
	every      time.Duration // between two firings
	fired      int           // counted
	left       int           // firings that were not played
}

const (
	closely    = 40 * 24 * time.Hour // after a departure
	quietHour  = 3                   // of a week of which one hour is played: the one in which the bucket is compared
	quietDay   = time.Monday
	quietTimes = 35 // the minute of an hour of which one is played
)

func newCalendar(schedules []template.Schedule) (*calendar, error) {
	c := &calendar{}
	for _, s := range schedules {
		expression, err := schedule.Parse(s.Expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		one := expression.Next(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		c.all = append(c.all, timetable{schedule: s, expression: expression, every: expression.Next(one).Sub(one)})
	}
	return c, nil
}

// departed plays the forty days from a moment on closely.
func (c *calendar) departed(at time.Time) { c.close = append(c.close, at) }

// acted plays the hour from a moment on minute by minute.
func (c *calendar) acted(at time.Time) { c.acts = append(c.acts, at) }

func within(moments []time.Time, at time.Time, span time.Duration) bool {
	return slices.ContainsFunc(moments, func(m time.Time) bool { return !at.Before(m) && at.Before(m.Add(span)) })
}

// plays says whether a firing is played.
func (c *calendar) plays(t *timetable, at time.Time) bool {
	switch {
	case t.every >= 24*time.Hour:
		return true
	case t.every >= time.Hour:
		return inQuietHour(at) || within(c.close, at, closely)
	case within(c.acts, at, time.Hour):
		return true
	}
	return at.Minute() == quietTimes && (inQuietHour(at) || within(c.close, at, closely))
}

func inQuietHour(at time.Time) bool { return at.Weekday() == quietDay && at.Hour() == quietHour }

// quietFrom is when the quiet hour begins that a moment is in, or the next one.
func quietFrom(at time.Time) time.Time {
	day := at.Truncate(24 * time.Hour)
	begins := day.AddDate(0, 0, (int(quietDay-day.Weekday())+7)%7).Add(quietHour * time.Hour)
	if !at.Before(begins.Add(time.Hour)) {
		return begins.AddDate(0, 0, 7)
	}
	return begins
}

// next is the next firing of a timetable that is played, after a moment and before an end; zero where there is none.
func (c *calendar) next(t *timetable, after, end time.Time) time.Time {
	for at := t.expression.Next(after); !at.IsZero() && at.Before(end); at = t.expression.Next(at) {
		if c.plays(t, at) {
			return at
		}
		if quiet := quietFrom(at); c.quiet(at) && at.Before(quiet) { // no firing between here and there is played
			t.left += int((quiet.Sub(at)-1)/t.every) + 1
			at = quiet.Add(-time.Nanosecond)
			continue
		}
		t.left++
	}
	return time.Time{}
}

// firing is one of a schedule.
type firing struct {
	template.Schedule
	at time.Time
}

// firings calls fire with all that is fired at one moment, moment by moment between two times. Where nobody did anything lately, it
// goes hour by hour: what is fired in an hour comes at once, but for the last, which watches what the others did; what is alone in its
// hour comes with those of the next, but never twice at once.
func (c *calendar) firings(from, to time.Time, fire func([]firing) error) (err error) {
	next := make([]time.Time, len(c.all))
	for i := range c.all {
		next[i] = c.next(&c.all[i], from, to)
	}
	var waiting []firing
	fireWaiting := func() {
		if len(waiting) > 0 && err == nil {
			err = fire(waiting)
		}
		waiting = nil
	}
	wait := func(all []firing) {
		if slices.ContainsFunc(all, func(f firing) bool { return has(waiting, f.Name) }) {
			fireWaiting()
		}
		waiting = append(waiting, all...)
	}
	for last := c.take(next, to); len(last) > 0 && err == nil; last = c.take(next, to) {
		hour := last[0].at.Truncate(time.Hour)
		acted, alone := within(c.acts, last[0].at, time.Hour), true
		for !acted && earliest(next).Truncate(time.Hour).Equal(hour) {
			wait(last)
			last, alone = c.take(next, to), false
		}
		if alone && !acted {
			wait(last)
			continue
		}
		if fireWaiting(); err == nil {
			err = fire(last)
		}
	}
	fireWaiting()
	return err
}

func has(all []firing, name string) bool {
	return slices.ContainsFunc(all, func(f firing) bool { return f.Name == name })
}

// quiet says that nobody did anything or left lately.
func (c *calendar) quiet(at time.Time) bool {
	return !within(c.close, at, closely) && !within(c.acts, at, time.Hour)
}

func earliest(next []time.Time) (at time.Time) {
	for _, n := range next {
		if !n.IsZero() && (at.IsZero() || n.Before(at)) {
			at = n
		}
	}
	return at
}

// take gives the firings of the earliest moment and moves those schedules on.
func (c *calendar) take(next []time.Time, to time.Time) (due []firing) {
	at := earliest(next)
	for i, n := range next {
		if !at.IsZero() && n.Equal(at) {
			due = append(due, firing{c.all[i].schedule, at})
			c.all[i].fired++
			next[i] = c.next(&c.all[i], at, to)
		}
	}
	return due
}

// counts are the firings by name.
func (c *calendar) counts() []Firings {
	var all []Firings
	for _, t := range c.all {
		all = append(all, Firings{Function: t.schedule.Name, Schedule: t.schedule.Expression, Played: t.fired, LeftOut: t.left})
	}
	slices.SortFunc(all, func(a, b Firings) int { return cmp.Compare(a.Function, b.Function) })
	return all
}
