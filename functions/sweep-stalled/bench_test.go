package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/upload"
)

// bench is the job with its parts.
type bench struct {
	sweep
	web     *postgres.Database
	testbed testbed.Database
	service *seal.Service
	at      testbed.BucketAddress
	queue   *testbed.Queue
	begun   time.Time
}

func open(t *testing.T) bench {
	t.Parallel()
	b := bench{testbed: testbed.Postgres(t), service: visitor.Service(t), at: testbed.Bucket(t), queue: testbed.Invocations(t)}
	b.begun = time.Now().UTC().Truncate(time.Millisecond)
	b.web = visitor.Open(t, b.testbed.Web)
	edge := testbed.CDN(t)
	b.sweep = sweep{
		db: visitor.Open(t, b.testbed.Sweeper), objects: bucket.Open(b.at.Endpoint, b.at.Name, b.at.AccessKeyID, b.at.SecretAccessKey),
		edge: cdn.NewPurger(edge.URL, edge.URL+"/client/v4/zones/local/purge_cache", edge.PurgeToken), draw: bell.Of(b.queue.Function),
		pack: bell.Of(b.queue.Function),
	}
	return b
}

// fire runs the job at a time after the beginning, with the event that the schedule sends.
func (b bench) fire(t *testing.T, after time.Duration) error {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	event := map[string]any{}
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	event["time"] = b.begun.Add(after).Format(time.RFC3339Nano)
	if text, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	_, err = task.Handler(func(ctx context.Context, clock task.Clock, event struct{}) (struct{}, error) {
		return struct{}{}, b.run(ctx, clock, event)
	})(t.Context(), text)
	return err
}

func (b bench) fires(t *testing.T, after time.Duration) {
	t.Helper()
	if err := b.fire(t, after); err != nil {
		t.Fatalf("after %v: %v", after, err)
	}
}

func (b bench) order(t *testing.T, v visitor.Visitor) string {
	t.Helper()
	return b.marked(t, v, uuid.NewString(), 0)
}

// marked orders under a client's own mark against ordering twice.
func (b bench) marked(t *testing.T, v visitor.Visitor, mark string, after time.Duration) string {
	t.Helper()
	o := tool.Order{Tool: "text-to-image", Prompt: "a"}
	ordered, err := o.Check()
	if err != nil {
		t.Fatal(err)
	}
	placed, _, err := generation.Place(t.Context(), b.web, b.service, v.Hash, b.begun.Add(after), ordered, o, mark)
	if err != nil {
		t.Fatal(err)
	}
	return placed.ID
}

func (b bench) claim(t *testing.T, id string, after time.Duration) bool {
	t.Helper()
	_, found, err := generation.Claim(t.Context(), visitor.Open(t, b.testbed.Worker), b.service, id, b.begun.Add(after))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// status of an order, with its hold's state.
func (b bench) status(t *testing.T, id string) string {
	t.Helper()
	return testbed.One[string](t, b.testbed, `
		select concat_ws(' ', g.status, g.error_code, h.state) from app.generation g left join app.credit_hold h on h.id = g.id where g.id = $1`, id)
}

// rung names the orders that draw was woken for.
func (b bench) rung(t *testing.T) (ids []string) {
	t.Helper()
	for _, event := range b.queue.Drain() {
		var rung bell.Event
		if err := json.Unmarshal([]byte(event), &rung); err != nil || rung.At.IsZero() {
			t.Errorf("rung with %s: %v", event, err)
		}
		ids = append(ids, rung.ID)
	}
	return ids
}

// object puts something at a key.
func (b bench) object(t *testing.T, key string) {
	t.Helper()
	if err := b.objects.Put(t.Context(), key, "image/png", []byte("x")); err != nil {
		t.Fatal(err)
	}
}

// picture is an image in a state since the beginning, with both its objects.
func (b bench) picture(t *testing.T, v visitor.Visitor, state string) (id string) {
	t.Helper()
	id = uuid.NewString()
	key := v.Prefix + "/" + id + "/a"
	testbed.Column[string](t, b.testbed, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1, $2, 'upload', $3, $4, $5, $6, 'image/png', 'image/webp', 1, 1, 1, 1, sha256(''), 1, 1, sha256(''), $4) returning id::text`,
		id, v.AccountID, state, b.begun, key+".png", key+"-thumbnail.webp")
	b.object(t, key+".png")
	b.object(t, key+"-thumbnail.webp")
	return id
}

func (b bench) offer(t *testing.T, v visitor.Visitor) upload.Offered {
	t.Helper()
	offered, _, err := upload.Offer(t.Context(), b.web, v.Hash, b.begun, "image/png", 1)
	if err != nil {
		t.Fatal(err)
	}
	return offered
}

// everything is a case for each part of the job, all of them due after two hours.
func (b bench) everything(t *testing.T) (abandoned, putOff string) {
	t.Helper()
	ada := visitor.SignIn(t, b.testbed, b.service)
	abandoned, putOff = b.order(t, ada), b.order(t, ada)
	testbed.Column[string](t, b.testbed, "update app.generation set created_at = $2, runnable_at = $2 where id = $1 returning id::text", putOff, b.begun.Add(119*time.Minute))
	gone := b.order(t, ada)
	testbed.Column[string](t, b.testbed, "delete from app.generation where id = $1 returning id::text", gone)
	b.object(t, b.offer(t, ada).Key)
	b.picture(t, ada, "pending")
	b.picture(t, ada, "deleting")
	return abandoned, putOff
}

// done wants everything finished but the order that is put off.
func (b bench) done(t *testing.T, abandoned string) {
	t.Helper()
	if got := b.status(t, abandoned); got != "failed abandoned released" {
		t.Errorf("the abandoned order is %s", got)
	}
	left := testbed.One[int64](t, b.testbed, `select (select count(*) from app.upload) + (select count(*) from app.image)
		+ (select count(*) - 1 from app.credit_hold where state = 'held')`)
	if left != 0 || len(b.at.Keys(t)) != 0 {
		t.Errorf("%d rows and %v are left", left, b.at.Keys(t))
	}
	testbed.Audit(t, b.testbed, b.at)
}

// refusing is a server that lets nobody in.
func refusing(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(server.Close)
	return server.URL
}
