package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// world is the function with real parts of its own.
type world struct {
	sweep
	people people.Database
	till   *till.Till
	cdn    testbed.CDNAddress
	links  cdn.Links
	public ed25519.PublicKey
}

func open(t *testing.T) world {
	t.Helper()
	w := world{people: people.Open(t), till: till.Open(t), cdn: testbed.CDN(t)}
	key, err := base64.StdEncoding.DecodeString(w.cdn.Key)
	if err != nil {
		t.Fatal(err)
	}
	w.links = cdn.NewLinks(w.cdn.URL, key)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.public = public
	at := w.cdn.Bucket
	w.sweep = sweep{
		db:      w.people.Eraser,
		objects: bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey),
		edge:    cdn.NewPurger(w.cdn.URL, w.cdn.PurgeURL, w.cdn.PurgeToken),
		stripe:  payment.Open(w.till.URL, w.till.Key),
	}
	if w.terms, err = erasure.ParseTerms("7"); err != nil {
		t.Fatal(err)
	}
	w.ledger = erasure.Ledger{Objects: w.objects, Key: w.people.Lookup, Terms: w.terms}
	if w.signer, err = receipt.ParsePrivateKey(base64.StdEncoding.EncodeToString(private.Seed())); err != nil {
		t.Fatal(err)
	}
	return w
}

// hour fires the schedule at a time.
func (w world) hour(t *testing.T, at time.Time) report {
	t.Helper()
	done, err := w.run(context.Background(), task.Starting(at), rung{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// leave closes an account as delete-account does.
func (w world) leave(t *testing.T, account string, withGrace bool, at time.Time) erasure.Requested {
	t.Helper()
	done, err := erasure.Close(context.Background(), w.people.Web, account, erasure.ByRequest, w.terms.Dates(at, withGrace), at)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// at is the stage that somebody's erasure has reached, "" where there is none.
func (w world) at(t *testing.T, account string) string {
	t.Helper()
	return people.Ask[string](t, w.people, `select coalesce((select stage || coalesce(' ' || failure, '') from app.erasure where account_id = $1), '')`, account)
}
