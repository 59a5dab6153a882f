package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

// remembered names the ledger's entries of an account.
func (w world) remembered(t *testing.T, account string) (keys []string) {
	t.Helper()
	mine := hex.EncodeToString(seal.MAC(w.people.Lookup, "erasure", account))
	must(t, w.objects.Walk(t.Context(), "erasures/", func(page []bucket.Object) error {
		for _, object := range page {
			if strings.HasSuffix(object.Key, mine) {
				keys = append(keys, object.Key)
			}
		}
		return nil
	}))
	return keys
}

// opened fails the test unless an account is as if nobody had ever wanted it deleted.
func (w world) opened(t *testing.T, p person) {
	t.Helper()
	if closed := people.Ask[bool](t, w.people, `select closed_at is not null from app.account where id = $1`, p.ID); closed || w.at(t, p.ID) != "" {
		t.Errorf("closed %t, the erasure is %q", closed, w.at(t, p.ID))
	}
	if n := len(w.remembered(t, p.ID)); n != 0 {
		t.Errorf("the ledger has %d entries still", n)
	}
	if _, err := w.objects.Length(t.Context(), "revoked/"+p.Prefix); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("the marker is there still: %v", err)
	}
}

func TestADeletionThatIsTakenBackLeavesTheAccountAsItWas(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	for _, closedFor := range []time.Duration{0, time.Minute, 3 * time.Minute, 6 * 24 * time.Hour} {
		ada := w.settle(t, fmt.Sprintf("quillfeather%d", closedFor))
		w.spend(t, &ada)
		before, objects := w.of(t, ada.ID), w.objectsOf(t, ada.Prefix)
		began := people.Now()
		asked := w.leave(t, ada.ID, true, began)
		if closedFor > 0 {
			w.hour(t, began)
			if _, err := w.objects.Length(ctx, "revoked/"+ada.Prefix); err != nil || len(w.remembered(t, ada.ID)) != 1 {
				t.Fatalf("closing did not do its work: %v", err)
			}
		}
		w.hour(t, began.Add(closedFor))
		if closedFor > time.Minute && w.at(t, ada.ID) != erasure.Grace {
			t.Fatalf("after %s it is %q", closedFor, w.at(t, ada.ID))
		}
		must(t, erasure.TakeBack(ctx, w.people.Web, ada.ID, began.Add(closedFor)))
		if _, err := erasure.Look(ctx, w.people.Web, asked.ID, began.Add(closedFor)); !errors.Is(err, erasure.ErrNotFound) {
			t.Errorf("its receipt can be asked for still: %v", err)
		}
		w.hour(t, began.Add(closedFor))
		w.opened(t, ada)
		after := w.of(t, ada.ID)
		for _, ended := range []string{"session", "generation", "credit_hold", "credit_hold_lot", "credit_entry", "credit_balance", "credit_grant"} {
			delete(before, ended) // orders under way were cancelled, with their price given back
			delete(after, ended)
		}
		same(t, closedFor.String(), before, after)
		same(t, closedFor.String(), objects, w.objectsOf(t, ada.Prefix))
		if live := w.till.Get("/v1/subscriptions?status=active&customer=" + ada.customer)["data"].([]any); closedFor > 0 && len(live) != 0 {
			t.Errorf("%d subscriptions run still", len(live))
		}
		for _, link := range w.linksOf(ada) { // of a prefix that the CDN did not ask for before
			if code := status(t, link); code != 200 {
				t.Errorf("a link answers %d", code)
			}
		}
		w.hour(t, asked.EraseBy)
		w.opened(t, ada)
	}
}

func TestWhileAnAccountIsClosedNoLinkWorks(t *testing.T) {
	t.Parallel()
	w := open(t)
	ada := w.settle(t, "quillfeather")
	w.leave(t, ada.ID, true, people.Now())
	w.hour(t, people.Now())
	for _, link := range w.linksOf(ada) {
		if code := status(t, link); code != 403 {
			t.Errorf("a link answers %d", code)
		}
	}
}

func TestADeletionThatWasAskedForTwiceOnTwoDaysIsTakenBackWhole(t *testing.T) {
	t.Parallel()
	w, ctx, began := open(t), context.Background(), people.Now()
	ada := w.settle(t, "quillfeather")
	for day := range 2 {
		at := began.Add(time.Duration(day) * 24 * time.Hour)
		w.leave(t, ada.ID, true, at)
		w.hour(t, at)
		must(t, erasure.TakeBack(ctx, w.people.Web, ada.ID, at)) // the first time, no sweep comes before it is asked for again
	}
	if n := len(w.remembered(t, ada.ID)); n != 2 {
		t.Fatalf("the ledger has %d entries: the test tests nothing", n)
	}
	for hour := range 3 {
		w.hour(t, began.Add(time.Duration(25+hour)*time.Hour))
	}
	w.opened(t, ada)
}

func TestADeletionIsTakenBackOrCarriedOutNeverBoth(t *testing.T) {
	t.Parallel()
	for what, late := range map[string]bool{"while it closes": false, "when the days are over": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			eraser := postgres.Open(w.people.Address.Eraser)
			t.Cleanup(eraser.Close)
			beside := w.sweep
			beside.db = eraser
			back, began := 0, people.Now()
			for i := range *rounds {
				name := fmt.Sprintf("racer%d", i)
				p := person{Person: w.people.SignIn(t, name, 50), name: name}
				p.images = append(p.images, w.draw(t, p))
				asked := w.leave(t, p.ID, true, began)
				sweepAt, takeBackAt := began, began
				if late {
					w.hour(t, began)
					w.hour(t, began.Add(time.Hour))
					sweepAt, takeBackAt = asked.UndoUntil, asked.UndoUntil.Add(-time.Millisecond)
				}
				var refusal error
				together(func() {
					if _, err := beside.run(t.Context(), task.Starting(sweepAt), rung{ID: asked.ID}); err != nil {
						t.Error(err)
					}
				}, func() { refusal = erasure.TakeBack(t.Context(), w.people.Web, p.ID, takeBackAt) })
				for hour := range 3 {
					w.hour(t, asked.UndoUntil.Add(time.Duration(hour)*time.Hour))
				}
				switch {
				case refusal == nil:
					back++
					w.opened(t, p)
					if n := len(w.objectsOf(t, p.Prefix)); n != 2 {
						t.Errorf("%d objects are left of two", n)
					}
					if _, err := erasure.Look(t.Context(), w.people.Web, asked.ID, began); !errors.Is(err, erasure.ErrNotFound) {
						t.Errorf("what was taken back has a receipt: %v", err)
					}
				case errors.Is(refusal, erasure.ErrTooLate):
					w.receipt(t, asked.ID, began)
					w.nothingIn(t, p)
				default:
					t.Error(refusal)
				}
			}
			if !late && back != *rounds {
				t.Errorf("%d of %d could be taken back", back, *rounds)
			}
		})
	}
}

func TestWhenTheDaysAreOverNothingIsTakenBack(t *testing.T) {
	t.Parallel()
	w, ctx, began := open(t), context.Background(), people.Now()
	ada := w.people.SignIn(t, "ada", 50)
	if err := erasure.TakeBack(ctx, w.people.Web, ada.ID, began); !errors.Is(err, erasure.ErrTooLate) {
		t.Errorf("where nothing was asked for: %v", err)
	}
	asked := w.leave(t, ada.ID, true, began)
	if err := erasure.TakeBack(ctx, w.people.Web, ada.ID, asked.UndoUntil); !errors.Is(err, erasure.ErrTooLate) {
		t.Errorf("at the end: %v", err)
	}
	if _, err := erasure.Close(ctx, w.people.Web, ada.ID, erasure.ByRequest, w.terms.Dates(began, true), began); !errors.Is(err, erasure.ErrLeaving) {
		t.Errorf("asked for twice: %v", err)
	}
	if _, err := session.Ask[session.Caller](ctx, w.people.Web, "asking", `select `+session.Columns+` from app.caller($1, $2) c`, ada.Token, began); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("a closed account is signed in: %v", err)
	}
}
