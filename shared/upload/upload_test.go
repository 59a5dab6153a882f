package upload_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/upload"
)

func offer(t *testing.T, db people.Database, p people.Person, at time.Time) upload.Offered {
	t.Helper()
	o, _, err := upload.Offer(context.Background(), db.Web, p.Token, at, "image/png", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAnOfferIsFoundByItsOwnerForAnHour(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	o := offer(t, db, ada, people.Now())
	if !strings.HasPrefix(o.Key, ada.Prefix+"/incoming/") || !o.ExpiresAt.Equal(people.Now().Add(10*time.Minute)) {
		t.Errorf("%+v", o)
	}
	for what, c := range map[string]struct {
		token []byte
		id    string
		after time.Duration
		err   error
	}{
		"at once":             {ada.Token, o.ID, 0, nil},
		"just before the end": {ada.Token, o.ID, time.Hour - time.Microsecond, nil},
		"at the end":          {ada.Token, o.ID, time.Hour, upload.ErrNotFound},
		"another person":      {grace.Token, o.ID, 0, upload.ErrNotFound},
		"an unknown id":       {ada.Token, uuid.NewString(), 0, upload.ErrNotFound},
		"nobody":              {nil, o.ID, 0, session.ErrSignedOut},
	} {
		found, _, err := upload.Find(ctx, db.Web, c.token, people.Now().Add(c.after), c.id)
		if c.err == nil && (err != nil || found != upload.Found{ID: o.ID, Key: o.Key, ContentType: "image/png"}) || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", what, found, err)
		}
	}
	if _, _, err := upload.Offer(ctx, db.Web, nil, people.Now(), "image/png", 1); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("nobody was offered a place: %v", err)
	}
}

func TestNobodyHasMoreThanFiftyOpenUploads(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	var first upload.Offered
	for i := range upload.MaxOpen {
		if o := offer(t, db, ada, people.Now().Add(time.Duration(i)*time.Second)); i == 0 {
			first = o
		}
	}
	refused := func(what string, at time.Time) {
		t.Helper()
		if _, caller, err := upload.Offer(ctx, db.Web, ada.Token, at, "image/png", 1); !errors.Is(err, upload.ErrTooMany) || caller.AccountID != ada.ID {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("with fifty open ones", people.Now().Add(time.Minute))
	if n := people.Ask[int](t, db, `select count(*) from app.upload`); n != upload.MaxOpen {
		t.Errorf("a refused offer left %d uploads", n)
	}
	offer(t, db, grace, people.Now())
	if taken, err := upload.TakeIn(ctx, db.Web, first.ID, uuid.NewString()); !taken || err != nil {
		t.Fatal(taken, err)
	}
	offer(t, db, ada, people.Now().Add(time.Minute))
	refused("in place of the one taken in another came", people.Now().Add(time.Minute))
	refused("before the oldest ends", people.Now().Add(upload.Kept))
	offer(t, db, ada, people.Now().Add(upload.Kept+time.Second))
}

func TestTheTableTakesNoOtherTypeOrLength(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	for contentType, bytes := range map[string]int64{"image/gif": 1, "image/png": upload.MaxBytes + 1, "image/jpeg": 0} {
		if _, _, err := upload.Offer(context.Background(), db.Web, ada.Token, people.Now(), contentType, bytes); err == nil {
			t.Errorf("%d bytes of %s were accepted", bytes, contentType)
		}
	}
}

func TestAnUploadIsTakenInOnce(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	o := offer(t, db, ada, people.Now())
	var firsts atomic.Int64
	var winner atomic.Value
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			image := uuid.NewString()
			first, err := upload.TakeIn(ctx, db.Web, o.ID, image)
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
				winner.Store(image)
			}
		})
	}
	all.Wait()
	found, _, err := upload.Find(ctx, db.Web, ada.Token, people.Now(), o.ID)
	if firsts.Load() != 1 || err != nil || found.ImageID != winner.Load() {
		t.Errorf("%d were first, it became %q, %v", firsts.Load(), found.ImageID, err)
	}
}

func TestEndedUploadsAreForgottenOldestFirst(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	var wantedIDs, wantedKeys []string
	for i := range 3 {
		o := offer(t, db, ada, people.Now().Add(time.Duration(i)*time.Minute))
		wantedIDs, wantedKeys = append(wantedIDs, o.ID), append(wantedKeys, o.Key)
	}
	at := people.Now().Add(upload.Kept + time.Minute)
	for limit, n := range map[int]int{1: 1, 10: 2} {
		ids, keys, err := upload.Ended(ctx, db.Sweeper, at, limit)
		if err != nil || !slices.Equal(ids, wantedIDs[:n]) || !slices.Equal(keys, wantedKeys[:n]) {
			t.Errorf("at most %d: %v, %v, %v", limit, ids, keys, err)
		}
	}
	if err := upload.Forget(ctx, db.Sweeper, wantedIDs[:2]); err != nil {
		t.Fatal(err)
	}
	if left := people.Ask[string](t, db, `select string_agg(id::text, ' ') from app.upload`); left != wantedIDs[2] {
		t.Errorf("left %s", left)
	}
}
