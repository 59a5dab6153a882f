package image_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestUnsettledFindsWhatWaitsTooLong(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	hour, minute := people.Now().Add(-time.Hour), people.Now().Add(-time.Minute)
	wanted := map[string]bool{
		shelve(t, db, ada, image.Upload, "pending", hour.Add(-time.Second)):    true,
		shelve(t, db, ada, image.Upload, "pending", hour):                      false,
		shelve(t, db, ada, image.Upload, "deleting", minute.Add(-time.Second)): true,
		shelve(t, db, ada, image.Upload, "deleting", minute):                   false,
		shelve(t, db, ada, image.Upload, "ready", hour.Add(-time.Hour)):        false,
	}
	found, err := image.Unsettled(ctx, db.Sweeper, hour, minute, people.Now(), 10)
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}
	for _, s := range found {
		if !wanted[s.ID] || s.Key != s.ID || s.ThumbnailKey != s.ID+"t" {
			t.Errorf("%+v was found", s)
		}
	}
	if n := people.Ask[int](t, db, `select count(*) from app.image where state = 'deleting'`); n != 3 {
		t.Errorf("%d are being deleted, want 3", n)
	}
}

func TestTheRowStaysUntilObjectsAndEdgeCopiesAreGone(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	down := httptest.NewServer(http.NotFoundHandler())
	defer down.Close()
	stored := s.store(t, people.Now())
	s.ready(t, stored)
	hidden, _, _, err := image.Hide(ctx, s.Web, s.ada.Token, people.Now(), stored.ID)
	if err != nil {
		t.Fatal(err)
	}
	rows := func() int { return people.Ask[int](t, s.Database, `select count(*) from app.image`) }
	if err := image.Remove(ctx, s.Web, bucket.Open(down.URL, "x", "x", "x"), s.edge, *hidden); err == nil || rows() != 1 {
		t.Errorf("no bucket: %v, %d rows", err, rows())
	}
	if err := image.Remove(ctx, s.Web, s.objects, cdn.NewPurger("http://cdn", down.URL, "x"), *hidden); err == nil || rows() != 1 {
		t.Errorf("no edge: %v, %d rows", err, rows())
	}
	if err := image.Remove(ctx, s.Sweeper, s.objects, s.edge, *hidden); err != nil || rows() != 0 {
		t.Errorf("the sweeper: %v, %d rows", err, rows())
	}
}

func TestWhatStorageKeepsDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	stuck, halfStuck, free := s.store(t, people.Now()), s.store(t, people.Now()), s.store(t, people.Now())
	s.Do(t, `update app.image set state = 'deleting'`)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<DeleteResult><Error><Key>%s</Key><Code>InternalError</Code></Error><Error><Key>%s</Key><Code>InternalError</Code></Error></DeleteResult>`,
			stuck.Key, halfStuck.ThumbnailKey)
	}))
	defer store.Close()
	if err := image.Remove(ctx, s.Sweeper, bucket.Open(store.URL, "x", "x", "x"), s.edge, stuck, halfStuck, free); err == nil {
		t.Error("nobody is told")
	}
	left := people.Ask[[]string](t, s.Database, `select array_agg(id::text order by created_at, id::text) from app.image`)
	if wanted := slices.Sorted(slices.Values([]string{stuck.ID, halfStuck.ID})); !slices.Equal(left, wanted) {
		t.Errorf("left are %v, not %v", left, wanted)
	}
}

func TestUnsettledGivesUpNoMoreThanItsLimitOldestFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	var oldest, hidden string
	for i := range 3 {
		at := people.Now().Add(-time.Duration(2+i) * time.Hour)
		oldest, hidden = shelve(t, db, ada, image.Upload, "pending", at), shelve(t, db, ada, image.Upload, "deleting", at)
	}
	hour := people.Now().Add(-time.Hour)
	found, err := image.Unsettled(ctx, db.Sweeper, hour, hour, people.Now(), 1)
	if err != nil || len(found) != 2 || found[0].ID != oldest || found[1].ID != hidden {
		t.Errorf("%v, %v; want %s and %s", found, err, oldest, hidden)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.image where state = 'pending'`); n != 2 {
		t.Errorf("%d are pending still, not 2", n)
	}
}

func TestAReadyImageIsNotForgotten(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	stored := s.store(t, people.Now())
	s.ready(t, stored)
	if err := image.Remove(ctx, s.Web, s.objects, s.edge, stored); err != nil {
		t.Fatal(err)
	}
	if n := people.Ask[int](t, s.Database, `select count(*) from app.image`); n != 1 {
		t.Error("a row went that nobody had hidden")
	}
}
