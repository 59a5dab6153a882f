package image_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// alone is a shelf whose bucket nobody else writes to.
func alone(t *testing.T) shelf {
	t.Helper()
	s := open(t)
	s.objects = openBucket(testbed.Bucket(t))
	return s
}

func (s shelf) differences(t *testing.T, prefix, after string) (found []image.Difference) {
	t.Helper()
	err := image.Compare(context.Background(), s.Watcher, s.objects, prefix, after, func(d image.Difference) error {
		found = append(found, d)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestComparingTellsOfObjectsWithoutRowsAndOfRowsWithoutObjects(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), alone(t)
	var stored []image.Stored
	for range 4 {
		one := s.store(t, people.Now())
		s.ready(t, one)
		stored = append(stored, one)
	}
	s.store(t, people.Now()) // pending: its objects may be there or not
	if found := s.differences(t, "", ""); len(found) > 0 {
		t.Fatalf("of a library that is whole: %+v", found)
	}
	halfPut := s.store(t, people.Now())
	gone := []string{stored[0].Key, stored[1].ThumbnailKey, halfPut.Key}
	if _, err := s.objects.Delete(ctx, gone...); err != nil {
		t.Fatal(err)
	}
	s.Do(t, `delete from app.image where id = $1`, stored[2].ID)
	if err := s.objects.Put(ctx, s.ada.Prefix+"/incoming/"+image.NewID(), "image/png", []byte("x")); err != nil {
		t.Fatal(err)
	}
	found := s.differences(t, "", "")
	var orphans, missing []string
	for _, d := range found {
		switch {
		case d.ImageID == "" && !d.At.IsZero():
			orphans = append(orphans, d.Key)
		case d.ImageID != "" && d.At.IsZero():
			missing = append(missing, d.ImageID+" "+d.Key)
		default:
			t.Errorf("%+v", d)
		}
	}
	wantOrphans := []string{stored[2].Key, stored[2].ThumbnailKey}
	wantMissing := []string{stored[0].ID + " " + stored[0].Key, stored[1].ID + " " + stored[1].ThumbnailKey}
	for _, list := range [][]string{orphans, missing, wantOrphans, wantMissing} {
		slices.Sort(list)
	}
	if !slices.Equal(orphans, wantOrphans) || !slices.Equal(missing, wantMissing) {
		t.Errorf("without rows %v, not %v; without objects %v, not %v", orphans, wantOrphans, missing, wantMissing)
	}
	if rest := s.differences(t, "", found[1].Key); !slices.Equal(rest, found[2:]) {
		t.Errorf("behind the second: %+v, not %+v", rest, found[2:])
	}
	if under := s.differences(t, s.ada.Prefix+"/", ""); !slices.Equal(under, found) {
		t.Errorf("of ada's: %+v, not %+v", under, found)
	}
	if of := s.differences(t, strings.Repeat("0", 26)+"/", ""); len(of) > 0 {
		t.Errorf("of nobody's: %+v", of)
	}
}

// What is stored and deleted between the listing and the reading of rows must not be told: here, the listing is an old one.
func TestWhatChangesWhileItIsComparedIsNoDifference(t *testing.T) {
	t.Parallel()
	ctx, s, at := context.Background(), open(t), testbed.Bucket(t)
	s.objects = openBucket(at)
	going, coming := s.store(t, people.Now()), image.Stored{}
	s.ready(t, going)
	changed := false
	between := testbed.Between(t, at.Endpoint, func(_ http.ResponseWriter, r *http.Request) bool { return true }, func(r *http.Response) {
		if changed || r.Request.URL.Query().Get("list-type") != "2" {
			return
		}
		changed = true
		s.Do(t, `delete from app.image where id = $1`, going.ID)
		if _, err := s.objects.Delete(ctx, going.Key, going.ThumbnailKey); err != nil {
			t.Error(err)
		}
		coming = s.store(t, people.Now())
		s.ready(t, coming)
	})
	through := at
	through.Endpoint = between
	err := image.Compare(ctx, s.Watcher, openBucket(through), "", "", func(d image.Difference) error {
		t.Errorf("%+v", d)
		return nil
	}, nil)
	if err != nil || coming.ID == "" {
		t.Error(err)
	}
}

func TestComparingEndsWithTheFirstErrorOfEitherSide(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), alone(t)
	one := s.store(t, people.Now())
	s.ready(t, one)
	s.Do(t, `delete from app.image`)
	enough := errors.New("enough")
	if err := image.Compare(ctx, s.Watcher, s.objects, "", "", func(image.Difference) error { return enough }, nil); !errors.Is(err, enough) {
		t.Error(err)
	}
	nothing := func(image.Difference) error { return nil }
	if err := image.Compare(ctx, s.Watcher, bucket.Open("http://127.0.0.1:1", "x", "x", "x"), "", "", nothing, nil); err == nil {
		t.Error("without a bucket")
	}
	mixed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<ListBucketResult><Contents><Key>b</Key></Contents><Contents><Key>a</Key></Contents></ListBucketResult>`)
	}))
	defer mixed.Close()
	if err := image.Compare(ctx, s.Watcher, bucket.Open(mixed.URL, "x", "x", "x"), "", "", nothing, nil); err == nil {
		t.Error("with a listing out of order")
	}
}

// A hundred thousand keys on both sides, and what is held in memory is a page of each: the heap's live part is measured at
// every page of the listing. Not parallel, since the heap is everybody's.
func TestComparingAHundredThousandKeysHoldsTwoPages(t *testing.T) {
	ctx, s := context.Background(), open(t)
	const images = 50_000
	s.Do(t, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		select i.id, $1, 'upload', 'ready', $2, $3 || '/' || i.id || '/a.png', $3 || '/' || i.id || '/b.png', 'image/png', 'image/png',
			1, 1, 1, 1, sha256(''), 1, 1, sha256(''), $2
		from (select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid as id from generate_series(1, $4::int) n) i`,
		s.ada.ID, people.Now(), s.ada.Prefix, images)
	key := func(n int) string { // counted from 0
		return fmt.Sprintf("%s/00000000-0000-4000-8000-%012d/%c.png", s.ada.Prefix, n/2+1, 'a'+n%2)
	}
	var heap []uint64
	listing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var from int
		_, _ = fmt.Sscan(r.URL.Query().Get("continuation-token"), &from)
		fmt.Fprint(w, `<ListBucketResult>`)
		for n := from; n < from+1000; n++ {
			fmt.Fprintf(w, `<Contents><Key>%s</Key><LastModified>2026-03-01T12:00:00.000Z</LastModified></Contents>`, key(n))
		}
		if from += 1000; from < 2*images {
			fmt.Fprintf(w, `<IsTruncated>true</IsTruncated><NextContinuationToken>%d</NextContinuationToken>`, from)
		}
		fmt.Fprint(w, `</ListBucketResult>`)
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		heap = append(heap, now.HeapAlloc)
	}))
	defer listing.Close()
	err := image.Compare(ctx, s.Watcher, bucket.Open(listing.URL, "x", "x", "x"), "", "", func(d image.Difference) error {
		return fmt.Errorf("a difference: %+v", d)
	}, nil)
	if err != nil || len(heap) != 100 {
		t.Fatalf("%v after %d pages", err, len(heap))
	}
	early, late := slices.Min(heap[:50]), slices.Max(heap[80:])
	t.Logf("live heap: %d KB early, %d KB late", early>>10, late>>10)
	if slices.Max(heap) > 64<<20 || late > early+4<<20 {
		t.Errorf("live heap of %d bytes early, %d late", early, late)
	}
}
