// Package people gives tests a database with people signed in to it.
package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed"
)

// Database is a test's own, opened as each role that the functions have, and as its owner.
type Database struct {
	Web, Reader, Worker, Sweeper, Cashier, Eraser, Staff, Logger, Archivist, Watcher, Owner *postgres.Database

	Address testbed.Database
	Service *seal.Service
	Lookup  []byte
}

// Open makes the database. When the test ends, every account's books must balance, whatever the test was about.
func Open(t testing.TB) Database {
	t.Helper()
	secret := make([]byte, 2*seal.KeySize)
	rand.Read(secret)
	service, err := seal.Parse("test:" + base64.StdEncoding.EncodeToString(secret[:seal.KeySize]))
	if err != nil {
		t.Fatal(err)
	}
	at := testbed.Postgres(t)
	open := func(address string) *postgres.Database {
		db := postgres.Open(address)
		t.Cleanup(db.Close)
		return db
	}
	db := Database{
		Web: open(at.Web), Reader: open(at.Reader), Worker: open(at.Worker), Sweeper: open(at.Sweeper), Cashier: open(at.Cashier),
		Eraser: open(at.Eraser), Staff: open(at.Staff), Owner: open(at.Owner),
		Logger: open(at.Logger), Archivist: open(at.Archivist), Watcher: open(at.Watcher),
		Address: at, Service: service, Lookup: secret[seal.KeySize:],
	}
	t.Cleanup(func() { db.Books(t) })
	return db
}

// Books fails the test where balance, ledger, lots and open holds of any account disagree.
func (db Database) Books(t interface {
	Helper()
	Errorf(format string, arguments ...any)
}) {
	t.Helper()
	var wrong int
	var which string
	err := db.Owner.QueryRow(context.Background(),
		`select count(*), coalesce(string_agg(b::text, ' '), '') from app.unbalanced_books() b`).Scan(&wrong, &which)
	if err != nil || wrong > 0 {
		t.Errorf("%d accounts' books do not balance: %s %v", wrong, which, err)
	}
}

// Ask reads one value as the database's owner.
func Ask[V any](t testing.TB, db Database, sql string, arguments ...any) V {
	t.Helper()
	var value V
	if err := db.Owner.QueryRow(context.Background(), sql, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Do changes something as the database's owner.
func (db Database) Do(t testing.TB, sql string, arguments ...any) {
	t.Helper()
	if _, err := db.Owner.Exec(context.Background(), sql, arguments...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Person is somebody with an account and one open session.
type Person struct {
	ID, Prefix, Pseudonym string
	Token                 []byte // the hash of the session's token
	Key                   seal.Key
}

// Now is when everybody signs in.
func Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Identity of somebody at the sign-in provider, called by one lower-case word.
func Identity(name string) account.Identity {
	return account.Identity{
		Issuer: "https://accounts.example.com", Subject: "subject-" + name,
		Name: name + " lastname", Email: name + "@example.com", Picture: "https://example.com/" + name + ".png", Address: "192.0.2.7",
	}
}

// SignIn lets somebody sign in as the function login-callback does, with this many free credits if it is the first time.
func (db Database) SignIn(t testing.TB, name string, credits int64) Person {
	t.Helper()
	ctx, who := context.Background(), Identity(name)
	var found account.SignedIn
	var token string
	err := db.Web.Transaction(ctx, func(tx postgres.Querier) (err error) {
		if found, err = account.SignIn(ctx, tx, db.Service, db.Lookup, who, Now()); err != nil {
			return err
		}
		if credits > 0 {
			if err = credit.GrantFree(ctx, tx, found.ID, who.FreeGrantHash(db.Lookup), credits, Now()); err != nil {
				return err
			}
		}
		token, _, err = session.Open(ctx, tx, found.Key, found.ID, session.Device{UserAgent: "Mozilla/5.0", Address: who.Address}, Now())
		return err
	})
	if err != nil {
		t.Fatalf("%s cannot sign in: %v", name, err)
	}
	hash := sha256.Sum256([]byte(token))
	return Person{
		ID: found.ID, Pseudonym: found.Pseudonym, Key: found.Key, Token: hash[:],
		Prefix: Ask[string](t, db, `select prefix from app.account where id = $1`, found.ID),
	}
}
