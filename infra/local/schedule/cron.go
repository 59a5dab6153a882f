package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron is AWS's form with six fields: minutes, hours, day of month, month, day of week, year.
type cron struct {
	minutes, hours, months, years set
	days                          []func(time.Time) bool // one of them must hold
}

// set holds the allowed numbers of a field.
type set map[int]bool

// field says what a field of cron may hold.
type field struct {
	name      string
	low, high int
	names     []string // other words for low, low+1, …
}

var (
	minuteField  = field{"minutes", 0, 59, nil}
	hourField    = field{"hours", 0, 23, nil}
	dayField     = field{"day of month", 1, 31, nil}
	monthField   = field{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdayField = field{"day of week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	yearField    = field{"year", 1970, 2199, nil}
)

func parseCron(body string) (c cron, err error) {
	fields := strings.Fields(body)
	if len(fields) != 6 {
		return c, fmt.Errorf("it has %d fields; write six: minutes hours day-of-month month day-of-week year", len(fields))
	}
	for i, part := range []struct {
		field field
		into  *set
	}{{minuteField, &c.minutes}, {hourField, &c.hours}, {}, {monthField, &c.months}, {}, {yearField, &c.years}} {
		if part.into == nil {
			continue
		}
		if *part.into, err = part.field.parse(fields[i]); err != nil {
			return c, err
		}
	}
	ofMonth, ofWeek := fields[2], fields[4]
	switch {
	case (ofMonth == "?") == (ofWeek == "?"):
		return c, fmt.Errorf("exactly one of day-of-month and day-of-week must be ?, because they would contradict each other")
	case ofWeek == "?":
		c.days, err = daysOfMonth(ofMonth)
	default:
		c.days, err = daysOfWeek(ofWeek)
	}
	return c, err
}

// parse reads a list of numbers, names, ranges and steps.
func (f field) parse(text string) (set, error) {
	all := set{}
	for _, part := range strings.Split(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		low, high, err := f.span(span, stepped)
		if err != nil {
			return nil, err
		}
		by := 1
		if stepped {
			if by, err = strconv.Atoi(step); err != nil || by < 1 {
				return nil, fmt.Errorf("step %q of %s is not a whole number from 1 on", step, f.name)
			}
		}
		for n := low; n <= high; n += by {
			all[n] = true
		}
	}
	return all, nil
}

// span reads "*", "5" or "1-5"; with a step behind it, "5" means from 5 to the end.
func (f field) span(text string, stepped bool) (low, high int, err error) {
	if text == "*" {
		return f.low, f.high, nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if low, err = f.number(first); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		high, err = f.number(last)
	case stepped:
		high = f.high
	default:
		high = low
	}
	if err == nil && high < low {
		err = fmt.Errorf("range %q of %s runs backwards", text, f.name)
	}
	return low, high, err
}

func (f field) number(text string) (int, error) {
	if at := slices.Index(f.names, strings.ToUpper(text)); at >= 0 {
		return f.low + at, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= f.low && n <= f.high {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not a value of %s, which goes from %d to %d", text, f.name, f.low, f.high)
}

// next looks for the first minute after a time, in UTC.
func (c cron) next(after time.Time) time.Time {
	year, month, day := after.Date()
	for date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); date.Year() <= yearField.high; date = date.AddDate(0, 0, 1) {
		if !c.onDate(date) {
			continue
		}
		for hour := range 24 {
			if !c.hours[hour] {
				continue
			}
			for minute := range 60 {
				at := date.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
				if c.minutes[minute] && at.After(after) {
					return at
				}
			}
		}
	}
	return time.Time{}
}

func (c cron) onDate(date time.Time) bool {
	return c.years[date.Year()] && c.months[int(date.Month())] &&
		slices.ContainsFunc(c.days, func(holds func(time.Time) bool) bool { return holds(date) })
}
