// Library pages through what is mine; it cannot change anything (policy P3.1, policy P6.3).
package main

import (
	"net/http"
	"time"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type library struct {
	db      *postgres.Database
	service *seal.Service
	links   cdn.Links
}

func main() {
	web.Serve(setting.URL("SITE_URL"), library{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		links:   cdn.NewLinks(setting.URL("CDN_URL"), setting.Key("CDN_KEY")),
	}.routes())
}

func (l library) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{
		"GET /api/images":           l.images,
		"GET /api/images/{id}":      l.image,
		"GET /api/generations":      l.generations,
		"GET /api/generations/{id}": l.generation,
	})
}

func (l library) images(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r, "limit", "cursor", "kind")
	if err != nil {
		return err
	}
	wanted, err := page.Read(query)
	if err != nil {
		return err
	}
	kind := query.Get("kind")
	if query.Has("kind") && kind != image.Upload && kind != image.Result {
		return problem.New(problem.Invalid, "invalid_kind", "kind is upload or result; leave it out for both.")
	}
	rows, next, caller, err := image.List(r.Context(), l.db, web.SessionHash(r), web.At(r), wanted, kind)
	views, err := show(l, r, caller, rows, err)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"images": views, "next_cursor": next})
}

func (l library) image(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, image.ErrNotFound)
	if err != nil {
		return err
	}
	row, caller, err := image.Get(r.Context(), l.db, web.SessionHash(r), web.At(r), id)
	views, err := show(l, r, caller, []image.Row{row}, err)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, views[0])
}

func (l library) generations(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r, "limit", "cursor")
	if err != nil {
		return err
	}
	wanted, err := page.Read(query)
	if err != nil {
		return err
	}
	rows, next, caller, err := generation.List(r.Context(), l.db, web.SessionHash(r), web.At(r), wanted)
	views, err := show(l, r, caller, rows, err)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"generations": views, "next_cursor": next})
}

func (l library) generation(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, generation.ErrNotFound)
	if err != nil {
		return err
	}
	row, caller, err := generation.Get(r.Context(), l.db, web.SessionHash(r), web.At(r), id)
	views, err := show(l, r, caller, []generation.Row{row}, err)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, views[0])
}

// show opens the caller's rows and signs their links; err is that of the query that found them.
func show[V any, R interface {
	View(key seal.Key, links cdn.Links, at time.Time) (V, error)
}](l library, r *http.Request, caller session.Caller, rows []R, err error) ([]V, error) {
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return nil, err
	}
	key, err := caller.Key(l.service)
	if err != nil {
		return nil, err
	}
	views := make([]V, len(rows))
	for i, row := range rows {
		if views[i], err = row.View(key, l.links, web.At(r)); err != nil {
			return nil, err
		}
	}
	return views, nil
}
