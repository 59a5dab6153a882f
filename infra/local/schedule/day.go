package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// daysOfMonth reads the third field of cron: numbers, L for the last day, 3W for the weekday nearest
// to the 3rd, LW for the last weekday.
func daysOfMonth(text string) ([]func(time.Time) bool, error) {
	var all []func(time.Time) bool
	for _, part := range strings.Split(strings.ToUpper(text), ",") {
		if part == "L" {
			all = append(all, func(date time.Time) bool { return date.Day() == lastDay(date) })
			continue
		}
		if part == "LW" {
			all = append(all, func(date time.Time) bool { return date.Day() == nearestWeekday(date, lastDay(date)) })
			continue
		}
		if wanted, near := strings.CutSuffix(part, "W"); near {
			day, err := dayField.number(wanted)
			if err != nil {
				return nil, err
			}
			all = append(all, func(date time.Time) bool { return day <= lastDay(date) && date.Day() == nearestWeekday(date, day) })
			continue
		}
		days, err := dayField.parse(part)
		if err != nil {
			return nil, err
		}
		all = append(all, func(date time.Time) bool { return days[date.Day()] })
	}
	return all, nil
}

// daysOfWeek reads the fifth field: 1 or SUN to 7 or SAT, L for Saturday, 6L for the last Friday of
// the month, 6#3 for the third one.
func daysOfWeek(text string) ([]func(time.Time) bool, error) {
	var all []func(time.Time) bool
	for _, part := range strings.Split(strings.ToUpper(text), ",") {
		holds, err := dayOfWeek(part)
		if err != nil {
			return nil, err
		}
		all = append(all, holds)
	}
	return all, nil
}

func dayOfWeek(part string) (func(time.Time) bool, error) {
	if part == "L" {
		part = "SAT"
	}
	if wanted, nth, counted := strings.Cut(part, "#"); counted {
		weekday, err := weekdayField.number(wanted)
		if err != nil {
			return nil, err
		}
		which, err := strconv.Atoi(nth)
		if err != nil || which < 1 || which > 5 {
			return nil, fmt.Errorf("%q counts no week; write # and a number from 1 to 5", part)
		}
		return func(date time.Time) bool { return onWeekday(date, weekday) && (date.Day()-1)/7+1 == which }, nil
	}
	if wanted, last := strings.CutSuffix(part, "L"); last {
		weekday, err := weekdayField.number(wanted)
		return func(date time.Time) bool { return onWeekday(date, weekday) && date.Day()+7 > lastDay(date) }, err
	}
	days, err := weekdayField.parse(part)
	return func(date time.Time) bool { return days[int(date.Weekday())+1] }, err
}

func onWeekday(date time.Time, weekday int) bool { return int(date.Weekday())+1 == weekday }

// lastDay gives the number of the last day of a date's month.
func lastDay(date time.Time) int {
	return time.Date(date.Year(), date.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday gives the day from Monday to Friday that is nearest to a day of the month, without
// leaving the month.
func nearestWeekday(date time.Time, day int) int {
	switch time.Date(date.Year(), date.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == lastDay(date) {
			return day - 2
		}
		return day + 1
	}
	return day
}
