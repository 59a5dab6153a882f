// Account shows people what is kept about them, with every change of their credits (policy P6.1).
package main

import (
	"errors"
	"net/http"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type desk struct {
	db      *postgres.Database
	service *seal.Service
	links   cdn.Links
}

func main() {
	web.Serve(setting.URL("SITE_URL"), desk{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		links:   cdn.NewLinks(setting.URL("CDN_URL"), setting.Key("CDN_KEY")),
	}.routes())
}

func (d desk) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{
		"GET /api/account":          d.read,
		"GET /api/account/credits":  d.credits,
		"GET /api/account/sessions": d.sessions,
		"GET /api/account/usage":    d.usage,
	})
}

func (d desk) read(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	profile, caller, err := account.Read(r.Context(), d.db, d.service, web.SessionHash(r), web.At(r))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	if profile.PictureImage != "" {
		if profile.Picture, err = d.thumbnail(r, profile.PictureImage); err != nil {
			return err
		}
	}
	return web.JSON(w, http.StatusOK, profile)
}

// thumbnail links to the image that somebody chose as their picture; it is "" where that was deleted since.
func (d desk) thumbnail(r *http.Request, id string) (string, error) {
	chosen, _, err := image.Get(r.Context(), d.db, web.SessionHash(r), web.At(r), id)
	if errors.Is(err, image.ErrNotFound) {
		return "", nil
	}
	return d.links.Link(chosen.ThumbnailKey, web.At(r)), err
}

func (d desk) credits(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r, "limit", "cursor")
	if err != nil {
		return err
	}
	wanted, err := page.ReadNumbered(query)
	if err != nil {
		return err
	}
	statement, caller, err := credit.History(r.Context(), d.db, web.SessionHash(r), web.At(r), wanted)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statement)
}

func (d desk) sessions(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	sessions, caller, err := session.List(r.Context(), d.db, d.service, web.SessionHash(r), web.At(r))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"sessions": sessions})
}
