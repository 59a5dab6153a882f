// Delete-account lets people leave: it shows the plan before the deed, does it, takes it back in the days of grace
// (policy P6.2).
package main

import (
	"net/http"
	"time"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type desk struct {
	db    *postgres.Database
	terms erasure.Terms
	sweep bell.Bell
}

func main() {
	web.Serve(setting.URL("SITE_URL"), desk{
		db:    postgres.Open(setting.Required("DATABASE_URL")),
		terms: setting.Parsed("BACKUP_DAYS", erasure.ParseTerms),
		sweep: bell.Of(setting.Required("SWEEP_ACCOUNTS_FUNCTION")),
	}.routes())
}

func (d desk) routes() web.Routes {
	routes := web.Guard(session.ErrSignedOut, web.Routes{
		"GET /api/account/deletion":    d.plan,
		"POST /api/account/deletion":   d.request,
		"DELETE /api/account/deletion": d.takeBack,
	})
	routes["GET /api/receipts/{id}"] = d.receipt // whoever was erased has no session any more: the number is the secret
	return routes
}

// holder is who asks, and may have closed the account already.
func (d desk) holder(r *http.Request) (erasure.Holder, error) {
	if _, err := web.Query(r); err != nil {
		return erasure.Holder{}, err
	}
	holder, err := erasure.AskHolder(r.Context(), d.db, web.SessionHash(r), web.At(r))
	web.Who(r, holder.Pseudonym)
	return holder, err
}

func (d desk) plan(w http.ResponseWriter, r *http.Request) error {
	holder, err := d.holder(r)
	if err != nil {
		return err
	}
	plan, err := d.planFor(r.Context(), holder, web.At(r))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, plan)
}

// requested is the answer to a deletion: the number is what its receipt is fetched by.
type requested struct {
	ID           string    `json:"id"`
	RequestedAt  time.Time `json:"requested_at"`
	UndoUntil    time.Time `json:"undo_until"`
	ErasedBy     time.Time `json:"erased_by"`
	BackupsUntil time.Time `json:"backups_until"`
}

func (d desk) request(w http.ResponseWriter, r *http.Request) error {
	var order struct {
		WithoutGrace bool `json:"without_grace"`
	}
	if err := web.Read(r, &order); err != nil {
		return err
	}
	holder, err := d.holder(r)
	if err != nil {
		return err
	}
	if holder.ClosedAt != nil {
		return erasure.ErrLeaving
	}
	at := web.At(r)
	if err := session.Fresh(holder.Caller, at); err != nil {
		return err
	}
	done, err := erasure.Close(r.Context(), d.db, holder.AccountID, erasure.ByRequest, d.terms.Dates(at, !order.WithoutGrace), at)
	if err != nil {
		return err
	}
	d.ring(r, done.ID)
	web.EndSession(w)
	return web.JSON(w, http.StatusAccepted, requested{
		done.ID, done.RequestedAt.UTC(), done.UndoUntil.UTC(), done.EraseBy.UTC(), done.BackupsUntil.UTC(),
	})
}

func (d desk) takeBack(w http.ResponseWriter, r *http.Request) error {
	holder, err := d.holder(r)
	if err != nil {
		return err
	}
	if err := erasure.TakeBack(r.Context(), d.db, holder.AccountID, web.At(r)); err != nil {
		return err
	}
	if holder.Erasure != nil {
		d.ring(r, holder.Erasure.ID)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ring lets sweep-accounts begin now. The row is the queue: if this bell is lost, sweep-stalled rings again within a minute.
func (d desk) ring(r *http.Request, id string) { _ = d.sweep.Ring(r.Context(), id, web.At(r)) }

func (d desk) receipt(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, erasure.ErrNotFound)
	if err != nil {
		return err
	}
	told, err := erasure.Look(r.Context(), d.db, id, web.At(r))
	if err != nil {
		return err
	}
	answer, err := tell(told)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}
