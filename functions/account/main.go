// Account shows people what is kept about them.
package main

import (
	"net/http"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type desk struct {
	db      *postgres.Database
	service *seal.Service
}

func main() {
	web.Serve(setting.URL("SITE_URL"), desk{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
	}.routes())
}

func (d desk) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{"GET /api/account": d.read})
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
	return web.JSON(w, http.StatusOK, profile)
}
