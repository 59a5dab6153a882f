// Package schedule fires functions at the times that the template names.
package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression is a rate or cron expression; its times are in UTC.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
type Expression struct {
	every time.Duration // of a rate; 0 for cron
	cron  cron
}

// Parse reads rate(5 minutes) or cron(0 3 ? * MON-FRI *).
func Parse(text string) (Expression, error) {
	kind, rest, _ := strings.Cut(text, "(")
	body, closed := strings.CutSuffix(rest, ")")
	var parsed Expression
	var err error
	switch {
	case kind == "rate" && closed:
		parsed.every, err = parseRate(body)
	case kind == "cron" && closed:
		parsed.cron, err = parseCron(body)
	default:
		err = fmt.Errorf("write rate(5 minutes) or cron(0 3 * * ? *)")
	}
	if err != nil {
		return parsed, fmt.Errorf("schedule %q: %w", text, err)
	}
	return parsed, nil
}

// Next gives the first time of the schedule that is later than after, or the zero time where none
// follows. Rates are counted from full units, so that every run of the local cloud fires alike.
func (e Expression) Next(after time.Time) time.Time {
	if e.every > 0 {
		return after.UTC().Truncate(e.every).Add(e.every)
	}
	return e.cron.next(after.UTC())
}

func parseRate(body string) (time.Duration, error) {
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	count, unit, _ := strings.Cut(body, " ")
	number, err := strconv.Atoi(count)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%q is not a whole number from 1 on", count)
	}
	singular := unit
	if number > 1 {
		singular = strings.TrimSuffix(unit, "s")
	}
	if span := units[singular]; span > 0 && (number == 1) == (singular == unit) {
		return time.Duration(number) * span, nil
	}
	return 0, fmt.Errorf("%q is no unit for %d; write minute, hour or day for 1 and minutes, hours or days for more", unit, number)
}
