package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/task"
)

// errRests says that the erasure has nothing to do for now.
var errRests = errors.New("nothing to do for now")

// What a stage waits for, in a word for the erasure's row.
var (
	errCustomer  = errors.New("customer_left")
	errStraggler = errors.New("something_left")
)

// reason of a failure, in a word: our own, or nothing but that it failed.
func reason(err error) string {
	for _, known := range []error{errCustomer, errStraggler, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "failed"
}

// step carries out the stage that the erasure is at and moves it to the next one.
func (s sweep) step(ctx context.Context, clock task.Clock, e *erasure.Erasure) (complete bool, err error) {
	switch e.Stage {
	case erasure.Closing:
		return false, s.close(ctx, clock, e)
	case erasure.Withdrawn:
		return true, s.withdraw(ctx, e)
	case erasure.Grace, erasure.Held:
		return false, s.begin(ctx, clock, e)
	case erasure.Record:
		return false, s.then(ctx, clock, e, erasure.Stripe, s.ledger.Record(ctx, *e, clock.Now()))
	case erasure.Stripe:
		return false, s.then(ctx, clock, e, erasure.Objects, s.customer(ctx, clock, e))
	case erasure.Objects:
		return false, s.then(ctx, clock, e, erasure.Edge, s.empty(ctx, clock, e))
	case erasure.Edge:
		return false, s.then(ctx, clock, e, erasure.Key, s.edge.PurgeUnder(ctx, e.Prefix+"/"))
	case erasure.Key:
		return false, s.then(ctx, clock, e, erasure.Rows, s.shred(ctx, clock, e))
	case erasure.Rows:
		return false, s.rows(ctx, clock, e)
	case erasure.Verify:
		return s.verify(ctx, clock, e)
	}
	return false, fmt.Errorf("an erasure is at the unknown stage %s", e.Stage)
}

// then moves on if the step was done.
func (s sweep) then(ctx context.Context, clock task.Clock, e *erasure.Erasure, next string, err error) error {
	if err != nil {
		return err
	}
	return e.Move(ctx, s.db, next, clock.Now(), clock.Now())
}

// marker tells the CDN's edge to refuse every link of the account.
func marker(e *erasure.Erasure) string { return "revoked/" + e.Prefix }

// close ends at once what must end at once. Links die even while Stripe is away, and the other way round; but grace begins only
// when nothing is billed any more, so that nobody is erased who still pays.
func (s sweep) close(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	recording := s.ledger.Record(ctx, *e, clock.Now())
	links := s.objects.Put(ctx, marker(e), "text/plain", []byte("1"))
	if links == nil && !e.LinksDead {
		links = e.LinksEnded(ctx, s.db)
	}
	ended, billed := billing.EndFor(ctx, s.db, s.stripe, e.AccountID, clock.Now())
	if ended && !e.Unbilled {
		billed = e.BillingEnded(ctx, s.db)
	}
	if err := errors.Join(recording, links, billed); err != nil {
		return err
	}
	if !ended { // a checkout that began before the closing may not be over yet
		return s.rest(ctx, e, clock.Now().Add(time.Minute))
	}
	return e.Move(ctx, s.db, erasure.Grace, clock.Now(), e.DueAt)
}

// withdraw removes what closing left outside the database, of an account that was opened again.
func (s sweep) withdraw(ctx context.Context, e *erasure.Erasure) error {
	if err := s.ledger.Forget(ctx, *e); err != nil {
		return err
	}
	if _, err := s.objects.Delete(ctx, marker(e)); err != nil {
		return err
	}
	return e.Dropped(ctx, s.db)
}

// begin ends the grace when it is over, or a hold that has ended.
func (s sweep) begin(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	at := clock.Now()
	if at.Before(e.DueAt) {
		return s.rest(ctx, e, e.DueAt)
	}
	held, err := s.held(ctx, clock, e)
	if err != nil {
		return err
	}
	if e.Stage == erasure.Held && len(held) > 0 || slices.Contains(held, e.AccountID) {
		if e.Stage == erasure.Grace {
			if err := e.Move(ctx, s.db, erasure.Held, at, at.Add(time.Hour)); err != nil {
				return err
			}
		}
		return s.rest(ctx, e, at.Add(time.Hour))
	}
	return e.Begin(ctx, s.db, at)
}

func (s sweep) rest(ctx context.Context, e *erasure.Erasure, until time.Time) error {
	if err := e.Leave(ctx, s.db, until); err != nil {
		return err
	}
	return errRests
}

// held names the items of the account that a hold keeps.
func (s sweep) held(ctx context.Context, clock task.Clock, e *erasure.Erasure) (items []string, err error) {
	holds, err := erasure.Holds(ctx, s.db, e.AccountID, clock.Now())
	for _, hold := range holds {
		items = append(items, hold.Item)
	}
	return items, err
}

func (s sweep) customer(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	erased, err := billing.EraseFor(ctx, s.db, s.stripe, e.AccountID, clock.Now())
	if err == nil && !erased {
		err = errCustomer
	}
	return err
}

// empty deletes everything under the account's prefix but the objects of images that a hold keeps.
func (s sweep) empty(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	held, err := s.held(ctx, clock, e)
	if err != nil {
		return err
	}
	keep, err := image.Keys(ctx, s.db, e.AccountID, held)
	if err != nil {
		return err
	}
	found := 0
	err = s.each(ctx, e, keep, func(keys []string) error { found += len(keys); return nil })
	if err != nil {
		return err
	}
	if err := e.FoundObjects(ctx, s.db, found); err != nil {
		return err
	}
	if len(held) > 0 {
		return s.each(ctx, e, keep, func(keys []string) error {
			_, err := s.objects.Delete(ctx, keys...)
			return err
		})
	}
	deleted, err := s.objects.DeletePrefix(ctx, e.Prefix+"/")
	if err != nil {
		return err
	}
	return e.FoundObjects(ctx, s.db, deleted) // some came meanwhile
}

// each visits the account's objects but those that are kept.
func (s sweep) each(ctx context.Context, e *erasure.Erasure, keep []string, visit func(keys []string) error) error {
	return s.objects.Walk(ctx, e.Prefix+"/", func(page []bucket.Object) error {
		var keys []string
		for _, object := range page {
			if !slices.Contains(keep, object.Key) {
				keys = append(keys, object.Key)
			}
		}
		return visit(keys)
	})
}

// shred removes the key, unless an item that a hold keeps needs it; then the person's name is blanked instead.
func (s sweep) shred(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	held, err := s.held(ctx, clock, e)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		return account.Blank(ctx, s.db, e.AccountID)
	}
	return s.db.Transaction(ctx, func(tx postgres.Querier) error {
		keys, err := account.Shred(ctx, tx, e.AccountID)
		if err != nil {
			return err
		}
		return e.Count(ctx, tx, "account_key", keys)
	})
}

// batch bounds one transaction.
const batch = 2000

// rows deletes all rows of the account, its own at last.
func (s sweep) rows(ctx context.Context, clock task.Clock, e *erasure.Erasure) error {
	held, err := s.held(ctx, clock, e)
	if err != nil {
		return err
	}
	for {
		n, err := e.EraseRows(ctx, s.db, held, batch)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	at := clock.Now()
	if len(held) > 0 {
		if err := e.Move(ctx, s.db, erasure.Held, at, at.Add(time.Hour)); err != nil {
			return err
		}
		return s.rest(ctx, e, at.Add(time.Hour))
	}
	if e.Counts["account"] == 0 {
		if err := e.Count(ctx, s.db, "account", 1); err != nil {
			return err
		}
	}
	return s.then(ctx, clock, e, erasure.Verify, account.Remove(ctx, s.db, e.AccountID))
}

// verify looks for what is left by other ways than it was erased: the catalogue of columns, a listing of the bucket, a search
// at Stripe. It waits until nobody can add anything any more; what came meanwhile sends the erasure back.
func (s sweep) verify(ctx context.Context, clock task.Clock, e *erasure.Erasure) (complete bool, err error) {
	at := clock.Now()
	if quiet := e.QuietAt(); at.Before(quiet) {
		return false, s.rest(ctx, e, quiet)
	}
	left, err := erasure.Remains(ctx, s.db, e.AccountID)
	if err != nil {
		return false, err
	}
	objects := 0
	err = s.objects.Walk(ctx, e.Prefix+"/", func(page []bucket.Object) error {
		objects += len(page)
		return nil
	})
	if err != nil {
		return false, err
	}
	if len(left) > 0 || objects > 0 {
		task.Count(ctx, "stragglers", objects+len(left))
		return false, e.Move(ctx, s.db, erasure.Stripe, at, at)
	}
	if err := s.customer(ctx, clock, e); err != nil {
		return false, err
	}
	if at.After(e.EraseBy) { // backups of the days since the record have it too
		if err := s.ledger.Record(ctx, *e, at); err != nil {
			return false, err
		}
	}
	// With the objects gone there is nothing left to refuse, and the marker's name is the account's prefix.
	if _, err := s.objects.Delete(ctx, marker(e)); err != nil {
		return false, err
	}
	signed, err := receipt.Sign(s.signer, e.Receipt(s.terms, at))
	if err != nil {
		return false, err
	}
	return true, e.Complete(ctx, s.db, signed, at)
}
