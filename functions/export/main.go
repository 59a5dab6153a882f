// Export orders archives of an account, says how their packing goes, takes them away (policy P6.3).
package main

import (
	"net/http"
	"slices"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type export struct {
	db    *postgres.Database
	links cdn.Links
	pack  bell.Bell
}

func main() {
	web.Serve(setting.URL("SITE_URL"), export{
		db:    postgres.Open(setting.Required("DATABASE_URL")),
		links: cdn.NewLinks(setting.URL("CDN_URL"), setting.Key("CDN_KEY")),
		pack:  bell.Of(setting.Required("PACK_EXPORT_FUNCTION")),
	}.routes())
}

func (e export) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{
		"POST /api/exports":        e.order,
		"GET /api/exports":         e.list,
		"GET /api/exports/{id}":    e.get,
		"DELETE /api/exports/{id}": e.remove,
	})
}

// order takes an order for everything, or for a selection of images.
func (e export) order(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	var wanted struct {
		Images []string `json:"images"`
	}
	if err := web.Read(r, &wanted); err != nil {
		return err
	}
	switch n := len(wanted.Images); {
	case n > archive.MaxChosen, wanted.Images != nil && n == 0:
		return problem.New(problem.Unprocessable, "invalid_selection", "The selection cannot be packed.").
			In("images", "Choose between 1 and 500 images; leave the field out for everything.")
	case slices.ContainsFunc(wanted.Images, func(id string) bool { return !web.IsID(id) }):
		return image.ErrNotFound
	}
	slices.Sort(wanted.Images)
	ordered, caller, err := archive.Order(r.Context(), e.db, web.SessionHash(r), web.At(r), slices.Compact(wanted.Images))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	// The row is the queue: if this bell is lost, sweep-stalled rings again within a minute.
	_ = e.pack.Ring(r.Context(), ordered.ID, web.At(r))

	w.Header().Set("Location", "/api/exports/"+ordered.ID)
	return web.JSON(w, http.StatusAccepted, ordered.View(e.links, web.At(r)))
}

func (e export) list(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	rows, caller, err := archive.List(r.Context(), e.db, web.SessionHash(r), web.At(r))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	views := make([]archive.View, len(rows))
	for i, row := range rows {
		views[i] = row.View(e.links, web.At(r))
	}
	return web.JSON(w, http.StatusOK, map[string]any{"exports": views})
}

func (e export) get(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, archive.ErrNotFound)
	if err != nil {
		return err
	}
	row, caller, err := archive.Get(r.Context(), e.db, web.SessionHash(r), web.At(r), id)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, row.View(e.links, web.At(r)))
}

// remove takes an archive away from its owner at once; sweep-stalled removes its volumes within a minute or two.
func (e export) remove(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, archive.ErrNotFound)
	if err != nil {
		return err
	}
	caller, err := archive.End(r.Context(), e.db, web.SessionHash(r), web.At(r), id)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
