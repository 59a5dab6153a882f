package main

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestPeopleSeeEveryChangeOfTheirCredits(t *testing.T) {
	handler, db, service := open(t)
	ada, bob := visitor.SignIn(t, db, service), visitor.SignIn(t, db, service)
	hold := uuid.NewString()
	testbed.Column[int64](t, db, "select app.hold_credits($1, $2, 4, '2026-12-01')", ada.AccountID, hold)
	testbed.Column[bool](t, db, "select app.settle_hold($1, '2026-12-01')", hold)

	var first, second, third credit.Statement
	reply := ada.Send(t, handler, "GET", "/api/account/credits?limit=2")
	reply.Into(200, &first)
	if first.Next == nil || len(first.Entries) != 2 || first.Entries[0].Kind != "settle" || first.Entries[1].Reason != "Held for an image" ||
		first.Entries[1].Available != -4 || first.Entries[1].HeldAfter != 4 || first.Entries[1].Reference != hold {
		t.Errorf("the first page is %s", reply.Body)
	}
	if len(first.Lots) != 1 || first.Lots[0].Source != "free" || first.Lots[0].Credits != 46 || first.Lots[0].ExpiresAt == nil {
		t.Errorf("what can be spent is %+v", first.Lots)
	}
	reply = ada.Send(t, handler, "GET", "/api/account/credits?limit=2&cursor="+*first.Next)
	reply.Into(200, &second)
	if second.Next != nil || len(second.Entries) != 1 || second.Entries[0].Reason != "Free credits" || !strings.Contains(reply.Body, `"next_cursor":null`) {
		t.Errorf("the last page is %s", reply.Body)
	}
	bob.Send(t, handler, "GET", "/api/account/credits?cursor="+*first.Next).Into(200, &third)
	if len(third.Entries) != 1 || third.Entries[0].Reference != bob.AccountID {
		t.Errorf("Bob sees %v", third)
	}
}

func TestTheHistoryIsForItsOwnerAndInPages(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	visitor.Visitor{}.Send(t, handler, "GET", "/api/account/credits").Refuses(401, "sign_in_required")
	visitor.Visitor{Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}.Send(t, handler, "GET", "/api/account/credits").Refuses(401, "sign_in_required")
	ada.Send(t, handler, "GET", "/api/account/credits?limit=0").Refuses(400, "invalid_limit")
	ada.Send(t, handler, "GET", "/api/account/credits?cursor=x").Refuses(400, "invalid_cursor")
	ada.Send(t, handler, "GET", "/api/account/credits?kind=hold").Refuses(400, "unknown_parameter", "kind")
}

func TestWhoOwesCreditsSeesHowMany(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	testbed.Column[int64](t, db, "select app.hold_credits($1, gen_random_uuid(), 20, '2026-12-01')", ada.AccountID)
	testbed.Column[int64](t, db, "select app.reverse_credits($1::uuid, 'free', $1::uuid::text, 50, 'test', '2026-12-01')", ada.AccountID)
	reply := ada.Send(t, handler, "GET", "/api/account")
	if !strings.Contains(reply.Body, `"credits":{"available":0,"held":20,"owed":20}`) {
		t.Errorf("the account is %s", reply.Body)
	}
}
