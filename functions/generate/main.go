// Generate accepts an order: it holds the price, writes the order down, rings the bell (policy P3.1).
package main

import (
	"net/http"
	"slices"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

type generate struct {
	db      *postgres.Database
	service *seal.Service
	draw    bell.Bell
}

func main() {
	web.Serve(setting.URL("SITE_URL"), generate{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		draw:    bell.Of(setting.Required("DRAW_FUNCTION")),
	}.routes())
}

func (g generate) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{"POST /api/generations": g.serve})
}

func (g generate) serve(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	key := r.Header.Get("Idempotency-Key")
	if !web.IsID(key) {
		return problem.New(problem.Invalid, "idempotency_key_required",
			"Send the header Idempotency-Key with a new UUID for each order, and the same one when you repeat it.")
	}
	var order tool.Order
	if err := web.Read(r, &order); err != nil {
		return err
	}
	ordered, err := order.Check()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(order.Images, func(id string) bool { return !web.IsID(id) }) {
		return image.ErrNotFound
	}
	placed, caller, err := generation.Place(r.Context(), g.db, g.service, web.SessionHash(r), web.At(r), ordered, order, key)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	// The row is the queue: if this bell is lost, sweep-stalled rings again within a minute.
	_ = g.draw.Ring(r.Context(), placed.ID, web.At(r))

	w.Header().Set("Location", "/api/generations/"+placed.ID)
	return web.JSON(w, http.StatusAccepted, placed)
}
