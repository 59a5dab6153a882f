package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// key of an image's object.
func (s packing) key(t *testing.T, id string) string {
	t.Helper()
	return testbed.One[string](t, s.testbed, `select key from app.image where id = $1`, id)
}

// delete removes an image as its owner does.
func (s packing) delete(t *testing.T, v visitor.Visitor, id string) {
	t.Helper()
	hidden, _, _, err := image.Hide(t.Context(), s.web, v.Hash, s.begun, id)
	if err != nil || hidden == nil {
		t.Fatal(hidden, err)
	}
	if _, err := s.objects.Delete(t.Context(), hidden.Key, hidden.ThumbnailKey); err != nil {
		t.Fatal(err)
	}
	s.do(t, `delete from app.image where id = $1`, id)
}

// during lets something happen once, before the first request that a test describes, to the bucket that the packer sees.
func (s packing) during(t *testing.T, when func(*http.Request) bool, what func()) packing {
	t.Helper()
	once := sync.OnceFunc(what)
	front := testbed.Between(t, s.at.Endpoint, func(_ http.ResponseWriter, r *http.Request) bool {
		if when(r) {
			once()
		}
		return true
	}, nil)
	s.packExport.objects = bucket.Open(front, s.at.Name, s.at.AccessKeyID, s.at.SecretAccessKey)
	return s
}

func TestWhatIsNotThereIsListedWithTheReason(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	ids := make([]string, 8)
	for i := range ids {
		ids[i] = s.shelve(t, ada, noise(t, 3<<20), fmt.Sprint("picture ", i))
	}
	good, deletedBefore, deletedDuring, missing, other, short, long := ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6]
	order := s.order(t, ada)
	s.delete(t, ada, deletedBefore)
	for id, file := range map[string][]byte{other: noise(t, 3<<20), short: noise(t, 1000), long: noise(t, 3<<20+1)} {
		if err := s.objects.Put(t.Context(), s.key(t, id), "image/png", file); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.objects.Delete(t.Context(), s.key(t, missing)); err != nil {
		t.Fatal(err)
	}
	late := s.during(t, func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "uploads") },
		func() { s.delete(t, ada, deletedDuring) })
	u := late.packed(t, order)
	for id, reason := range map[string]string{
		good: "", ids[7]: "", deletedBefore: "deleted during the export", deletedDuring: "deleted during the export",
		missing: "missing from our storage", other: "damaged in our storage", short: "damaged in our storage", long: "damaged in our storage",
	} {
		if got := u.reason(t, id); got != reason || (u.image(t, id) != nil) != (reason == "") {
			t.Errorf("the reason is %q, not %q; %d bytes are in there", got, reason, len(u.image(t, id)))
		}
	}
	page := string(u.files["library/1.html"])
	if strings.Count(page, "<img ") != 2 || strings.Count(page, "Not included: damaged in our storage.") != 3 {
		t.Errorf("the library's page is %s", page)
	}
	if n := testbed.One[int64](t, s.testbed, `select omitted from app.archive`); n != 6 {
		t.Errorf("%d are said to be left out", n)
	}
	if bytes, volumes := testbed.One[int64](t, s.testbed, `select bytes_done from app.archive`), testbed.One[int64](t, s.testbed, `select sum(bytes)::bigint from app.archive_volume`); bytes != volumes {
		t.Errorf("%d bytes are said to be done, the volumes have %d", bytes, volumes)
	}
}

func TestAnImageThatComesLaterIsNotInThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	first, order := s.shelve(t, ada, noise(t, 100), "early"), s.order(t, ada)
	second := s.shelve(t, ada, noise(t, 100), "late") // with a clock that is behind
	u := s.packed(t, order)
	if u.image(t, first) == nil || u.image(t, second) != nil || len(u.rows(t, "image")) != 1 || len(u.Omitted) > 0 {
		t.Errorf("%v, %v", u.rows(t, "image"), u.Omitted)
	}
}

func TestASelectionHoldsItsImagesOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	first, second, third := s.shelve(t, ada, noise(t, 100), ""), s.shelve(t, ada, noise(t, 100), ""), s.shelve(t, ada, noise(t, 100), "")
	order := s.order(t, ada, first, second)
	s.delete(t, ada, second)
	u := s.packed(t, order)
	if u.image(t, first) == nil || u.image(t, third) != nil || len(u.files) != 2 || u.reason(t, second) != "deleted during the export" {
		t.Errorf("%d files, omitted %v", len(u.files), u.Omitted)
	}
}

func TestAFieldThatCannotBeOpenedIsListedAndKeepsNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.shelve(t, ada, noise(t, 100), "a lighthouse")
	s.do(t, `update app.image set prompt = 'rubbish that is long enough to be sealed'`)
	u := s.packed(t, s.order(t, ada))
	if u.image(t, id) == nil || u.rows(t, "image")[0]["prompt"] != nil || len(u.Omitted) != 1 || !strings.Contains(u.Omitted[0].Name, "image.prompt") {
		t.Errorf("%v", u.Omitted)
	}
}

func TestPagesOfRowsHaveNoGap(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	const rows = 2*rowsAFile + 1
	s.do(t, `insert into app.upload (id, account_id, key, content_type, bytes, created_at, expires_at)
		select gen_random_uuid(), $1, gen_random_uuid(), 'image/png', n, $2::timestamptz - make_interval(secs => n / 7), $2 from generate_series(1, $3) n`, ada.AccountID, s.begun, rows)
	u := s.packed(t, s.order(t, ada))
	seen := map[any]bool{}
	for _, row := range u.rows(t, "upload") {
		seen[row["bytes"]] = true
	}
	if len(seen) != rows || len(u.rows(t, "upload")) != rows || u.files["data/upload-3.html"] == nil || u.files["data/upload-4.html"] != nil {
		t.Errorf("%d of %d rows", len(seen), rows)
	}
	for page, next := range map[int]bool{1: true, 2: true, 3: false} {
		if bytes.Contains(u.files[fmt.Sprintf("data/upload-%d.html", page)], []byte("Next page")) != next {
			t.Errorf("page %d leads on: %v", page, !next)
		}
	}
}

func TestAClosedAccountIsNotPacked(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	for range 6 {
		s.shelve(t, ada, noise(t, 3<<20), "")
	}
	order := s.order(t, ada)
	var parts atomic.Int32
	during := s.during(t, func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "partNumber") && parts.Add(1) > 0 },
		func() { s.do(t, `update app.account set closed_at = $1`, s.begun) }) // each part waits for it: they are sent side by side
	if err := during.ring(t, order, s.begun); err != nil {
		t.Fatal(err)
	}
	if state := testbed.One[string](t, s.testbed, `select state from app.archive`); state != "packing" {
		t.Errorf("it is %s", state)
	}
	if n := testbed.One[int64](t, s.testbed, `select count(*) from app.archive_part`); n != 0 {
		t.Errorf("%d parts are recorded", n)
	}
	asked := parts.Load()
	if err := during.ring(t, order, s.begun.Add(time.Hour)); err != nil || parts.Load() != asked {
		t.Errorf("it is packed on: %v", err)
	}
	if _, _, err := archive.Order(t.Context(), s.web, ada.Hash, s.begun, nil); err == nil {
		t.Error("it may order another")
	}
}

func TestSeveralBellsAtOnceMakeOneArchive(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.shelve(t, ada, noise(t, 9<<20), "")
	order := s.order(t, ada)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := s.ring(t, order, s.begun); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if u := s.unpack(t, order); u.image(t, id) == nil {
		t.Error("the image is not in there")
	}
}

func TestAPackerWhoseLeaseRanOutSpoilsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	for range 6 {
		s.shelve(t, ada, noise(t, 3<<20), "")
	}
	order := s.order(t, ada)
	var parts atomic.Int32
	finished := make(chan struct{})
	slow := s.during(t, func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "partNumber") && parts.Add(1) == 2 }, func() {
		if err := s.ring(t, order, s.begun.Add(archive.Lease+time.Minute)); err != nil { // meanwhile, somebody else finishes it
			t.Error(err)
		}
		close(finished)
	})
	if err := slow.ring(t, order, s.begun); err != nil {
		t.Fatal(err)
	}
	<-finished // the slow one stops as soon as it learns that it has lost
	s.unpack(t, order)
}

func TestAnArchiveGoesOnWhereItsTimeEnded(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.self = bell.Of(s.queue.Function)
	ada := visitor.SignIn(t, s.testbed, s.service)
	for range 6 {
		s.shelve(t, ada, noise(t, 3<<20), "")
	}
	order := s.order(t, ada)
	rings := 0
	for testbed.One[string](t, s.testbed, `select state from app.archive`) == "packing" {
		rings++
		var left atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), margin+4*time.Second) // of which the edge keeps two
		piece := s.during(t, func(r *http.Request) bool { return r.Method == http.MethodPut && left.Add(1) == 25 }, func() { <-time.After(2100 * time.Millisecond) })
		if err := piece.ringUntil(ctx, t, order, s.begun); err != nil {
			t.Fatal(err)
		}
		cancel()
		if rung := s.queue.Drain(); len(rung) == 0 && testbed.One[string](t, s.testbed, `select state from app.archive`) == "packing" {
			t.Fatal("nobody is rung")
		}
	}
	if rings < 3 {
		t.Errorf("it took %d runs, so this test says little", rings)
	}
	s.unpack(t, order)
}
