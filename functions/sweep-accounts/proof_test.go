package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/testbed/people"
)

// policy P4.2a: no row, no object, no key.
func TestOfWhoLeftNothingIsLeftAnywhere(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now()
	ada, bob := w.settle(t, "quillfeather"), w.settle(t, "wintersmith")
	w.spend(t, &ada)
	w.spend(t, &bob)
	links, others := w.linksOf(ada), w.linksOf(bob)
	for _, link := range append(links, others...) {
		if code := status(t, link); code != 200 {
			t.Fatalf("a link answers %d", code)
		}
	}
	marks := w.marks(t, ada)
	for _, b := range w.belongings(t) {
		if n := people.Ask[int](t, w.people, `select count(*) from app.`+b.Name+` where `+b.Condition, ada.ID); n == 0 && !strings.HasPrefix(b.Name, "archive_") {
			t.Errorf("the person that is to be erased has no %s", b.Name)
		}
	}
	if found := w.onDisk(t, []string{ada.ID, ada.Prefix, ada.customer}); len(found) < 3 || len(w.traces(t, marks)) < 20 || !strings.Contains(w.stripeSays(t), ada.name) {
		t.Fatalf("the search finds nothing where there is something: %v", found)
	}
	rows, objects := w.of(t, bob.ID), w.objectsOf(t, bob.Prefix)

	asked := w.leave(t, ada.ID, true, began)
	w.hour(t, began)
	w.hour(t, began.Add(3*time.Minute))
	if code := put(t, ada.late, pixels(ada.name).Bytes); code != 200 {
		t.Fatalf("a file could not be put after the closing: %d", code)
	}
	said := w.asProcess(t, asked.UndoUntil)
	if !strings.Contains(said, `"complete":1`) {
		t.Fatalf("it is not complete: %s, %s", w.at(t, ada.ID), said)
	}

	left := w.onDisk(t, marks)
	for attempt := 0; len(left) > 0 && attempt < 5; attempt++ { // what a moment ago somebody could still see is not vacuumed yet
		left = w.onDisk(t, marks)
	}
	for _, trace := range append(w.traces(t, marks), left...) {
		t.Errorf("left in the database: %s", trace)
	}
	w.nothingIn(t, ada)
	for _, link := range links {
		if code := status(t, link); code != 403 && code != 404 {
			t.Errorf("a link answers %d", code)
		}
	}
	if strings.Contains(w.stripeSays(t), ada.name) {
		t.Error("Stripe shows the name still")
	}
	if w.till.Get("/v1/customers/" + ada.customer)["deleted"] != true {
		t.Error("the customer is at Stripe still")
	}
	payload := w.receipt(t, asked.ID, asked.UndoUntil)
	for _, mark := range marks {
		if strings.Contains(said, mark) || strings.Contains(payload, mark) {
			t.Errorf("%s stands in a log line or in the receipt: %s %s", mark, said, payload)
		}
	}

	same(t, "the neighbour", rows, w.of(t, bob.ID))
	same(t, "the neighbour", objects, w.objectsOf(t, bob.Prefix))
	for _, link := range others {
		if code := status(t, link); code != 200 {
			t.Errorf("the neighbour's link answers %d", code)
		}
	}
	if !strings.Contains(w.stripeSays(t), bob.name) || w.till.Get("/v1/customers/" + bob.customer)["deleted"] == true {
		t.Error("the neighbour is gone from Stripe")
	}
}

// nothingIn looks for an account in the bucket: objects, parts of objects, the marker, and plain words in the ledger.
func (w world) nothingIn(t *testing.T, p person) {
	t.Helper()
	ctx := context.Background()
	for key := range maps.Keys(w.objectsOf(t, p.Prefix)) {
		t.Errorf("left in the bucket: %s", key)
	}
	if p.unclosed[0] != "" {
		if _, err := w.objects.PutPart(ctx, p.unclosed[0], p.unclosed[1], 1, []byte("x")); !errors.Is(err, bucket.ErrMissing) {
			t.Errorf("the upload in parts goes on: %v", err)
		}
	}
	if _, err := w.objects.Length(ctx, "revoked/"+p.Prefix); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("the marker is there still: %v", err)
	}
	must(t, w.objects.Walk(ctx, "erasures/", func(page []bucket.Object) error {
		for _, object := range page {
			body, err := w.objects.Get(ctx, object.Key, 4<<10)
			if err != nil && !errors.Is(err, bucket.ErrMissing) { // another test's, forgotten this moment
				return err
			}
			for _, mark := range []string{p.ID, p.Prefix, p.name, p.Pseudonym} {
				if strings.Contains(object.Key+string(body), mark) {
					t.Errorf("the ledger has %s: %s %s", mark, object.Key, body)
				}
			}
		}
		return nil
	}))
}

// receipt gives the text that an erasure's receipt signs.
func (w world) receipt(t *testing.T, id string, at time.Time) string {
	t.Helper()
	told, err := erasure.Look(context.Background(), w.people.Web, id, at)
	must(t, err)
	parts := strings.Split(told.JWS, ".")
	if len(parts) != 3 {
		t.Fatalf("no receipt: %+v", told.State)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	return string(payload)
}

// counts that an erasure's receipt shows.
func (w world) counts(t *testing.T, id string, at time.Time) map[string]int64 {
	t.Helper()
	var r receipt.Receipt
	must(t, json.Unmarshal([]byte(w.receipt(t, id, at)), &r))
	return r.Counts
}
