package main

import (
	"crypto/sha256"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

const (
	origin = "https://nanoflux.ai"
	path   = "/api/account/deletion"
	day    = 24 * time.Hour
)

// bench is the function with parts of its own.
type bench struct {
	visitor.Handler
	db      testbed.Database
	service *seal.Service
	queue   *testbed.Queue
}

func open(t *testing.T) bench {
	t.Parallel()
	b := bench{db: testbed.Postgres(t), service: visitor.Service(t), queue: testbed.Invocations(t)}
	terms, err := erasure.ParseTerms("7")
	if err != nil {
		t.Fatal(err)
	}
	b.Handler = web.Handler(origin, desk{visitor.Open(t, b.db.Web), terms, bell.Of(b.queue.Function)}.routes())
	return b
}

// another browser of somebody, also of somebody whose account is closed.
func (b bench) another(t *testing.T, who visitor.Visitor) visitor.Visitor {
	t.Helper()
	var err error
	who.Token, _, err = session.Open(t.Context(), visitor.Open(t, b.db.Web), who.Key, who.AccountID, session.Device{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(who.Token))
	who.Hash = hash[:]
	return who
}

func (b bench) do(t *testing.T, sql string, arguments ...any) {
	t.Helper()
	testbed.Column[string](t, b.db, sql+" returning 'done'", arguments...)
}

// order lets somebody order an image, which nobody draws; it gives the price.
func (b bench) order(t *testing.T, who visitor.Visitor) int64 {
	t.Helper()
	order := tool.Order{Tool: "text-to-image", Prompt: "a house"}
	ordered, err := order.Check()
	if err == nil {
		_, _, err = generation.Place(t.Context(), visitor.Open(t, b.db.Web), b.service, who.Hash, time.Now(), ordered, order, uuid.NewString())
	}
	if err != nil {
		t.Fatal(err)
	}
	return testbed.One[int64](t, b.db, `select held from app.credit_balance where account_id = $1`, who.AccountID)
}

// picture puts a row of an image into the library; its objects are of no importance here.
func (b bench) picture(t *testing.T, who visitor.Visitor) {
	t.Helper()
	b.do(t, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values (gen_random_uuid(), $1, 'upload', 'ready', now(), gen_random_uuid(), gen_random_uuid(), 'image/png', 'image/webp', 1, 1, 1,
			1, sha256(''), 1, 1, sha256(''), now())`, who.AccountID)
}

// pay lets somebody have paid for a running plan.
func (b bench) pay(t *testing.T, who visitor.Visitor, at time.Time) {
	t.Helper()
	number := strings.ReplaceAll(who.AccountID, "-", "")
	b.do(t, `insert into app.customer (account_id, id, operation, begun_at) values ($1, 'cus_' || $2, gen_random_uuid(), $3)`, who.AccountID, number, at)
	b.do(t, `insert into app.subscription (id, account_id, offer, status, created_at, period_end, version)
		values ('sub_' || $2, $1, 'plus-monthly', 'active', $3, $3::timestamptz + interval '30 days', 1)`, who.AccountID, number, at)
	b.do(t, `insert into app.payment (id, kind, amount, currency, paid_at, status, returned, version)
		values ('pi_' || $1, 'plan', 900, 'usd', $2, 'paid', 0, 1)`, number, at)
	b.do(t, `insert into app.payment_owner (payment_id, account_id) values ('pi_' || $2, $1)`, who.AccountID, number)
}

// rows counts somebody's rows as people would, class by class.
func (b bench) rows(t *testing.T, who visitor.Visitor) map[string]int64 {
	t.Helper()
	counts := map[string]int64{"account": 1, "key": 1}
	for class, tables := range map[string][]string{
		"sessions": {"session"}, "images": {"image"}, "uploads": {"upload"}, "orders": {"generation"}, "credits": {"credit_entry"},
		"plan": {"customer", "subscription", "payment_owner"}, "exports": {"archive"},
	} {
		for _, table := range tables {
			if n := testbed.One[int64](t, b.db, `select count(*) from app.`+table+` where account_id = $1`, who.AccountID); n > 0 {
				counts[class] += n
			}
		}
	}
	return counts
}

func (b bench) plan(t *testing.T, who visitor.Visitor, at time.Time) (p plan) {
	t.Helper()
	who.Send(t, b.Handler, "GET", path, visitor.At(at)).Into(200, &p)
	return p
}

func (b bench) leave(t *testing.T, who visitor.Visitor, body string, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	return who.Send(t, b.Handler, "POST", path, append([]visitor.Change{visitor.Body(body)}, changes...)...)
}

// left wants the deletion to be accepted.
func (b bench) left(t *testing.T, who visitor.Visitor, body string, at time.Time) (done requested) {
	t.Helper()
	b.leave(t, who, body, visitor.At(at)).Into(202, &done)
	return done
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) } // API Gateway's clock

func TestThePlanCountsWhatThereIsAndSaysWhatStays(t *testing.T) {
	b, at := open(t), now()
	ada, bob := visitor.SignIn(t, b.db, b.service), visitor.SignIn(t, b.db, b.service)
	b.another(t, ada)
	for range 3 {
		b.picture(t, ada)
	}
	b.order(t, ada)
	b.pay(t, ada, at.Add(-day))
	b.do(t, `insert into app.upload (id, account_id, key, content_type, bytes, created_at, expires_at)
		values (gen_random_uuid(), $1, 'x', 'image/png', 1, $2, $2)`, ada.AccountID, at)
	b.do(t, `insert into app.archive (id, account_id, scope, images, folder, state, step, ordered_at, expires_at)
		values (gen_random_uuid(), $1, 'account', '{}', 'x', 'packing', 'data', $2::timestamptz, $2::timestamptz + interval '7 days')`, ada.AccountID, at)
	free := testbed.One[time.Time](t, b.db, `select granted_at from app.credit_grant where account_id = $1`, ada.AccountID)

	p := b.plan(t, ada, at)
	if p.State != "none" || p.Subscription != "live" || p.ID != nil || p.RequestedAt != nil || p.Links != nil || len(p.Held) != 0 ||
		!p.UndoUntil.Equal(at.Add(7*day)) || !p.ErasedBy.Equal(at.Add(23*day)) || !p.BackupsUntil.Equal(at.Add(30*day)) {
		t.Errorf("%+v", p)
	}
	counted := map[string]int64{}
	for _, c := range p.Classes {
		counted[c.Class] = c.Count
		goes := p.UndoUntil
		if c.Class == "sessions" {
			goes = at
		}
		if !c.Goes.Equal(goes) || len(c.Sentence) < 10 {
			t.Errorf("%+v", c)
		}
	}
	if want := b.rows(t, ada); !maps.Equal(counted, want) || want["images"] != 3 || want["plan"] != 3 || len(want) != 9 {
		t.Errorf("counted %v, there are %v", counted, want)
	}
	until := map[string]time.Time{"payments": at.Add(-day).AddDate(7, 0, 0), "free_credits_guard": free.AddDate(2, 0, 0), "logs": at.AddDate(0, 0, 90)}
	for _, s := range p.Stays {
		if !s.Until.Equal(until[s.What]) || s.Why == "" || (s.Count == 1) == (s.What == "logs") {
			t.Errorf("%+v, not until %s", s, until[s.What])
		}
	}
	if len(p.Stays) != len(until) {
		t.Errorf("%d stay", len(p.Stays))
	}
	his := b.plan(t, bob, at)
	if his.Subscription != "none" || len(his.Stays) != 2 || len(his.Classes) != len(b.rows(t, bob)) {
		t.Errorf("Bob's: %+v", his)
	}
	b.do(t, `update app.subscription set ended_at = $1`, at)
	if p := b.plan(t, ada, at); p.Subscription != "none" {
		t.Errorf("of an ended plan it says %s", p.Subscription)
	}
	bob.Send(t, b.Handler, "GET", path+"?all=1").Refuses(400, "unknown_parameter", "all")
}

// policy P6.2: at any time, in one request.
func TestADeletionEndsAtOnceWhatMustEndAtOnce(t *testing.T) {
	for body, grace := range map[string]time.Duration{`{}`: 7 * day, `{"without_grace": false}`: 7 * day, `{"without_grace": true}`: 0} {
		t.Run(body, func(t *testing.T) {
			b, at := open(t), now()
			ada := visitor.SignIn(t, b.db, b.service)
			phone := b.another(t, ada)
			if price := b.order(t, ada); price == 0 {
				t.Fatal("nothing is held: the test tests nothing")
			}
			reply := b.leave(t, ada, body, visitor.At(at))
			var done requested
			reply.Into(202, &done)
			if !done.RequestedAt.Equal(at) || !done.UndoUntil.Equal(at.Add(grace)) || !done.ErasedBy.Equal(at.Add(23*day)) || !done.BackupsUntil.Equal(at.Add(30*day)) {
				t.Errorf("%+v", done)
			}
			if len(reply.Cookies) != 1 || reply.Cookies[0] != "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
				t.Errorf("it sets %q", reply.Cookies)
			}
			if rung := b.queue.Drain(); len(rung) != 1 || !strings.Contains(rung[0], done.ID) {
				t.Errorf("rung with %v", rung)
			}
			for _, browser := range []visitor.Visitor{ada, phone} {
				browser.Send(t, b.Handler, "GET", path).Refuses(401, "sign_in_required")
			}
			if status := testbed.One[string](t, b.db, `select status || ' ' || error_code from app.generation`); status != "failed account_closed" {
				t.Errorf("the order is %s", status)
			}
			if balance := testbed.One[string](t, b.db, `select available || ' ' || held from app.credit_balance`); balance != "50 0" {
				t.Errorf("credits: %s", balance)
			}
			testbed.Balanced(t, b.db)
		})
	}
}

func TestADeletionIsAcceptedThoughTheBellIsDown(t *testing.T) {
	b := open(t)
	b.queue.Down(true)
	done := b.left(t, visitor.SignIn(t, b.db, b.service), `{}`, now())
	if stage := testbed.One[string](t, b.db, `select stage from app.erasure where id = $1`, done.ID); stage != erasure.Closing {
		t.Errorf("it is at %s", stage)
	}
}

func TestADeletionThatIsRefusedClosesNothing(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.db, b.service)
	for body, c := range map[string]struct {
		status int
		code   string
		fields []string
	}{
		`{"without_grace": "yes"}`:         {422, "wrong_type", []string{"without_grace"}},
		`{"at_once": true}`:                {422, "unknown_field", []string{"at_once"}},
		`[]`:                               {422, "object_required", nil},
		`{"without_grace": true`:           {400, "malformed_json", nil},
		strings.Repeat(" ", 64<<10) + `{}`: {413, "body_too_large", nil},
	} {
		b.leave(t, ada, body).Refuses(c.status, c.code, c.fields...)
	}
	b.leave(t, ada, `{}`, visitor.Header("content-type", "text/plain")).Refuses(415, "json_required")
	ada.Send(t, b.Handler, "POST", path+"?now=1", visitor.Body(`{}`)).Refuses(400, "unknown_parameter", "now")
	signedIn := testbed.One[time.Time](t, b.db, `select created_at from app.session`)
	b.leave(t, ada, `{}`, visitor.At(signedIn.Add(session.FreshFor+time.Millisecond))).Refuses(403, "fresh_login_required")
	for _, method := range []string{"GET", "POST", "DELETE"} {
		visitor.Visitor{}.Send(t, b.Handler, method, path, visitor.Body(`{}`)).Refuses(401, "sign_in_required")
		visitor.Visitor{Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}.Send(t, b.Handler, method, path, visitor.Body(`{}`)).Refuses(401, "sign_in_required")
	}
	elsewhere := []visitor.Change{visitor.Body(`{}`), visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")}
	for _, method := range []string{"POST", "DELETE"} {
		ada.Send(t, b.Handler, method, path, elsewhere...).Refuses(403, "cross_origin")
	}
	if p := b.plan(t, ada, now()); p.State != "none" || len(b.queue.Drain()) != 0 {
		t.Errorf("it is %s", p.State)
	}
}
