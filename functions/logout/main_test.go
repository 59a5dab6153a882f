package main

import (
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const (
	origin = "https://nanoflux.ai"
	ended  = "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
)

func open(t *testing.T) (visitor.Handler, testbed.Database) {
	t.Parallel()
	db := testbed.Postgres(t)
	return web.Handler(origin, logout{visitor.Open(t, db.Web)}.routes()), db
}

func sessions(t *testing.T, db testbed.Database, v visitor.Visitor) int64 {
	return testbed.One[int64](t, db, "select count(*) from app.session where account_id = $1", v.AccountID)
}

func TestTheSessionIsDeadAtOnceAndNobodyElses(t *testing.T) {
	handler, db := open(t)
	service := visitor.Service(t)
	ada, bob := visitor.SignIn(t, db, service), visitor.SignIn(t, db, service)
	reply := ada.Send(t, handler, "POST", "/api/logout").Is(204)
	if len(reply.Cookies) != 1 || reply.Cookies[0] != ended || reply.Body != "" {
		t.Errorf("it sets %q and says %q", reply.Cookies, reply.Body)
	}
	if sessions(t, db, ada) != 0 || sessions(t, db, bob) != 1 {
		t.Error("the sessions left are not Bob's alone")
	}
}

func TestSigningOutTwiceOrSignedOutIsNoError(t *testing.T) {
	handler, db := open(t)
	ada := visitor.SignIn(t, db, visitor.Service(t))
	for _, v := range []visitor.Visitor{ada, ada, {}, {Token: "'; drop table app.session; --"}} {
		if reply := v.Send(t, handler, "POST", "/api/logout").Is(204); strings.Join(reply.Cookies, "") != ended {
			t.Errorf("it sets %q", reply.Cookies)
		}
	}
}

func TestNoOtherSiteCanSignAnybodyOut(t *testing.T) {
	handler, db := open(t)
	ada := visitor.SignIn(t, db, visitor.Service(t))
	for _, change := range [][2]string{{"origin", "https://evil.example"}, {"origin", "null"}, {"origin", "https://nanoflux.ai.evil.example"}} {
		ada.Send(t, handler, "POST", "/api/logout", visitor.Header("sec-fetch-site", ""), visitor.Header(change[0], change[1])).Refuses(403, "cross_origin")
	}
	ada.Send(t, handler, "POST", "/api/logout", visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")).Refuses(403, "cross_origin")
	ada.Send(t, handler, "GET", "/api/logout").Refuses(405, "method_not_allowed")
	if sessions(t, db, ada) != 1 {
		t.Error("Ada is signed out")
	}
}
