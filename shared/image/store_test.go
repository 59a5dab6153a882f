package image_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// A shelf is somebody's library with real objects behind the real CDN.
type shelf struct {
	people.Database
	ada     people.Person
	objects *bucket.Bucket
	links   cdn.Links
	edge    cdn.Purger
}

func open(t *testing.T) shelf {
	t.Helper()
	db, at := people.Open(t), testbed.CDN(t)
	key, err := base64.StdEncoding.DecodeString(at.Key)
	if err != nil {
		t.Fatal(err)
	}
	return shelf{
		db, db.SignIn(t, "ada", 0), openBucket(at.Bucket), cdn.NewLinks(at.URL, key),
		cdn.NewPurger(at.URL, at.URL+"/client/v4/zones/zone/purge_cache", at.PurgeToken),
	}
}

func openBucket(at testbed.BucketAddress) *bucket.Bucket {
	return bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
}

func newResult(p people.Person) image.New {
	order, tool := uuid.NewString(), "text-to-image"
	return image.New{
		AccountID: p.ID, Prefix: p.Prefix, Kind: image.Result, GenerationID: &order, Tool: &tool, Prompt: "a lighthouse",
		Original:  picture.Encoded{Bytes: []byte("original"), ContentType: "image/png", Extension: "png", Width: 40, Height: 30, CRC32: 1 << 31},
		Thumbnail: picture.Encoded{Bytes: []byte("thumb"), ContentType: "image/jpeg", Extension: "jpg", Width: 4, Height: 3},
	}
}

func (s shelf) store(t *testing.T, at time.Time) image.Stored {
	t.Helper()
	stored, err := image.Store(context.Background(), s.Worker, s.objects, s.ada.Key, newResult(s.ada), at)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func (s shelf) ready(t *testing.T, stored image.Stored) {
	t.Helper()
	if shown, err := image.Ready(context.Background(), s.Worker, stored.ID, people.Now()); !shown || err != nil {
		t.Fatal(shown, err)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	return reply.StatusCode
}

func TestAnImageComesIntoTheLibraryAndGoesFromEverywhere(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	stored := s.store(t, people.Now())
	if _, _, err := image.Get(ctx, s.Web, s.ada.Token, people.Now(), stored.ID); !errors.Is(err, image.ErrNotFound) {
		t.Errorf("it is shown before it is ready: %v", err)
	}
	s.ready(t, stored)
	row, caller, err := image.Get(ctx, s.Web, s.ada.Token, people.Now(), stored.ID)
	if err != nil {
		t.Fatal(err)
	}
	key, err := caller.Key(s.Service)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now() // the CDN's clock is the wall's
	v, err := row.View(key, s.links, at)
	if err != nil || *v.Prompt != "a lighthouse" || v.Width != 40 || v.Height != 30 || v.Bytes != 8 || v.ContentType != "image/png" ||
		v.Kind != image.Result || *v.Tool != "text-to-image" || !v.CreatedAt.Equal(people.Now()) || v.ExpiresAt != cdn.Until(at) {
		t.Errorf("%+v, %v", v, err)
	}
	for _, link := range []string{v.URL, v.ThumbnailURL} {
		if got := status(t, link); got != 200 || !strings.Contains(link, "/"+s.ada.Prefix+"/") {
			t.Errorf("%s answers %d", link, got)
		}
	}
	hidden, pseudonym, _, err := image.Hide(ctx, s.Web, s.ada.Token, people.Now(), stored.ID)
	if err != nil || hidden == nil || *hidden != stored || pseudonym != s.ada.Pseudonym {
		t.Fatalf("hidden %v, %v; want %v", hidden, err, stored)
	}
	for range 2 { // it is safe to repeat
		if err := image.Remove(ctx, s.Web, s.objects, s.edge, *hidden); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{v.URL, v.ThumbnailURL} {
		if got := status(t, link); got != 404 {
			t.Errorf("after its deletion %s answers %d", link, got)
		}
	}
	if n := people.Ask[int](t, s.Database, `select count(*) from app.image`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestThePromptIsSealedInTheImagesRow(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.store(t, people.Now())
	if people.Ask[bool](t, s.Database, `select position('lighthouse'::bytea in prompt) > 0 from app.image`) {
		t.Error("the prompt can be read from the table")
	}
}

func TestEveryAttemptHasKeysOfItsOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	if a, b := s.store(t, people.Now()), s.store(t, people.Now()); a.Key == b.Key || a.ThumbnailKey == b.ThumbnailKey || a.Key == a.ThumbnailKey {
		t.Error(a, b)
	}
}

func TestReadyShowsAnImageOnceAndNeverASweptOne(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	stored := s.store(t, people.Now())
	s.ready(t, stored)
	for _, db := range []*postgres.Database{s.Web, s.Worker} {
		if shown, err := image.Ready(ctx, db, stored.ID, people.Now()); shown || err != nil {
			t.Errorf("shown twice: %v", err)
		}
	}
	swept := s.store(t, people.Now())
	if found, err := image.Unsettled(ctx, s.Sweeper, people.Now().Add(time.Second), people.Now(), people.Now(), 10); err != nil || len(found) != 1 || found[0] != swept {
		t.Fatal(found, err)
	}
	if shown, err := image.Ready(ctx, s.Worker, swept.ID, people.Now()); shown || err != nil {
		t.Errorf("a swept image came into the library: %v", err)
	}
}

func TestNothingIsStoredForAClosedAccount(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	s.Do(t, `update app.account set closed_at = $1`, people.Now())
	if _, err := image.Store(ctx, s.Worker, s.objects, s.ada.Key, newResult(s.ada), people.Now()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if n := people.Ask[int](t, s.Database, `select count(*) from app.image`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestAnImageWhoseObjectsWereNotPutStaysPending(t *testing.T) {
	t.Parallel()
	s := open(t)
	down := httptest.NewServer(http.NotFoundHandler())
	defer down.Close()
	if _, err := image.Store(context.Background(), s.Worker, bucket.Open(down.URL, "x", "x", "x"), s.ada.Key, newResult(s.ada), people.Now()); err == nil {
		t.Error("stored without a bucket")
	}
	if state := people.Ask[string](t, s.Database, `select state from app.image`); state != "pending" {
		t.Errorf("it is %s", state)
	}
}

func TestEachRoleStoresItsOwnKindOnly(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), open(t)
	result := newResult(s.ada)
	upload := result
	upload.Kind, upload.GenerationID, upload.Tool, upload.Prompt = image.Upload, nil, nil, ""
	for i, c := range []struct {
		store func(image.New) error
		n     image.New
		ok    bool
	}{
		{s.as("web"), upload, true}, {s.as("web"), result, false}, {s.as("worker"), result, true}, {s.as("worker"), upload, false},
	} {
		if err := c.store(c.n); (err == nil) != c.ok || c.ok == strings.Contains(fmt.Sprint(err), "row-level security") {
			t.Errorf("case %d: %v", i, err)
		}
	}
	body, err := s.objects.Get(ctx, people.Ask[string](t, s.Database, `select key from app.image where kind = 'upload'`), 100)
	if err != nil || !bytes.Equal(body, upload.Original.Bytes) {
		t.Errorf("%q, %v", body, err)
	}
}

func (s shelf) as(role string) func(image.New) error {
	db := s.Web
	if role == "worker" {
		db = s.Worker
	}
	return func(n image.New) error {
		_, err := image.Store(context.Background(), db, s.objects, s.ada.Key, n, people.Now())
		return err
	}
}
