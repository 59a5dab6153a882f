// Logout ends the session.
package main

import (
	"net/http"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type logout struct{ db *postgres.Database }

func main() {
	web.Serve(setting.URL("SITE_URL"), logout{postgres.Open(setting.Required("DATABASE_URL"))}.routes())
}

func (l logout) routes() web.Routes { return web.Routes{"POST /api/logout": l.serve} }

func (l logout) serve(w http.ResponseWriter, r *http.Request) error {
	if hash := web.SessionHash(r); hash != nil {
		if err := session.Close(r.Context(), l.db, hash); err != nil {
			return err
		}
	}
	web.EndSession(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
