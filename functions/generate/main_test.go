package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// desk is the function with its parts.
type desk struct {
	handler visitor.Handler
	pool    *postgres.Database
	db      testbed.Database
	service *seal.Service
	queue   *testbed.Queue
}

func open(t *testing.T) desk {
	d := desk{db: testbed.Postgres(t), service: visitor.Service(t), queue: testbed.Invocations(t)}
	d.pool = visitor.Open(t, d.db.Web)
	d.handler = web.Handler(origin, generate{d.pool, d.service, bell.Of(d.queue.Function)}.routes())
	return d
}

// fields of an order.
type fields map[string]any

func key() visitor.Change { return visitor.Header("idempotency-key", uuid.NewString()) }

func (d desk) order(t *testing.T, v visitor.Visitor, f fields, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	return v.Send(t, d.handler, "POST", "/api/generations", append([]visitor.Change{key(), visitor.Body(f)}, changes...)...)
}

func (d desk) count(t *testing.T, table string) int64 {
	t.Helper()
	return testbed.One[int64](t, d.db, "select count(*) from app."+table)
}

// picture puts a row of an image into the library; its objects are of no importance here.
func (d desk) picture(t *testing.T, v visitor.Visitor) string {
	t.Helper()
	return testbed.One[string](t, d.db, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values (gen_random_uuid(), $1, 'upload', 'ready', now(), gen_random_uuid(), gen_random_uuid(), 'image/png', 'image/webp', 1, 1, 1,
			1, sha256(''), 1, 1, sha256(''), now()) returning id::text`, v.AccountID)
}

func TestAnOrderIsHeldWrittenDownAndRung(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	var placed generation.View
	reply := ada.Send(t, d.handler, "POST", "/api/generations").Into(202, &placed) // as in event.json
	if reply.Header.Get("Location") != "/api/generations/"+placed.ID || reply.Header.Get("Content-Type") != "application/json" {
		t.Errorf("it answers with %v", reply.Header)
	}
	if placed.Status != "queued" || placed.Tool != "text-to-image" || *placed.Prompt != "A lighthouse in a storm" || *placed.Size != "1344x768" ||
		*placed.Seed != 7 || placed.Cost != 1 || placed.Images == nil || placed.Error != nil || placed.StartedAt != nil || placed.FinishedAt != nil {
		t.Errorf("the order is %s", reply.Body)
	}
	if held := testbed.One[int64](t, d.db, "select held from app.credit_balance where account_id = $1", ada.AccountID); held != 1 {
		t.Errorf("%d credits are held", held)
	}
	if sealed := testbed.One[[]byte](t, d.db, "select prompt from app.generation"); strings.Contains(string(sealed), "lighthouse") {
		t.Error("the prompt is not sealed")
	}
	var rung bell.Event
	if events := d.queue.Drain(); len(events) != 1 || json.Unmarshal([]byte(events[0]), &rung) != nil || rung.ID != placed.ID || rung.At.IsZero() || rung.Sent.IsZero() {
		t.Errorf("rung with %v", events)
	}
	testbed.Balanced(t, d.db)
}

func TestEveryToolTakesItsOrder(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	own, other := d.picture(t, ada), d.picture(t, ada)
	for _, f := range []fields{
		{"tool": "text-to-image", "prompt": " Ein Leuchtturm 🌊 "},
		{"tool": "text-to-image", "prompt": strings.Repeat("ü", 2000), "size": nil, "seed": nil, "images": nil},
		{"tool": "edit", "prompt": "Make it night", "images": []string{own, other}},
		{"tool": "variation", "images": []string{own}},
		{"tool": "variation", "images": []string{own}, "prompt": "bluer", "seed": 0},
		{"tool": "upscale", "images": []string{own}},
		{"tool": "remove-background", "images": []string{strings.ToUpper(own)}},
	} {
		var placed generation.View
		d.order(t, ada, f).Into(202, &placed)
		if placed.Tool != f["tool"] {
			t.Errorf("ordered %v, got %v", f["tool"], placed.Tool)
		}
	}
	testbed.Balanced(t, d.db)
}

func TestARepeatedKeyGetsTheSameAnswerAndCostsNothing(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	same, f := key(), fields{"tool": "text-to-image", "prompt": "a"}
	first := d.order(t, ada, f, same).Is(202)
	testbed.Column[string](t, d.db, "update app.generation set status = 'running', lease_until = now(), started_at = now() returning id::text")
	again := d.order(t, ada, fields{"prompt": "a", "tool": "text-to-image", "size": "1024x1024"}, same).Is(202)
	if again.Body != first.Body || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("first %s\nthen %s", first.Body, again.Body)
	}
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "b"}, same).Refuses(422, "idempotency_key_reused")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a", "seed": 1}, same).Refuses(422, "idempotency_key_reused")
	d.order(t, bob, f, same).Is(202) // another person's keys are their own
	if d.count(t, "generation") != 2 || d.count(t, "credit_hold") != 2 {
		t.Errorf("%d orders with %d holds", d.count(t, "generation"), d.count(t, "credit_hold"))
	}
}

func TestTheSameOrderTwentyTimesAtOnceIsOneOrder(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	same, bodies := key(), make(chan string, 20)
	for range 20 {
		go func() {
			bodies <- d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a", "seed": 3}, same).Body
		}()
	}
	first := <-bodies
	for range 19 {
		if body := <-bodies; body != first {
			t.Errorf("one answer is %s\nanother %s", first, body)
		}
	}
	if d.count(t, "generation") != 1 || d.count(t, "credit_hold") != 1 || !strings.Contains(first, `"queued"`) {
		t.Errorf("%d orders with %d holds", d.count(t, "generation"), d.count(t, "credit_hold"))
	}
	testbed.Balanced(t, d.db)
}

func TestWhoOwesCreditsOrdersNothingUntilTheyAreSettled(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	order := fields{"tool": "text-to-image", "prompt": "a"}
	d.order(t, ada, order).Is(202)
	testbed.Column[int64](t, d.db, "select app.reverse_credits($1::uuid, 'free', $1::uuid::text, $2, 'test', '2026-12-01')", ada.AccountID, visitor.Credits)
	d.order(t, ada, order).Refuses(402, "credits_owed")
	testbed.Column[bool](t, d.db, "select app.grant_credits($1, 'pack', 'test', 2, '2026-12-01', 'infinity')", ada.AccountID)
	d.order(t, ada, order).Is(202)
	testbed.Balanced(t, d.db)
}

func TestTwoHundredOrdersOnFiftyCreditsGiveExactlyFifty(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	replies := make(chan visitor.Reply, 200)
	for range 200 {
		go func() { replies <- d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}) }()
	}
	statuses := map[int]int{}
	for range 200 {
		reply := <-replies
		if statuses[reply.Status]++; reply.Status == 402 {
			reply.Refuses(402, "insufficient_credits")
		}
	}
	if statuses[202] != visitor.Credits || statuses[402] != 200-visitor.Credits {
		t.Errorf("the answers are %v", statuses)
	}
	if d.count(t, "generation") != visitor.Credits || d.count(t, "credit_hold") != visitor.Credits || len(d.queue.Drain()) != visitor.Credits {
		t.Errorf("%d orders with %d holds", d.count(t, "generation"), d.count(t, "credit_hold"))
	}
	testbed.Balanced(t, d.db)
}

func TestALostBellLosesNoOrder(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.queue.Down(true)
	ada := visitor.SignIn(t, d.db, d.service)
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}).Is(202)
	if n := testbed.One[int64](t, d.db, "select count(*) from app.generation where status = 'queued'"); n != 1 {
		t.Error("the order is not in the queue")
	}
}
