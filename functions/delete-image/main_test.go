package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// desk is the function with its parts; the bucket is the one behind the CDN.
type desk struct {
	deleteImage
	handler visitor.Handler
	testbed testbed.Database
	service *seal.Service
	cdn     testbed.CDNAddress
	links   cdn.Links
}

func open(t *testing.T) desk {
	d := desk{testbed: testbed.Postgres(t), service: visitor.Service(t), cdn: testbed.CDN(t)}
	at := d.cdn.Bucket
	d.deleteImage = deleteImage{
		db: visitor.Open(t, d.testbed.Web), objects: bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey),
		edge: cdn.NewPurger(d.cdn.URL, d.cdn.URL+"/client/v4/zones/local/purge_cache", d.cdn.PurgeToken),
	}
	key, err := base64.StdEncoding.DecodeString(d.cdn.Key)
	if err != nil {
		t.Fatal(err)
	}
	d.links = cdn.NewLinks(d.cdn.URL, key)
	d.handler = web.Handler(origin, d.routes())
	return d
}

// picture is an image of somebody's, with both its objects.
type picture struct{ id, key, thumbnail string }

func (d desk) picture(t *testing.T, v visitor.Visitor) picture {
	t.Helper()
	p := picture{id: uuid.NewString()}
	p.key, p.thumbnail = v.Prefix+"/"+p.id+"/a.png", v.Prefix+"/"+p.id+"/a-thumbnail.webp"
	testbed.Column[string](t, d.testbed, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1, $2, 'upload', 'ready', now(), $3, $4, 'image/png', 'image/webp', 1, 1, 1, 1, sha256(''), 1, 1, sha256(''), now()) returning id::text`,
		p.id, v.AccountID, p.key, p.thumbnail)
	for _, key := range []string{p.key, p.thumbnail} {
		if err := d.objects.Put(t.Context(), key, "image/png", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// seen says how the CDN answers for an object.
func (d desk) seen(t *testing.T, key string) int {
	t.Helper()
	reply, err := http.Get(d.links.Link(key, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	return reply.StatusCode
}

func (d desk) left(t *testing.T, p picture) (rows int64, objects int) {
	t.Helper()
	for _, key := range d.cdn.Bucket.Keys(t) {
		if key == p.key || key == p.thumbnail {
			objects++
		}
	}
	return testbed.One[int64](t, d.testbed, "select count(*) from app.image where id = $1", p.id), objects
}

func (d desk) delete(t *testing.T, v visitor.Visitor, id string, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	return v.Send(t, d.handler, "DELETE", "/api/images/"+id, changes...)
}

func TestADeletedImageIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.testbed, d.service)
	gone, stays := d.picture(t, ada), d.picture(t, ada)
	if d.seen(t, gone.key) != 200 || d.seen(t, gone.thumbnail) != 200 { // now the edge has copies
		t.Fatal("the CDN does not show the image")
	}
	if reply := d.delete(t, ada, gone.id).Is(204); reply.Body != "" {
		t.Errorf("it says %q", reply.Body)
	}
	if d.seen(t, gone.key) != 404 || d.seen(t, gone.thumbnail) != 404 {
		t.Error("the CDN still shows the image")
	}
	if rows, objects := d.left(t, gone); rows != 0 || objects != 0 {
		t.Errorf("%d rows and %d objects are left", rows, objects)
	}
	d.delete(t, ada, gone.id).Refuses(404, "image_not_found")
	if rows, objects := d.left(t, stays); rows != 1 || objects != 2 || d.seen(t, stays.key) != 200 {
		t.Error("another image is gone, too")
	}
}

func TestAnothersImageAnswersExactlyLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.testbed, d.service), visitor.SignIn(t, d.testbed, d.service)
	foreign := d.picture(t, bob)
	unknown := d.delete(t, ada, uuid.NewString()).Refuses(404, "image_not_found")
	for _, id := range []string{foreign.id, "1", "%27", strings.ReplaceAll(foreign.id, "-", "")} {
		if reply := d.delete(t, ada, id).Refuses(404, "image_not_found"); reply.Body != unknown.Body {
			t.Errorf("%s answers %s", id, reply.Body)
		}
	}
	if rows, objects := d.left(t, foreign); rows != 1 || objects != 2 {
		t.Error("Ada deleted Bob's image")
	}
}

func TestNobodyDeletesSignedOutOrFromAnotherSite(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.testbed, d.service)
	one := d.picture(t, ada)
	d.delete(t, visitor.Visitor{}, one.id).Refuses(401, "sign_in_required")
	d.delete(t, visitor.Visitor{}, uuid.NewString()).Refuses(401, "sign_in_required")
	d.delete(t, ada, one.id, visitor.At(time.Now().Add(31*24*time.Hour))).Refuses(401, "sign_in_required")
	d.delete(t, ada, one.id, visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")).Refuses(403, "cross_origin")
	d.delete(t, ada, one.id+"?force=1").Refuses(400, "unknown_parameter", "force")
	ada.Send(t, d.handler, "POST", "/api/images/"+one.id).Refuses(405, "method_not_allowed")
	if rows, objects := d.left(t, one); rows != 1 || objects != 2 {
		t.Error("the image is gone")
	}
}

func TestTenDeletionsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.testbed, d.service)
	one, statuses := d.picture(t, ada), make(chan int, 10)
	for range cap(statuses) {
		go func() { statuses <- d.delete(t, ada, one.id).Status }()
	}
	all := map[int]int{}
	for range cap(statuses) {
		all[<-statuses]++
	}
	if all[204] != 1 || all[404] != 9 {
		t.Errorf("the answers are %v", all)
	}
}

func TestWhatStorageOrTheEdgeDoNotLetGoOfLeavesTheLibraryAtOnce(t *testing.T) {
	t.Parallel()
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(failing.Close)
	for name, spoil := range map[string]func(*deleteImage){
		"bucket": func(d *deleteImage) { d.objects = bucket.Open(failing.URL, "images", "key", "secret") },
		"purge":  func(d *deleteImage) { d.edge = cdn.NewPurger("https://images.example", failing.URL, "token") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			ada := visitor.SignIn(t, d.testbed, d.service)
			one := d.picture(t, ada)
			spoil(&d.deleteImage)
			d.handler = web.Handler(origin, d.routes())
			var told struct{ ID, Status string }
			if d.delete(t, ada, one.id).Into(202, &told); told.ID != one.id || told.Status != "deleting" {
				t.Errorf("it says %+v", told)
			}
			d.delete(t, ada, one.id).Refuses(404, "image_not_found")
			if states := testbed.Column[string](t, d.testbed, "select state from app.image"); !slices.Equal(states, []string{"deleting"}) {
				t.Errorf("the row is %v, and nobody will find the objects", states)
			}
		})
	}
}
