package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestWhoSignsInDuringTheGraceSeesHowFarItIsAndTakesItBack(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.db, b.service)
	var done requested
	b.leave(t, ada, `{}`).Into(202, &done)
	b.queue.Drain()
	ada.Send(t, b.Handler, "GET", path).Refuses(401, "sign_in_required")

	back := b.another(t, ada)
	p := b.plan(t, back, time.Now())
	if p.State != "closing" || p.ID == nil || *p.ID != done.ID || !p.UndoUntil.Equal(done.UndoUntil) || p.Subscription != "ending" || *p.Links != "ending" {
		t.Errorf("%+v", p)
	}
	b.leave(t, back, `{}`).Refuses(409, "already_leaving")
	back.Send(t, b.Handler, "DELETE", path).Is(204)
	if bells := b.queue.Drain(); len(bells) != 1 || !strings.Contains(bells[0], done.ID) {
		t.Errorf("it rang %v", bells)
	}
	if p := b.plan(t, back, time.Now()); p.State != "none" || p.ID != nil {
		t.Errorf("afterwards it is %+v", p)
	}
	back.Send(t, b.Handler, "DELETE", path).Refuses(409, "too_late_to_take_back")
	visitor.Visitor{}.Send(t, b.Handler, "GET", "/api/receipts/"+done.ID).Refuses(404, "receipt_not_found")
}

func TestWhenTheGraceIsOverThereIsNoWayBack(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.db, b.service)
	b.leave(t, ada, `{}`).Is(202)
	back := b.another(t, ada)
	back.Send(t, b.Handler, "DELETE", path, visitor.At(time.Now().Add(7*24*time.Hour+time.Minute))).Refuses(409, "too_late_to_take_back")
	b.do(t, `update app.erasure set stage = 'record' where account_id = $1`, ada.AccountID)
	back.Send(t, b.Handler, "DELETE", path).Refuses(409, "too_late_to_take_back")
}

func TestTheNumberOfADeletionTellsItsStateAndNothingOfWhom(t *testing.T) {
	b := open(t)
	ada, nobody := visitor.SignIn(t, b.db, b.service), visitor.Visitor{}
	var done requested
	b.leave(t, ada, `{"without_grace": true}`).Into(202, &done)
	for stage, state := range map[string]string{"closing": "closing", "grace": "grace", "record": "erasing", "rows": "erasing", "held": "held"} {
		b.do(t, `update app.erasure set stage = $2 where account_id = $1`, ada.AccountID, stage)
		var now told
		nobody.Send(t, b.Handler, "GET", "/api/receipts/"+done.ID).Into(200, &now)
		if now.State != state || *now.Stage != stage || now.JWS != nil {
			t.Errorf("at %s it tells %+v", stage, now)
		}
	}
	// The payload of RFC 7515's first example stands for a receipt here: the function passes it on as it is.
	testbed.Column[string](t, b.db, `delete from app.erasure where account_id = $1 returning 'done'`, ada.AccountID)
	b.do(t, `insert into app.receipt (id, jws, made_at, expires_at) values ($1, 'e30.eyJpc3MiOiJqb2UifQ.e30', $2, $3)`,
		done.ID, time.Now(), time.Now().Add(time.Hour))
	var complete told
	nobody.Send(t, b.Handler, "GET", "/api/receipts/"+done.ID).Into(200, &complete)
	if complete.State != "complete" || string(complete.Receipt) != `{"iss":"joe"}` || complete.JWS == nil || complete.Stage != nil {
		t.Errorf("%+v", complete)
	}
	nobody.Send(t, b.Handler, "GET", "/api/receipts/"+done.ID, visitor.At(time.Now().Add(2*time.Hour))).Refuses(404, "receipt_not_found")
	for _, id := range []string{uuid.NewString(), "x", "'"} {
		nobody.Send(t, b.Handler, "GET", "/api/receipts/"+id).Refuses(404, "receipt_not_found")
	}
}
