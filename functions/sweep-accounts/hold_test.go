package main

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/testbed/people"
)

var mia = erasure.Order{Actor: "mia", Reason: "court order 7/26"}

// policy P5.2: item by item.
func TestAHoldOnAnImageKeepsThatAndNothingElse(t *testing.T) {
	t.Parallel()
	for what, lifted := range map[string]bool{"until its end": false, "until it is lifted": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w, ctx, began := open(t), context.Background(), people.Now()
			ada, bob := w.settle(t, "quillfeather"), w.settle(t, "wintersmith")
			w.spend(t, &ada)
			rows, objects := w.of(t, bob.ID), w.objectsOf(t, bob.Prefix)
			kept, end := ada.images[0], began.Add(240*time.Hour)
			hold := got(erasure.PlaceHold(ctx, w.people.Staff, mia, ada.ID, kept.ID, end, began))(t)
			asked := w.leave(t, ada.ID, false, began)
			row := people.Ask[string](t, w.people, `select x::text from app.image x where id = $1`, kept.ID)
			for hour := range 5 {
				w.hour(t, began.Add(time.Duration(2+hour)*time.Hour))
			}
			w.keepsOneImage(t, ada)
			if stage := w.at(t, ada.ID); stage != erasure.Held {
				t.Errorf("it is %q", stage)
			}
			if now := people.Ask[string](t, w.people, `select coalesce((select x::text from app.image x where id = $1), '')`, kept.ID); now != row {
				t.Errorf("the image's row was %s and is %s", row, now)
			}
			if keys := slices.Sorted(maps.Keys(w.objectsOf(t, ada.Prefix))); !slices.Equal(keys, slices.Sorted(slices.Values([]string{kept.Key, kept.ThumbnailKey}))) {
				t.Errorf("kept are %v", keys)
			}
			for _, link := range w.linksOf(ada) {
				if code := status(t, link); code != 403 {
					t.Errorf("a link answers %d", code)
				}
			}
			if lifted {
				end = began.Add(100 * time.Hour)
				must(t, erasure.LiftHold(ctx, w.people.Staff, mia, hold, end))
			}
			w.hour(t, end.Add(-time.Hour))
			if stage := w.at(t, ada.ID); stage != erasure.Held {
				t.Errorf("before the end it is %q", stage)
			}
			w.hour(t, end.Add(time.Hour))
			w.receipt(t, asked.ID, end)
			w.nothingIn(t, ada)
			if found := w.traces(t, []string{ada.ID, ada.Prefix, ada.customer, kept.ID}); len(found) > 0 {
				t.Errorf("left is %v", found)
			}
			same(t, "the neighbour", rows, w.of(t, bob.ID))
			same(t, "the neighbour", objects, w.objectsOf(t, bob.Prefix))
		})
	}
}

// keepsOneImage wants nothing of somebody but an image, the key to it, and an account without a name.
func (w world) keepsOneImage(t *testing.T, p person) {
	t.Helper()
	for _, b := range w.belongings(t) {
		n := people.Ask[int](t, w.people, `select count(*) from app.`+b.Name+` where `+b.Condition, p.ID)
		want := 0
		if slices.Contains([]string{"account", "account_key", "image"}, b.Name) {
			want = 1
		}
		if n != want {
			t.Errorf("%d rows of %s are kept, not %d", n, b.Name, want)
		}
	}
	if blank := people.Ask[bool](t, w.people, `select length(name) + length(email) + length(picture) = 0 from app.account where id = $1`, p.ID); !blank {
		t.Error("the name stands still")
	}
	if w.till.Get("/v1/customers/" + p.customer)["deleted"] != true {
		t.Error("the customer is at Stripe still")
	}
}

func TestAHoldOnAnOrderKeepsThatOrder(t *testing.T) {
	t.Parallel()
	w, ctx, began := open(t), context.Background(), people.Now()
	ada := w.settle(t, "quillfeather")
	order := people.Ask[string](t, w.people, `select generation_id::text from app.image where id = $1`, ada.images[0].ID)
	end := began.Add(240 * time.Hour)
	got(erasure.PlaceHold(ctx, w.people.Staff, mia, ada.ID, order, end, began))(t)
	asked := w.leave(t, ada.ID, false, began)
	w.hour(t, began.Add(2*time.Hour))
	w.hour(t, began.Add(3*time.Hour))
	if kept := list[string](t, w, `select id::text from app.generation where account_id = $1`, ada.ID); !slices.Equal(kept, []string{order}) {
		t.Errorf("kept are %v, not %s", kept, order)
	}
	if n := len(w.objectsOf(t, ada.Prefix)); n != 0 {
		t.Errorf("%d objects are kept", n)
	}
	w.people.Books(t)
	w.hour(t, end)
	w.receipt(t, asked.ID, end)
	w.nothingIn(t, ada)
}

func TestAHoldOnTheAccountKeepsItClosedAndWhole(t *testing.T) {
	t.Parallel()
	w, ctx, began := open(t), context.Background(), people.Now()
	ada := w.settle(t, "quillfeather")
	end := began.Add(240 * time.Hour)
	got(erasure.PlaceHold(ctx, w.people.Staff, mia, ada.ID, ada.ID, end, began))(t)
	asked := w.leave(t, ada.ID, true, began)
	w.hour(t, began.Add(2*time.Hour))
	before, objects := w.of(t, ada.ID), w.objectsOf(t, ada.Prefix)
	for hour := range 3 {
		w.hour(t, asked.UndoUntil.Add(time.Duration(hour)*time.Hour))
	}
	if stage := w.at(t, ada.ID); stage != erasure.Held {
		t.Errorf("it is %q", stage)
	}
	same(t, "what is held", before, w.of(t, ada.ID))
	same(t, "what is held", objects, w.objectsOf(t, ada.Prefix))
	w.hour(t, end)
	w.hour(t, end.Add(time.Hour))
	w.receipt(t, asked.ID, end)
	w.nothingIn(t, ada)
}
