// Promises tells everybody what was promised, and what was seen of it when it was last looked at.
package main

import (
	"encoding/json"
	"net/http"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type promises struct{ db *postgres.Database }

func main() {
	web.Serve(setting.URL("SITE_URL"), promises{postgres.Open(setting.Required("DATABASE_URL"))}.routes())
}

func (p promises) routes() web.Routes { return web.Routes{"GET /api/promises": p.list} }

// seen is every promise as it was last seen; nobody is named in it.
type seen struct {
	CheckedAt   *time.Time        `json:"checked_at"` // of the last look; nil is never
	Promises    []promise.Promise `json:"promises"`
	Disclosures int64             `json:"disclosures"` // to authorities, ever
}

func (p promises) list(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	all, err := promise.All(r.Context(), p.db)
	if err != nil {
		return err
	}
	disclosures, err := promise.Disclosures(r.Context(), p.db)
	if err != nil {
		return err
	}
	body, err := json.Marshal(seen{last(all), append([]promise.Promise{}, all...), disclosures})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=60") // it changes once an hour, and says nothing about anybody
	_, err = w.Write(append(body, '\n'))
	return err
}

// last is when any promise was last looked at.
func last(all []promise.Promise) (at *time.Time) {
	for _, p := range all {
		if p.SeenAt != nil && (at == nil || p.SeenAt.After(*at)) {
			at = p.SeenAt
		}
	}
	return at
}
