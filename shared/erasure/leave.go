package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
)

// Causes of an erasure.
const (
	ByRequest   = "request"
	OfChild     = "child"   // policy P8: at once
	ByStaff     = "staff"   // on request of the person, by other ways than the page
	FromRestore = "restore" // a backup brought back who had left
)

// Refusals.
var (
	ErrLeaving = problem.New(problem.Conflict, "already_leaving", "This account is being deleted already; sign in to see how far it is.")
	ErrTooLate = problem.New(problem.Conflict, "too_late_to_take_back",
		"This deletion cannot be taken back: either there is none, or the days for that are over.")
	ErrNotFound = problem.New(problem.NotFound, "receipt_not_found",
		"There is no erasure of this number: check the link. Receipts can be fetched for two years.")
)

// Requested is a deletion that was asked for; its ID is the number of the receipt.
type Requested struct {
	ID          string
	RequestedAt time.Time
	Dates
}

// Close closes an account for a cause: see the package. ErrLeaving if it is on its way out already, or gone.
func Close(ctx context.Context, db postgres.Querier, account, cause string, dates Dates, at time.Time) (Requested, error) {
	r := Requested{ID: uuid.NewString(), RequestedAt: at, Dates: dates}
	closed, err := closeAccount(ctx, db, account, r.ID, cause, at, dates.UndoUntil, dates.EraseBy)
	if err == nil && !closed {
		err = ErrLeaving
	}
	return r, err
}

func closeAccount(ctx context.Context, db postgres.Querier, account, id, cause string, at, due, eraseBy time.Time) (closed bool, err error) {
	err = db.QueryRow(ctx, `select app.close_account($1, $2, $3, $4, $5, $6)`, account, id, cause, at, due, eraseBy).Scan(&closed)
	return closed, wrap("closing an account", err)
}

// TakeBack opens the account again; ErrTooLate if that is not possible any more.
func TakeBack(ctx context.Context, db postgres.Querier, account string, at time.Time) error {
	var reopened bool
	err := db.QueryRow(ctx, `select app.reopen_account($1, $2)`, account, at).Scan(&reopened)
	if err == nil && !reopened {
		return ErrTooLate
	}
	return wrap("taking a deletion back", err)
}

// Holder is who is signed in, to an account that may be closed.
type Holder struct {
	session.Caller
	ClosedAt *time.Time
	Erasure  *State // nil where none is asked for
}

// State of an erasure, as its person may know it.
type State struct {
	ID          string    `json:"id"`
	RequestedAt time.Time `json:"requested_at"`
	DueAt       time.Time `json:"due_at"`
	EraseBy     time.Time `json:"erase_by"`
	Stage       string    `json:"stage"`
	StageAt     time.Time `json:"stage_at"`
	LinksDead   bool      `json:"links_dead"`
	Unbilled    bool      `json:"unbilled"`
}

const stateOf = `json_build_object('id', e.id, 'requested_at', e.requested_at, 'due_at', e.due_at, 'erase_by', e.erase_by,
	'stage', e.stage, 'stage_at', e.stage_at, 'links_dead', e.links_dead, 'unbilled', e.unbilled)`

// AskHolder gives who is signed in, in one statement; session.ErrSignedOut if nobody is.
func AskHolder(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) (Holder, error) {
	return session.Ask[Holder](ctx, db, "reading a deletion", `
		select `+session.Columns+`, c.closed_at, (
			select `+stateOf+` from app.erasure e where e.account_id = c.account_id and e.stage <> 'withdrawn'
		) as erasure
		from app.holder($1, $2) c`, tokenHash, at)
}

// Told is what can be known of an erasure by its number alone: its state, or its receipt once it is complete.
type Told struct {
	State *State
	JWS   string
}

// Look finds an erasure by its number; ErrNotFound if there is none, or if it was taken back.
func Look(ctx context.Context, db postgres.Querier, id string, at time.Time) (Told, error) {
	rows, err := db.Query(ctx, `
		select (select `+stateOf+` from app.erasure e where e.id = $1 and e.stage <> 'withdrawn') as state,
		       coalesce((select r.jws from app.receipt r where r.id = $1 and r.expires_at > $2), '') as jws`, id, at)
	var told Told
	if err == nil {
		told, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Told])
	}
	if err != nil {
		return Told{}, wrap("looking up an erasure", err)
	}
	if told.State == nil && told.JWS == "" {
		return Told{}, ErrNotFound
	}
	return told, nil
}

// Begin makes an erasure that is due final: from here on nobody can sign in to the account or take the deletion back, and
// whoever signs in with the same Google identity opens a new one.
func (e *Erasure) Begin(ctx context.Context, db *postgres.Database, at time.Time) error {
	err := db.Transaction(ctx, func(tx postgres.Querier) error {
		if len(e.Stays) == 0 { // after a hold, what would tell is gone already
			stays, err := Stays(ctx, tx, e.AccountID, at)
			if err != nil {
				return err
			}
			if err := e.change(ctx, tx, `set stays = $4`, encode(stays)); err != nil {
				return err
			}
			e.Stays = stays
		}
		if err := account.Unlink(ctx, tx, e.AccountID); err != nil {
			return err
		}
		if err := session.EndOf(ctx, tx, e.AccountID); err != nil {
			return err
		}
		return e.Move(ctx, tx, Record, at, at)
	})
	if err != nil && !errors.Is(err, ErrLost) {
		return wrap("beginning an erasure", err)
	}
	return err
}
