package main

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestWhatShouldNotBeThereIsCountedAndLeftAlone(t *testing.T) {
	t.Parallel()
	ctx, db, address := context.Background(), people.Open(t), testbed.Bucket(t)
	objects := bucket.Open(address.Endpoint, address.Name, address.AccessKeyID, address.SecretAccessKey)
	w := watch{db.Sweeper, objects}
	ada := db.SignIn(t, "ada", 0)
	tomorrow := time.Now().Add(25 * time.Hour) // the bucket's clock is the wall's
	image := func(name string) (id string) {
		id = uuid.NewString()
		db.Do(t, `
			insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
				width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
			values ($1, $2, 'upload', 'ready', $3, $4, $5, 'image/png', 'image/png', 1, 1, 1, 0, $6, 1, 0, $6, $3)`,
			id, ada.ID, people.Now(), ada.Prefix+"/"+id+"/"+name+".png", ada.Prefix+"/"+id+"/"+name+"-thumbnail.png", make([]byte, 32))
		return id
	}
	put := func(key string) {
		if err := objects.Put(ctx, key, "image/png", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	whole, half := image("a"), image("a")
	put(ada.Prefix + "/" + whole + "/a.png")
	put(ada.Prefix + "/" + whole + "/a-thumbnail.png")
	put(ada.Prefix + "/" + half + "/a.png")
	put(ada.Prefix + "/" + uuid.NewString() + "/orphan.png")

	if f, err := w.look(ctx, tomorrow); err != nil || f != (found{orphans: 1, missing: 1}) {
		t.Errorf("%+v %v", f, err)
	}
	if f, err := w.look(ctx, time.Now()); err != nil || f.orphans != 0 {
		t.Errorf("what was put just now may get its row yet: %+v %v", f, err)
	}

	late, held := db.SignIn(t, "late", 0), db.SignIn(t, "held", 0)
	at := people.Now()
	for _, p := range []people.Person{late, held} {
		db.Do(t, `select app.close_account($1, gen_random_uuid(), 'request', $2, $2, $3)`, p.ID, at, at.Add(23*24*time.Hour))
	}
	db.Do(t, `update app.erasure set stage = 'held' where account_id = $1`, held.ID)
	if f, err := w.look(ctx, at.Add(22*24*time.Hour)); err != nil || f.Progress != (erasure.Progress{Held: 1, StageHours: 22 * 24}) {
		t.Errorf("before the date: %+v %v", f, err)
	}
	if f, err := w.look(ctx, at.Add(23*24*time.Hour)); err != nil || f.Late != 1 || f.Held != 1 {
		t.Errorf("at the date: %+v %v", f, err)
	}

	over, cancel := context.WithCancel(ctx)
	cancel()
	if f, err := w.look(over, tomorrow); err == nil && !f.unfinished {
		t.Errorf("a look that was cut short says nothing of it: %+v", f)
	}
	if page, err := objects.Get(ctx, ada.Prefix+"/"+half+"/a.png", 10); err != nil || string(page) != "x" {
		t.Error("the watcher removed something")
	}
}
