package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
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
	var rung generation.Bell
	if events := d.queue.Drain(); len(events) != 1 || json.Unmarshal([]byte(events[0]), &rung) != nil || rung.Generation != placed.ID || rung.At.IsZero() {
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

func TestAnotherPersonsImageAnswersLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	own, foreign := d.picture(t, ada), d.picture(t, bob)
	unknown := d.order(t, ada, fields{"tool": "upscale", "images": []string{uuid.NewString()}}).Refuses(404, "image_not_found")
	for _, images := range [][]string{{foreign}, {"1"}, {""}, {"'"}} {
		if reply := d.order(t, ada, fields{"tool": "upscale", "images": images}).Refuses(404, "image_not_found"); reply.Body != unknown.Body {
			t.Errorf("%v answers %s", images, reply.Body)
		}
	}
	d.order(t, ada, fields{"tool": "edit", "prompt": "a", "images": []string{own, foreign}}).Refuses(404, "image_not_found")
	if d.count(t, "generation") != 0 || d.count(t, "credit_hold") != 0 {
		t.Error("a refused order left something")
	}
}

func TestOrdersThatDoNotFitAreRefusedWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	own := d.picture(t, ada)
	for _, c := range []struct {
		order fields
		field string
	}{
		{fields{}, "tool"}, {fields{"tool": "paint"}, "tool"}, {fields{"tool": "text-to-image"}, "prompt"}, {fields{"tool": "text-to-image", "prompt": " \n\t "}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": strings.Repeat("ü", 2001)}, "prompt"}, {fields{"tool": "text-to-image", "prompt": "a\x00b"}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": "a", "size": "1x1"}, "size"}, {fields{"tool": "upscale", "images": []string{own}, "size": "1024x1024"}, "size"},
		{fields{"tool": "text-to-image", "prompt": "a", "seed": -1}, "seed"}, {fields{"tool": "text-to-image", "prompt": "a", "seed": 1 << 31}, "seed"},
		{fields{"tool": "upscale", "images": []string{own}, "seed": 1}, "seed"}, {fields{"tool": "upscale", "images": []string{own}, "prompt": "a"}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": "a", "images": []string{own}}, "images"}, {fields{"tool": "edit", "prompt": "a"}, "images"},
		{fields{"tool": "edit", "prompt": "a", "images": []string{own, own}}, "images"}, {fields{"tool": "edit", "prompt": "a", "images": []string{own, "2", "3", "4", "5"}}, "images"},
	} {
		d.order(t, ada, c.order).Refuses(422, "invalid_order", c.field)
	}
	if d.count(t, "generation") != 0 || d.count(t, "credit_hold") != 0 {
		t.Error("a refused order left something")
	}
}

func TestBodiesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	good := `{"tool":"text-to-image","prompt":"a"}`
	for _, c := range []struct {
		body, kind string
		status     int
		code       string
	}{
		{good, "text/plain", 415, "json_required"}, {good, "", 415, "json_required"}, {good, "application/json; charset=utf-8", 202, ""},
		{"", "application/json", 400, "malformed_json"}, {"{", "application/json", 400, "malformed_json"}, {good + good, "application/json", 400, "malformed_json"},
		{"[]", "application/json", 422, "object_required"}, {"null", "application/json", 422, "object_required"},
		{`{"tool":1}`, "application/json", 422, "wrong_type"}, {`{"tool":"text-to-image","prompt":"a","seed":"7"}`, "application/json", 422, "wrong_type"},
		{`{"tool":"text-to-image","prompt":"a","seed":1.5}`, "application/json", 422, "wrong_type"}, {`{"tool":"text-to-image","prompt":"a","seed":1e99}`, "application/json", 422, "wrong_type"},
		{`{"tool":"text-to-image","prompt":"a","price":0}`, "application/json", 422, "unknown_field"}, {`{"tool":"text-to-image","prompt":"a","account_id":"x"}`, "application/json", 422, "unknown_field"},
		{`{"prompt":"` + strings.Repeat("a", 65<<10) + `"}`, "application/json", 413, "body_too_large"}, {"\xff", "application/json", 400, "malformed_json"},
	} {
		reply := ada.Send(t, d.handler, "POST", "/api/generations", key(), visitor.Body(c.body), visitor.Header("content-type", c.kind))
		if c.code == "" {
			reply.Is(c.status)
		} else {
			reply.Refuses(c.status, c.code)
		}
	}
	for _, bad := range []string{"", "1", "{5b6d0a7e-2f1c-4a55-9a0e-0e6f2d3c4b5a}", "5b6d0a7e2f1c4a559a0e0e6f2d3c4b5a", "a,b"} {
		ada.Send(t, d.handler, "POST", "/api/generations", visitor.Header("idempotency-key", bad)).Refuses(400, "idempotency_key_required")
	}
}

func TestNobodyOrdersSignedOutOrFromAnotherSite(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	d.order(t, visitor.Visitor{}, fields{"tool": "text-to-image", "prompt": "a"}).Refuses(401, "sign_in_required")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}, visitor.At(time.Now().Add(31*24*time.Hour))).Refuses(401, "sign_in_required")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}, visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")).Refuses(403, "cross_origin")
	ada.Send(t, d.handler, "POST", "/api/generations?now=1", key()).Refuses(400, "unknown_parameter", "now")
	ada.Send(t, d.handler, "GET", "/api/generations").Refuses(405, "method_not_allowed")
	testbed.Column[string](t, d.db, "update app.account set closed_at = now() returning id::text")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}).Refuses(401, "sign_in_required")
	if d.count(t, "generation") != 0 {
		t.Error("somebody's order was taken")
	}
}

func TestADatabaseThatTakesTooLongIsSaid(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	err := visitor.Open(t, d.db.Owner).Transaction(t.Context(), func(tx postgres.Querier) error {
		if _, err := tx.Exec(t.Context(), "lock table app.generation"); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		slow := func(_ context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			return d.handler(ctx, e)
		}
		ada.Send(t, slow, "POST", "/api/generations", key()).Refuses(503, "too_slow")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// It swaps the process's standard output for a moment, so it runs alone.
func TestNoLogLineHoldsPersonalData(t *testing.T) {
	logs, err := os.Create(t.TempDir() + "/logs")
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = logs, logs
	d := open(t)
	os.Stdout, os.Stderr = stdout, stderr

	ada := visitor.SignIn(t, d.db, d.service)
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "my secret wish"}).Is(202)
	d.order(t, ada, fields{"tool": "my secret tool", "prompt": "my secret wish"}).Is(422)
	d.order(t, ada, fields{"my secret field": "my secret wish"}).Is(422)
	if _, err := logs.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "\n") != 3 || !strings.Contains(string(text), `"who":"`) {
		t.Errorf("the log is %s", text)
	}
	for _, personal := range []string{"secret", ada.AccountID, ada.Token, ada.Prefix, "192.0.2.7"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the log holds %q: %s", personal, text)
		}
	}
}
