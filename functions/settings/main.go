// Settings changes what its owner corrects of an account, or ends signed-in browsers (policy P6.1; policy P3.3: the choice of e-mail).
package main

import (
	"net/http"
	"strings"

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
	return web.Guard(session.ErrSignedOut, web.Routes{
		"PATCH /api/account":                d.correct,
		"DELETE /api/account/sessions":      d.endAll,
		"DELETE /api/account/sessions/{id}": d.end,
	})
}

func (d desk) correct(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	var wanted account.Change
	if err := web.Read(r, &wanted); err != nil {
		return err
	}
	change, err := wanted.Check()
	if err != nil {
		return err
	}
	caller, err := account.Correct(r.Context(), d.db, d.service, web.SessionHash(r), web.At(r), change)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d desk) end(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, session.ErrNotFound)
	if err != nil {
		return err
	}
	caller, err := session.End(r.Context(), d.db, web.SessionHash(r), web.At(r), id)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	if strings.EqualFold(id, caller.SessionID) {
		web.EndSession(w)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d desk) endAll(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	caller, err := session.EndAll(r.Context(), d.db, web.SessionHash(r), web.At(r))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	web.EndSession(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
