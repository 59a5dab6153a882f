package erasure

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
)

// Refusals of what staff ask for.
var (
	ErrNoItem    = problem.New(problem.NotFound, "no_such_item", "The account has no such item: name the account itself, one of its images, or one of its orders.")
	ErrNoAccount = problem.New(problem.NotFound, "no_such_account", "There is no account of this id, or it is being deleted already.")
	ErrNoHold    = problem.New(problem.NotFound, "no_such_hold", "There is no such hold, or it has ended.")
)

// Order is who of the staff wants something, and why: at least five characters, which stay on record.
type Order struct {
	Actor, Reason string
}

// CloseFor closes an account for staff, on record: see Close. ErrNoAccount if there is none that could be closed.
func CloseFor(ctx context.Context, db *postgres.Database, o Order, account, cause string, dates Dates, at time.Time) (done Requested, err error) {
	if uuid.Validate(account) != nil {
		return done, ErrNoAccount
	}
	err = db.Transaction(ctx, func(tx postgres.Querier) error {
		if done, err = Close(ctx, tx, account, cause, dates, at); errors.Is(err, ErrLeaving) {
			return ErrNoAccount
		} else if err != nil {
			return err
		}
		return o.Enter(ctx, tx, "erase", done.ID, at)
	})
	return done, err
}

// PlaceHold keeps an item of an account (itself, an image, an order) from erasure until a date, on record; it gives the hold's id.
// ErrNoItem if the account has no such item (policy P5.2: item by item).
func PlaceHold(ctx context.Context, db *postgres.Database, o Order, account, item string, until, at time.Time) (id string, err error) {
	if uuid.Validate(account) != nil || uuid.Validate(item) != nil {
		return "", ErrNoItem
	}
	id = uuid.NewString()
	err = db.Transaction(ctx, func(tx postgres.Querier) error {
		var placed bool
		if err := tx.QueryRow(ctx, `select app.place_hold($1, $2, $3, $4, $5, $6)`, id, account, item, o.Reason, at, until).Scan(&placed); err != nil {
			return wrap("placing a hold", err)
		}
		if !placed {
			return ErrNoItem
		}
		return o.Enter(ctx, tx, "hold", id, at)
	})
	return id, err
}

// LiftHold ends a hold now, on record. ErrNoHold if there is none.
func LiftHold(ctx context.Context, db *postgres.Database, o Order, id string, at time.Time) error {
	if uuid.Validate(id) != nil {
		return ErrNoHold
	}
	return db.Transaction(ctx, func(tx postgres.Querier) error {
		done, err := tx.Exec(ctx, `update app.legal_hold set ends_at = $2 where id = $1 and ends_at > $2`, id, at)
		if err != nil {
			return wrap("lifting a hold", err)
		}
		if done.RowsAffected() == 0 {
			return ErrNoHold
		}
		return o.Enter(ctx, tx, "lift", id, at)
	})
}

// Enter puts on record what staff did about something, which has a UUID; it belongs into the transaction that does it.
func (o Order) Enter(ctx context.Context, tx postgres.Querier, action, about string, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into app.staff_action (at, actor, action, reason, about) values ($1, $2, $3, $4, $5)`,
		at, o.Actor, action, o.Reason, about)
	return wrap("recording what staff did", err)
}

// Disclosure is what was given to an authority (policy P5.2). The order's reason is the ground on which it was given.
type Disclosure struct {
	Authority, Given string // at least two, three characters
	Told             bool   // whether the person was told
	Account          string // id; it need not exist any more
}

// Disclose enters a disclosure into the register, which nobody can change. What lacks is a problem that says so.
func Disclose(ctx context.Context, db *postgres.Database, o Order, d Disclosure, at time.Time) error {
	authority, given := utf8.RuneCountInString(d.Authority), utf8.RuneCountInString(d.Given)
	if uuid.Validate(d.Account) != nil || authority < 2 || authority > 200 || given < 3 || given > 500 {
		return problem.New(problem.Invalid, "disclosure_incomplete",
			"A disclosure has an authority (2 to 200 characters), what was given (given, 3 to 500) and the account's id; the reason is its ground.")
	}
	return db.Transaction(ctx, func(tx postgres.Querier) error {
		if _, err := tx.Exec(ctx, `insert into app.disclosure (at, actor, authority, ground, given, told, about) values ($1, $2, $3, $4, $5, $6, $7)`,
			at, o.Actor, d.Authority, o.Reason, d.Given, d.Told, d.Account); err != nil {
			return wrap("recording a disclosure", err)
		}
		return o.Enter(ctx, tx, "disclose", d.Account, at)
	})
}
