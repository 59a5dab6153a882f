package main

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/web"
)

const (
	day        = 24 * time.Hour
	usualDays  = 30
	mostDays   = 366
	dateFormat = "2006-01-02"
)

// usage counts the last days, today's included; days are UTC's.
func (d desk) usage(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r, "days")
	if err != nil {
		return err
	}
	days, err := daysOf(query)
	if err != nil {
		return err
	}
	tomorrow := web.At(r).Truncate(day).Add(day)
	from := tomorrow.AddDate(0, 0, -days)
	orders, caller, err := generation.Usage(r.Context(), d.db, web.SessionHash(r), web.At(r), from, tomorrow)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	stored, _, err := image.Measure(r.Context(), d.db, web.SessionHash(r), web.At(r))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{
		"from": from.Format(dateFormat), "to": tomorrow.AddDate(0, 0, -1).Format(dateFormat), "days": orders, "storage": stored,
	})
}

func daysOf(query url.Values) (int, error) {
	if !query.Has("days") {
		return usualDays, nil
	}
	days, err := strconv.Atoi(query.Get("days"))
	if err != nil || days < 1 || days > mostDays {
		return 0, problem.New(problem.Invalid, "invalid_days", "days is a whole number from 1 to 366.").In("days", "This is a whole number from 1 to 366.")
	}
	return days, nil
}
