// Package session knows which browsers are signed in.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/mileusna/useragent"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/seal"
)

// Lifetime of a session from its sign-in on; there is no extension (policy P2.2: browser, system and address are kept with it).
const Lifetime = retention.Session

// FreshFor is how long after signing in a session may do what a stolen cookie must not: take everything away, or delete it.
const FreshFor = 10 * time.Minute

// seenEvery is how exactly it is known when a session was last used: noting it costs a round trip.
const seenEvery = time.Hour

// ErrSignedOut answers everybody whose session does not exist, has ended, or belongs to a closed account.
var ErrSignedOut = problem.New(problem.Unauthenticated, "sign_in_required", "Please sign in.")

// ErrStale refuses a session whose sign-in is older than FreshFor.
var ErrStale = problem.New(problem.Forbidden, "fresh_login_required",
	"Please sign in again to confirm that it is you, then repeat this within ten minutes.")

// Closed says whether Postgres refused to add to an account that was closed meanwhile.
func Closed(err error) bool { return postgres.Raised(err, "NF410") }

// Caller is the account behind a request, with the wrapped key to its personal fields: the columns of app.caller, which
// other nouns' statements select beside their own, so that the session check costs no round trip.
type Caller struct {
	AccountID  string
	SessionID  string
	Prefix     string // of the account's object keys
	Pseudonym  string // for log lines; its link to the account dies with the account's key
	ServiceKey string
	WrappedKey []byte
	SignedInAt time.Time
	LastSeenAt time.Time // to within an hour
}

// Columns of Caller, for a statement that joins `app.caller($1, $2) c`.
const Columns = `c.account_id, c.session_id, c.prefix, c.pseudonym, c.service_key, c.wrapped_key, c.signed_in_at, c.last_seen_at`

func (c Caller) caller() Caller { return c }

// Ask runs a statement that joins `app.caller($1, $2) c` with the session's hash and the time, and gives its one row, scanned
// by the names of its columns into T, which embeds a Caller. No row is ErrSignedOut; doing says what failed, for other errors.
func Ask[T interface{ caller() Caller }](ctx context.Context, db postgres.Querier, doing, sql string, tokenHash []byte, at time.Time,
	more ...any) (row T, err error) {
	rows, err := db.Query(ctx, sql, append([]any{tokenHash, at}, more...)...)
	if err == nil {
		row, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	}
	if errors.Is(err, pgx.ErrNoRows) || Closed(err) {
		return row, ErrSignedOut
	}
	if err != nil {
		return row, fmt.Errorf("%s: %w", doing, err)
	}
	if c := row.caller(); at.Sub(c.LastSeenAt) > seenEvery {
		_, _ = db.Exec(ctx, `select app.seen($1, $2)`, c.SessionID, at) // the next request tries again; this one has its answer
	}
	return row, nil
}

// Fresh gives ErrStale where the caller signed in more than FreshFor ago.
func Fresh(c Caller, at time.Time) error {
	if at.Sub(c.SignedInAt) > FreshFor {
		return ErrStale
	}
	return nil
}

// Key unwraps the account's data key.
func (c Caller) Key(service *seal.Service) (seal.Key, error) {
	return service.AccountKey(c.AccountID, c.ServiceKey, c.WrappedKey)
}

// Device is what a browser tells of itself: its User-Agent header and the address it calls from.
type Device struct{ UserAgent, Address string }

// Open signs a browser in to an account and returns the token for its cookie; only the token's hash is kept.
func Open(ctx context.Context, db postgres.Querier, key seal.Key, account string, device Device, at time.Time) (token string, until time.Time, err error) {
	id, token := uuid.NewString(), rand.Text()
	hash := sha256.Sum256([]byte(token))
	until = at.Add(Lifetime)
	agent := useragent.Parse(device.UserAgent)
	_, err = db.Exec(ctx, `
		insert into app.session (id, token_hash, account_id, browser, system, address, created_at, last_seen_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
		id, hash[:], account,
		key.Seal("session.browser/"+id, family(agent.Name, agent.Version)),
		key.Seal("session.system/"+id, family(agent.OS, agent.OSVersion)),
		key.Seal("session.address/"+id, device.Address), at, until)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("opening a session: %w", err)
	}
	return token, until, nil
}

func family(name, version string) string {
	if name == "" {
		return "unknown"
	}
	return name + " " + version
}

// Close ends the session of a token at once. A token that is not known any more is no error: signed out is signed out.
func Close(ctx context.Context, db postgres.Querier, tokenHash []byte) error {
	if _, err := db.Exec(ctx, `delete from app.session where token_hash = $1`, tokenHash); err != nil {
		return fmt.Errorf("closing a session: %w", err)
	}
	return nil
}
