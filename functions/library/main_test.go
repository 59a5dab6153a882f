package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const (
	origin = "https://nanoflux.ai"
	images = "https://images.example"
)

// desk is the function with its parts.
type desk struct {
	handler visitor.Handler
	db      testbed.Database
	service *seal.Service
}

func open(t *testing.T) desk {
	d := desk{db: testbed.Postgres(t), service: visitor.Service(t)}
	d.handler = web.Handler(origin, library{visitor.Open(t, d.db.Reader), d.service, cdn.NewLinks(images, visitor.Secret())}.routes())
	return d
}

func (d desk) get(t *testing.T, v visitor.Visitor, target string) visitor.Reply {
	t.Helper()
	return v.Send(t, d.handler, "GET", target)
}

var noon = time.Date(2026, 12, 1, 12, 0, 0, 123456000, time.UTC)

// picture puts an image into somebody's library; result makes it one of that order.
func (d desk) picture(t *testing.T, v visitor.Visitor, at time.Time, result string) string {
	t.Helper()
	id, kind := uuid.NewString(), image.Upload
	var order, tool *string
	var prompt []byte
	if result != "" {
		name := "text-to-image"
		kind, order, tool, prompt = image.Result, &result, &name, v.Key.Seal("image.prompt/"+id, "A lighthouse")
	}
	testbed.Column[string](t, d.db, `
		insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height,
			bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, tool, prompt, created_at)
		values ($1::uuid, $2, $3, $4, 'ready', $5, $6 || $1 || '.png', $6 || $1 || '-thumbnail.webp', 'image/png', 'image/webp', 640, 480, 1234, 1, sha256(''), 1, 1,
			sha256(''), $7, $8, $5) returning id::text`, id, v.AccountID, order, kind, at, v.Prefix+"/", tool, prompt)
	return id
}

// order writes an order down as it ended; code is why it failed.
func (d desk) order(t *testing.T, v visitor.Visitor, at time.Time, status string, code *string) string {
	t.Helper()
	id := uuid.NewString()
	var lease, finished *time.Time
	if status == "running" {
		lease = &at
	} else if status != "queued" {
		finished = &at
	}
	testbed.Column[string](t, d.db, `
		insert into app.generation (id, account_id, tool, prompt, size, seed, cost, idempotency_key, request_hash, status, error_code, created_at,
			runnable_at, started_at, finished_at, lease_until)
		values ($1, $2, 'text-to-image', $3, '1024x1024', 7, 1, gen_random_uuid(), sha256(''), $4, $5, $6, $6, $7, $7, $8) returning id::text`,
		id, v.AccountID, v.Key.Seal("generation.prompt/"+id, "A lighthouse"), status, code, at, finished, lease)
	return id
}

type imagesPage struct {
	Images     []image.View
	NextCursor *string `json:"next_cursor"`
}

func (p imagesPage) ids() (ids []string) {
	for _, one := range p.Images {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestAnImageIsShownWithSignedLinks(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	order := d.order(t, ada, noon, "succeeded", nil)
	made, put := d.picture(t, ada, noon, order), d.picture(t, ada, noon.Add(-time.Hour), "")
	var page imagesPage
	d.get(t, ada, "/api/images").Into(200, &page)
	if !slices.Equal(page.ids(), []string{made, put}) || page.NextCursor != nil {
		t.Fatalf("the library holds %v", page)
	}
	first, second := page.Images[0], page.Images[1]
	if first.Kind != "result" || *first.Tool != "text-to-image" || *first.Prompt != "A lighthouse" || *first.GenerationID != order ||
		first.Width != 640 || first.Height != 480 || first.Bytes != 1234 || first.ContentType != "image/png" || !first.CreatedAt.Equal(noon) {
		t.Errorf("the result is %+v", first)
	}
	if second.Kind != "upload" || second.Tool != nil || second.Prompt != nil || second.GenerationID != nil {
		t.Errorf("the upload is %+v", second)
	}
	for _, link := range []string{first.URL, first.ThumbnailURL} {
		parsed, err := url.Parse(link)
		if err != nil || !strings.HasPrefix(link, images+"/"+ada.Prefix+"/") || parsed.Query().Get("exp") != fmt.Sprint(first.ExpiresAt.Unix()) || parsed.Query().Get("sig") == "" {
			t.Errorf("the link is %q", link)
		}
	}
	if left := time.Until(first.ExpiresAt); left < 59*time.Minute || left > 76*time.Minute {
		t.Errorf("the links end in %v", left)
	}
	var one image.View
	if d.get(t, ada, "/api/images/"+made).Into(200, &one); one.ID != made || one.URL != first.URL {
		t.Errorf("alone it is %+v", one)
	}
	var done generation.View
	d.get(t, ada, "/api/generations/"+order).Into(200, &done)
	if done.Status != "succeeded" || len(done.Images) != 1 || done.Images[0].ID != made || *done.Prompt != "A lighthouse" || done.Error != nil || done.FinishedAt == nil {
		t.Errorf("the order is %+v", done)
	}
}

func TestPagesFollowEachOtherWithoutGapOrRepetition(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	var all []string
	for n := range 7 { // three of them at the same microsecond
		all = append(all, d.picture(t, ada, noon.Add(-time.Duration(min(n, 4))*time.Microsecond), ""))
		d.picture(t, bob, noon, "")
	}
	var seen []string
	for target := "/api/images?limit=2"; ; {
		var page imagesPage
		d.get(t, ada, target).Into(200, &page)
		seen = append(seen, page.ids()...)
		if page.NextCursor == nil {
			break
		}
		if len(page.Images) != 2 || len(seen) > 7 {
			t.Fatalf("a page holds %d, %d were seen", len(page.Images), len(seen))
		}
		if len(seen) == 2 { // what comes meanwhile does not move the pages
			d.picture(t, ada, noon.Add(time.Hour), "")
		}
		target = "/api/images?limit=2&cursor=" + *page.NextCursor
	}
	if !slices.Equal(seen[:4], all[:4]) || !slices.Equal(slices.Sorted(slices.Values(seen)), slices.Sorted(slices.Values(all))) {
		t.Errorf("seen %v of %v", seen, all)
	}
}

func TestOrdersComeNewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	refused := "refused"
	all := []string{
		d.order(t, ada, noon, "queued", nil), d.order(t, ada, noon.Add(-time.Second), "running", nil), d.order(t, ada, noon.Add(-time.Minute), "failed", &refused),
	}
	var seen []generation.View
	for target := "/api/generations?limit=1"; target != ""; {
		var page struct {
			Generations []generation.View
			NextCursor  *string `json:"next_cursor"`
		}
		d.get(t, ada, target).Into(200, &page)
		seen = append(seen, page.Generations...)
		if target = ""; page.NextCursor != nil {
			target = "/api/generations?limit=1&cursor=" + *page.NextCursor
		}
	}
	if len(seen) != 3 {
		t.Fatalf("seen %v", seen)
	}
	for i, one := range seen {
		if one.ID != all[i] || one.Images == nil || (one.Error != nil) != (one.Status == "failed") {
			t.Errorf("the %d. order is %+v", i+1, one)
		}
	}
	if seen[2].Error.Code != "refused" || !strings.Contains(seen[2].Error.Detail, "returned") {
		t.Errorf("the failure is %+v", seen[2].Error)
	}
}

func TestAKindChoosesAndImagesThatAreNotReadyAreNotThere(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	made, put := d.picture(t, ada, noon, uuid.NewString()), d.picture(t, ada, noon, "")
	for _, state := range []string{"pending", "deleting"} {
		hidden := d.picture(t, ada, noon, "")
		testbed.Column[string](t, d.db, "update app.image set state = $2 where id = $1 returning id::text", hidden, state)
		d.get(t, ada, "/api/images/"+hidden).Refuses(404, "image_not_found")
	}
	for query, want := range map[string][]string{"?kind=result": {made}, "?kind=upload&limit=1": {put}} {
		var page imagesPage
		if d.get(t, ada, "/api/images"+query).Into(200, &page); !slices.Equal(page.ids(), want) {
			t.Errorf("%s gives %v", query, page.ids())
		}
	}
	var page imagesPage
	if d.get(t, ada, "/api/images").Into(200, &page); len(page.Images) != 2 {
		t.Errorf("the library holds %v", page.ids())
	}
}

func TestAnEmptyLibraryIsEmptyListsAndNotNull(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	for target, want := range map[string]string{"/api/images": `{"images":[],"next_cursor":null}`, "/api/generations": `{"generations":[],"next_cursor":null}`} {
		if reply := d.get(t, ada, target).Is(200); strings.TrimSpace(reply.Body) != want {
			t.Errorf("%s answers %s", target, reply.Body)
		}
	}
}

func TestAnothersIdAnswersExactlyLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	order := d.order(t, bob, noon, "succeeded", nil)
	for place, foreign := range map[string]string{"images": d.picture(t, bob, noon, order), "generations": order} {
		code := strings.TrimSuffix(place, "s") + "_not_found"
		unknown := d.get(t, ada, "/api/"+place+"/"+uuid.NewString()).Refuses(404, code)
		for _, id := range []string{foreign, "1", "%27", "..", strings.Repeat("a", 400), "{" + foreign + "}"} {
			if reply := d.get(t, ada, "/api/"+place+"/"+id); id != ".." && reply.Refuses(404, code).Body != unknown.Body || reply.Status >= 500 {
				t.Errorf("%s answers %s", id, reply.Body)
			}
		}
		cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", noon.Add(time.Hour).UnixMicro(), foreign)) // a cursor is a place, not a key
		if reply := d.get(t, ada, "/api/"+place+"?cursor="+cursor).Is(200); strings.Contains(reply.Body, foreign) {
			t.Errorf("a foreign cursor shows %s", reply.Body)
		}
	}
}

func TestQueriesThatCannotBeUnderstoodAreRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	far := base64.RawURLEncoding.EncodeToString([]byte("9223372036854775807." + uuid.NewString()))
	for _, place := range []string{"/api/images", "/api/generations"} {
		for query, code := range map[string]string{
			"limit=0": "invalid_limit", "limit=101": "invalid_limit", "limit=-1": "invalid_limit", "limit=": "invalid_limit", "limit=1e1": "invalid_limit",
			"limit=99999999999999999999": "invalid_limit", "cursor=": "invalid_cursor", "cursor=x": "invalid_cursor", "cursor=%00": "malformed_query",
			"cursor=" + far: "invalid_cursor", "cursor=MQ": "invalid_cursor", "sort=up": "unknown_parameter", "limit=1&limit=2": "repeated_parameter", "%zz": "malformed_query",
		} {
			d.get(t, ada, place+"?"+query).Refuses(400, code)
		}
	}
	d.get(t, ada, "/api/images?kind=all").Refuses(400, "invalid_kind")
	d.get(t, ada, "/api/images?kind=").Refuses(400, "invalid_kind")
	d.get(t, ada, "/api/generations?kind=result").Refuses(400, "unknown_parameter", "kind")
	d.get(t, ada, "/api/images/"+uuid.NewString()+"?size=1").Refuses(400, "unknown_parameter", "size")
	d.get(t, ada, "/api/generations/"+uuid.NewString()+"?size=1").Refuses(400, "unknown_parameter", "size")
	d.get(t, ada, "/api/images/"+uuid.NewString()+"/x").Refuses(404, "not_found")
	ada.Send(t, d.handler, "PUT", "/api/images").Refuses(405, "method_not_allowed")
}

func TestNobodySeesALibrarySignedOut(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	id := d.picture(t, ada, noon, "")
	for _, target := range []string{"/api/images", "/api/images/" + id, "/api/generations", "/api/generations/" + uuid.NewString()} {
		d.get(t, visitor.Visitor{}, target).Refuses(401, "sign_in_required")
		d.get(t, visitor.Visitor{Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}, target).Refuses(401, "sign_in_required")
	}
}
