package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
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

// TestMain lets this program be the function, as a process that can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_FUNCTION") != "" {
		main()
	}
	os.Exit(m.Run())
}

// world is the function with real parts of its own.
type world struct {
	sweep
	people people.Database
	till   *till.Till
	cdn    testbed.CDNAddress
	links  cdn.Links
	public ed25519.PublicKey
	seed   string // of the key that signs receipts
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
	w.seed = base64.StdEncoding.EncodeToString(private.Seed())
	if w.signer, err = receipt.ParsePrivateKey(w.seed); err != nil {
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

// asProcess fires the schedule at a time for the function as a process of its own, and gives what it printed.
func (w world) asProcess(t *testing.T, at time.Time) string {
	t.Helper()
	return w.process(t, at, w.parts(), "response")
}

// process is asProcess with parts at other addresses, or where the run is to end with another outcome.
func (w world) process(t *testing.T, at time.Time, through parts, want string) string {
	t.Helper()
	event, _ := json.Marshal(map[string]time.Time{"time": at}) // a time always can be
	p := testbed.Start(t, os.Args[0], event, w.environment(through)...)
	if outcome := p.Wait(t); !strings.HasPrefix(outcome, want) {
		t.Fatalf("it ends with %q: %s", outcome, &p.Logs)
	}
	return p.Logs.String()
}

// parts are the addresses of all that the function reaches.
type parts struct{ database, bucket, edge, stripe string }

func (w world) parts() parts {
	return parts{w.people.Address.Eraser, w.cdn.Bucket.Endpoint, w.cdn.PurgeURL, w.till.URL}
}

// environment of the function, with its parts at these addresses.
func (w world) environment(at parts) []string {
	return []string{
		"BE_THE_FUNCTION=1", "DATABASE_URL=" + at.database, "BUCKET_ENDPOINT=" + at.bucket, "BUCKET_NAME=" + w.cdn.Bucket.Name,
		"BUCKET_ACCESS_KEY_ID=" + w.cdn.Bucket.AccessKeyID, "BUCKET_SECRET_ACCESS_KEY=" + w.cdn.Bucket.SecretAccessKey,
		"CDN_URL=" + w.cdn.URL, "CDN_PURGE_URL=" + at.edge, "CDN_PURGE_TOKEN=" + w.cdn.PurgeToken,
		"STRIPE_URL=" + at.stripe, "STRIPE_SECRET_KEY=" + w.till.Key, "BACKUP_DAYS=7",
		"LOOKUP_KEY=" + base64.StdEncoding.EncodeToString(w.people.Lookup), "RECEIPT_KEY=" + w.seed,
	}
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
