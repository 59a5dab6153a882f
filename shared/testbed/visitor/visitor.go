// Package visitor plays a person's browser in tests of functions.
package visitor

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

// Credits that a signed-in visitor begins with.
const Credits = 50

// Visitor is somebody who is signed in to an account of their own.
type Visitor struct {
	AccountID, Prefix string
	Key               seal.Key // of the account's sealed fields
	Token             string   // the session's, "" where nobody is signed in
	Hash              []byte   // of Token
}

// Service makes a ring of service keys.
func Service(t testing.TB) *seal.Service {
	t.Helper()
	service, err := seal.Parse("test:" + base64.StdEncoding.EncodeToString(Secret()))
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// Secret makes a key of 32 bytes.
func Secret() []byte {
	key := make([]byte, seal.KeySize)
	rand.Read(key)
	return key
}

// Open gives a pool on one of a test database's addresses, closed when the test ends.
func Open(t testing.TB, address string) *postgres.Database {
	t.Helper()
	db := postgres.Open(address)
	t.Cleanup(db.Close)
	return db
}

// SignIn opens an account for a new person and signs their browser in, as login-callback does.
func SignIn(t testing.TB, at testbed.Database, service *seal.Service) Visitor {
	t.Helper()
	ctx, now := context.Background(), time.Now().UTC().Add(-time.Minute)
	db := postgres.Open(at.Web)
	defer db.Close()
	who := account.Identity{
		Issuer: "https://issuer.example", Subject: rand.Text(), Name: "Ada Byron", Email: "ada@example.com",
		Picture: "https://issuer.example/ada.png", Address: "192.0.2.7",
	}
	var v Visitor
	err := db.Transaction(ctx, func(tx postgres.Querier) error {
		lookup := Secret()
		made, err := account.SignIn(ctx, tx, service, lookup, who, now)
		if err != nil {
			return err
		}
		v.AccountID, v.Key = made.ID, made.Key
		if err := credit.GrantFree(ctx, tx, made.ID, who.FreeGrantHash(lookup), Credits, now); err != nil {
			return err
		}
		v.Token, _, err = session.Open(ctx, tx, made.Key, made.ID, session.Device{UserAgent: "test", Address: who.Address}, now)
		return err
	})
	if err != nil {
		t.Fatalf("sign somebody in: %v", err)
	}
	hash := sha256.Sum256([]byte(v.Token))
	v.Hash = hash[:]
	v.Prefix = testbed.One[string](t, at, "select prefix from app.account where id = $1", v.AccountID)
	return v
}
