package session

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
)

// ErrNotFound answers an id that does not exist, one that has ended, and one of another person alike.
var ErrNotFound = problem.New(problem.NotFound, "session_not_found", "There is no such session of yours; it may have ended already.")

// View is a signed-in browser as its owner gets it.
type View struct {
	ID         string    `json:"id"`
	Browser    string    `json:"browser"` // with its version; "unknown" where it told none
	System     string    `json:"system"`  // likewise
	Address    string    `json:"address"` // network address of the sign-in
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"` // to within an hour
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current"` // whether it is the one that asks
}

// stored is a session inside JSON.
type stored struct {
	ID         string      `json:"id"`
	Browser    seal.Sealed `json:"browser"`
	System     seal.Sealed `json:"system"`
	Address    seal.Sealed `json:"address"`
	CreatedAt  time.Time   `json:"created_at"`
	LastSeenAt time.Time   `json:"last_seen_at"`
	ExpiresAt  time.Time   `json:"expires_at"`
}

// List gives the browsers that are signed in to the caller's account, the last used first, of very many the first thousand; in
// one statement with the session check.
func List(ctx context.Context, db postgres.Querier, service *seal.Service, tokenHash []byte, at time.Time) ([]View, Caller, error) {
	found, err := Ask[struct {
		Caller
		Sessions []stored
	}](ctx, db, "listing sessions", `
		select `+Columns+`, (
			select coalesce(json_agg(s order by s.last_seen_at desc, s.created_at desc, s.id), '[]') from (
				select s.id, s.browser, s.system, s.address, s.created_at, s.last_seen_at, s.expires_at from app.session s
				where s.account_id = c.account_id and s.expires_at > $2
				order by s.last_seen_at desc, s.created_at desc, s.id limit 1000
			) s) as sessions
		from app.caller($1, $2) c`, tokenHash, at)
	if err != nil {
		return nil, found.Caller, err
	}
	key, err := found.Key(service)
	if err != nil {
		return nil, found.Caller, err
	}
	views := make([]View, len(found.Sessions))
	for i, s := range found.Sessions {
		if views[i], err = s.view(key); err != nil {
			return nil, found.Caller, err
		}
		views[i].Current = s.ID == found.SessionID
	}
	return views, found.Caller, nil
}

func (r stored) view(key seal.Key) (v View, err error) {
	v = View{ID: r.ID, CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}
	if v.Browser, err = key.Open("session.browser/"+r.ID, r.Browser); err != nil {
		return View{}, err
	}
	if v.System, err = key.Open("session.system/"+r.ID, r.System); err != nil {
		return View{}, err
	}
	v.Address, err = key.Open("session.address/"+r.ID, r.Address)
	return v, err
}

// End ends one session of the caller's account at once, in one statement with the session check; or ErrNotFound. It may be the
// caller's own.
func End(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (Caller, error) {
	found, err := Ask[struct {
		Caller
		Ended bool
	}](ctx, db, "ending a session", `
		with caller as materialized (select * from app.caller($1, $2)),
		ended as (
			delete from app.session s using caller
			where s.id = $3 and s.account_id = caller.account_id and s.expires_at > $2
			returning s.id
		)
		select `+Columns+`, exists (select from ended) as ended from caller c`, tokenHash, at, id)
	if err == nil && !found.Ended {
		err = ErrNotFound
	}
	return found.Caller, err
}

// EndAll ends every session of the caller's account at once, the caller's own among them, in one statement with the session check.
func EndAll(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) (Caller, error) {
	return Ask[Caller](ctx, db, "ending all sessions", `
		with caller as materialized (select * from app.caller($1, $2)),
		ended as (delete from app.session s using caller where s.account_id = caller.account_id)
		select `+Columns+` from caller c`, tokenHash, at)
}
