// Package account knows who has an account.
package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/seal"
)

// addressKept is how long an address is remembered, as a keyed hash, to notice abuse after a sign-in (policy P2.2, policy P3.4).
const addressKept = retention.Address

// ErrRace says that the same person signed in for the first time twice at once.
var ErrRace = errors.New("the account was made meanwhile")

// Raced says whether the transaction of a sign-in is to be run again: the account was made meanwhile, or erased (what refers to
// it is refused then).
func Raced(err error) bool { return errors.Is(err, ErrRace) || postgres.Raised(err, "23503") }

// Identity is who somebody is at the sign-in provider, and what it said of them this time.
type Identity struct {
	Issuer, Subject      string
	Name, Email, Picture string
	Address              string // the browser's, for the look-up against abuse
}

// hash of the identity under the service's look-up key, apart for each purpose.
func (i Identity) hash(lookup []byte, purpose string) []byte {
	return seal.MAC(lookup, purpose, i.Issuer+"\x00"+i.Subject)
}

// FreeGrantHash recognises the identity in the guard of the free credits, and nowhere else.
func (i Identity) FreeGrantHash(lookup []byte) []byte { return i.hash(lookup, "free-credits") }

// SignedIn is the account that a sign-in led to, with the key to its personal fields.
type SignedIn struct {
	ID        string
	Pseudonym string
	Key       seal.Key
	Closed    bool // its deletion was asked for, and may still be taken back
}

// SignIn finds the account of an identity by issuer and subject (an e-mail address may change hands), or opens one; name,
// e-mail address and picture are what the provider says now, but for what its owner corrected. Of a closed account nothing new
// is kept. It wants a transaction, which is to be run again where its error has Raced.
func SignIn(ctx context.Context, tx postgres.Querier, service *seal.Service, lookup []byte, who Identity, at time.Time) (SignedIn, error) {
	found, err := find(ctx, tx, service, who.hash(lookup, "subject"))
	if errors.Is(err, pgx.ErrNoRows) {
		found, err = open(ctx, tx, service, who, who.hash(lookup, "subject"), at)
	} else if err == nil {
		found.Closed, err = refresh(ctx, tx, found, who)
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("signing in: %w", err)
	}
	if found.Closed {
		return found, nil
	}
	return found, remember(ctx, tx, found.ID, who, lookup, at)
}

func find(ctx context.Context, tx postgres.Querier, service *seal.Service, hash []byte) (found SignedIn, err error) {
	var serviceKey string
	var wrapped []byte
	err = tx.QueryRow(ctx, `
		select k.account_id, k.pseudonym, k.service_key, k.wrapped
		from app.account_lookup l join app.account_key k on k.account_id = l.account_id
		where l.kind = 'subject' and l.hash = $1`, hash).Scan(&found.ID, &found.Pseudonym, &serviceKey, &wrapped)
	if err == nil {
		found.Key, err = service.AccountKey(found.ID, serviceKey, wrapped)
	}
	return found, err
}

func open(ctx context.Context, tx postgres.Querier, service *seal.Service, who Identity, hash []byte, at time.Time) (SignedIn, error) {
	made := SignedIn{ID: uuid.NewString(), Pseudonym: strings.ToLower(rand.Text())}
	key, serviceKey, wrapped, err := service.NewAccountKey(made.ID)
	if err != nil {
		return SignedIn{}, err
	}
	made.Key = key
	_, err = tx.Exec(ctx, `
		insert into app.account (id, prefix, name, email, picture, created_at) values ($1, $2, $3, $4, $5, $6)`,
		made.ID, strings.ToLower(rand.Text()), key.Seal("account.name/"+made.ID, who.Name),
		key.Seal("account.email/"+made.ID, who.Email), key.Seal("account.picture/"+made.ID, who.Picture), at)
	if err != nil {
		return SignedIn{}, err
	}
	_, err = tx.Exec(ctx, `
		insert into app.account_key (account_id, service_key, wrapped, pseudonym) values ($1, $2, $3, $4)`,
		made.ID, serviceKey, wrapped, made.Pseudonym)
	if err != nil {
		return SignedIn{}, err
	}
	mine, err := tx.Exec(ctx, `
		insert into app.account_lookup (kind, hash, account_id, expires_at) values ('subject', $1, $2, 'infinity')
		on conflict do nothing`, hash, made.ID)
	if err == nil && mine.RowsAffected() == 0 {
		err = ErrRace
	}
	return made, err
}

// refresh takes what the provider says now; closed is true where the account is none of the open ones any more.
func refresh(ctx context.Context, tx postgres.Querier, found SignedIn, who Identity) (closed bool, err error) {
	done, err := tx.Exec(ctx, `
		update app.account set email = $3,
			name = case when 'name' = any (corrected) then name else $2 end,
			picture = case when 'picture' = any (corrected) then picture else $4 end
		where id = $1 and closed_at is null`,
		found.ID, found.Key.Seal("account.name/"+found.ID, who.Name),
		found.Key.Seal("account.email/"+found.ID, who.Email), found.Key.Seal("account.picture/"+found.ID, who.Picture))
	return done.RowsAffected() == 0, err
}

// remember keeps what finds the account without a browser: its e-mail address while it is the account's, the network
// address for a month. An earlier e-mail address ends now.
func remember(ctx context.Context, tx postgres.Querier, id string, who Identity, lookup []byte, at time.Time) error {
	email := seal.MAC(lookup, "email", strings.ToLower(who.Email))
	_, err := tx.Exec(ctx, `
		with ended as (
			update app.account_lookup set expires_at = $4
			where account_id = $1 and kind = 'email' and hash <> $2 and expires_at = 'infinity'
		)
		insert into app.account_lookup as l (kind, hash, account_id, expires_at)
		values ('email', $2, $1, 'infinity'), ('address', $3, $1, $5)
		on conflict (kind, hash, account_id) do update set expires_at = excluded.expires_at`,
		id, email, seal.MAC(lookup, "address", who.Address), at, at.Add(addressKept))
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	return nil
}
