// Staff carries out what staff may do: erase an account, hold an item of it, lift a hold, record a disclosure, confirm a sweep.
//
// Only who may invoke this function in the operator's own AWS account can ask, and each order says by whom and why (policy P7c,
// policy P5.2):
//
//	make staff event='{"actor":"mia","reason":"parent wrote, child of nine","action":"erase","email":"…","cause":"child"}'
//	make staff event='{"actor":"mia","reason":"court order 7/26","action":"hold","account":"…","item":"…","until":"2027-03-01T00:00:00Z"}'
//	make staff event='{"actor":"mia","reason":"court order lifted","action":"lift","hold":"…"}'
//	make staff event='{"actor":"mia","reason":"warrant 7/26","action":"disclose","authority":"…","given":"orders","told":true,"account":"…"}'
//	make staff event='{"actor":"mia","reason":"seven years of one campaign","action":"confirm","digest":"…"}'
package main

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/approval"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type desk struct {
	db     *postgres.Database
	lookup []byte
	terms  erasure.Terms
	sweep  bell.Bell
}

func main() {
	task.Answer(desk{
		db:     postgres.Open(setting.Required("DATABASE_URL")),
		lookup: setting.Key("LOOKUP_KEY"),
		terms:  setting.Parsed("BACKUP_DAYS", erasure.ParseTerms),
		sweep:  bell.Of(setting.Required("SWEEP_ACCOUNTS_FUNCTION")),
	}.run)
}

// order is one thing to be done. An account is named by its id or by the e-mail address it has now.
type order struct {
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason"`
	Action  string    `json:"action"` // erase, hold, lift, disclose or confirm
	Account string    `json:"account"`
	Email   string    `json:"email"`
	Cause   string    `json:"cause"` // of an erasure: child or staff
	Grace   bool      `json:"grace"` // whether an erasure leaves the seven days to take it back
	Item    string    `json:"item"`  // of a hold: the account, an image, an order
	Until   time.Time `json:"until"`
	Hold    string    `json:"hold"` // to be lifted

	Authority string `json:"authority"` // of a disclosure: to whom, what, and whether the person was told
	Given     string `json:"given"`
	Told      bool   `json:"told"`
	Digest    string `json:"digest"` // of the sweep that is confirmed
}

// done is what staff get: the number of the receipt or of the hold.
type done struct {
	ID       string     `json:"id"`
	ErasedBy *time.Time `json:"erased_by,omitempty"`
}

func (d desk) run(ctx context.Context, clock task.Clock, o order) (done, error) {
	by := erasure.Order{Actor: strings.TrimSpace(o.Actor), Reason: strings.TrimSpace(o.Reason)}
	if actor, reason := utf8.RuneCountInString(by.Actor), utf8.RuneCountInString(by.Reason); actor < 2 || actor > 200 || reason < 5 || reason > 500 {
		return done{}, problem.New(problem.Invalid, "reason_missing",
			"Say who you are (actor, 2 to 200 characters) and why (reason, 5 to 500 characters); both stay on record.")
	}
	switch o.Action {
	case "lift":
		return done{ID: o.Hold}, erasure.LiftHold(ctx, d.db, by, o.Hold, clock.Now())
	case "confirm":
		return done{ID: o.Digest}, d.confirm(ctx, clock, by, o.Digest)
	}
	id, err := d.account(ctx, o)
	if err != nil {
		return done{}, err
	}
	switch o.Action {
	case "erase":
		return d.erase(ctx, clock, o, by, id)
	case "hold":
		if !o.Until.After(clock.Now()) {
			return done{}, problem.New(problem.Invalid, "end_missing", "A hold ends: give until, a time to come in RFC 3339.")
		}
		hold, err := erasure.PlaceHold(ctx, d.db, by, id, o.Item, o.Until, clock.Now())
		return done{ID: hold}, err
	case "disclose":
		return done{ID: id}, erasure.Disclose(ctx, d.db, by,
			erasure.Disclosure{Authority: strings.TrimSpace(o.Authority), Given: strings.TrimSpace(o.Given), Told: o.Told, Account: id}, clock.Now())
	}
	return done{}, problem.New(problem.Invalid, "unknown_action", "The action is erase, hold, lift, disclose or confirm.")
}

// confirm lets a sweep that asked go on, on record under the first half of its digest.
func (d desk) confirm(ctx context.Context, clock task.Clock, by erasure.Order, digest string) error {
	return d.db.Transaction(ctx, func(tx postgres.Querier) error {
		if err := approval.Confirm(ctx, tx, digest, clock.Now()); err != nil {
			return err
		}
		return by.Enter(ctx, tx, "confirm", digest[:32], clock.Now())
	})
}

func (d desk) account(ctx context.Context, o order) (string, error) {
	if o.Account != "" {
		return o.Account, nil
	}
	ids, err := account.ByEmail(ctx, d.db, d.lookup, o.Email)
	if err == nil && len(ids) != 1 {
		err = problem.New(problem.NotFound, "no_such_account", "Not exactly one account has this e-mail address: name the account by its id.")
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

func (d desk) erase(ctx context.Context, clock task.Clock, o order, by erasure.Order, id string) (done, error) {
	if o.Cause != erasure.OfChild && o.Cause != erasure.ByStaff {
		return done{}, problem.New(problem.Invalid, "unknown_cause", "The cause is child (policy P8) or staff (the person asked us).")
	}
	at := clock.Now()
	closed, err := erasure.CloseFor(ctx, d.db, by, id, o.Cause, d.terms.Dates(at, o.Grace && o.Cause == erasure.ByStaff), at)
	if err != nil {
		return done{}, err
	}
	_ = d.sweep.Ring(ctx, closed.ID, at) // if it is lost, sweep-stalled rings again
	erasedBy := closed.EraseBy.UTC()
	return done{ID: closed.ID, ErasedBy: &erasedBy}, nil
}
