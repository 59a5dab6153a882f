package main

import (
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

func open(t *testing.T) (visitor.Handler, testbed.Database, *seal.Service) {
	t.Parallel()
	db, service := testbed.Postgres(t), visitor.Service(t)
	return web.Handler(origin, desk{visitor.Open(t, db.Reader), service, cdn.NewLinks("https://images.example", visitor.Secret())}.routes()), db, service
}

func TestPeopleSeeWhatIsKeptAboutThem(t *testing.T) {
	handler, db, service := open(t)
	ada, bob := visitor.SignIn(t, db, service), visitor.SignIn(t, db, service)
	var got account.Profile
	ada.Send(t, handler, "GET", "/api/account").Into(200, &got)
	if got.ID != ada.AccountID || got.Name != "Ada Byron" || got.Email != "ada@example.com" || got.Picture != "https://issuer.example/ada.png" {
		t.Errorf("the profile is %+v", got)
	}
	if got.Credits != (account.Credits{Available: visitor.Credits}) || time.Since(got.CreatedAt) > time.Hour || !got.SignedInAt.Equal(got.CreatedAt) {
		t.Errorf("the account began %v, this browser %v with %+v", got.CreatedAt, got.SignedInAt, got.Credits)
	}
	if got.NameCorrected || got.PictureCorrected || got.Preferences.Theme != "system" || got.Emails != (account.Emails{Billing: true}) {
		t.Errorf("the choices of somebody who made none are %+v", got)
	}
	bob.Send(t, handler, "GET", "/api/account").Into(200, &got)
	if got.ID != bob.AccountID {
		t.Error("Bob sees another account")
	}
}

func TestWhoeverIsNotSignedInIsAskedToSignIn(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	for name, v := range map[string]visitor.Visitor{"nobody": {}, "a made-up token": {Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}, "a broken one": {Token: "'"}} {
		t.Log(name)
		for _, path := range []string{"/api/account", "/api/account/sessions", "/api/account/usage"} {
			v.Send(t, handler, "GET", path).Refuses(401, "sign_in_required")
		}
	}
	ada.Send(t, handler, "GET", "/api/account", visitor.Cookie("__Host-session", ada.Token)).Refuses(401, "sign_in_required")
	ada.Send(t, handler, "GET", "/api/account", visitor.At(time.Now().Add(30*24*time.Hour))).Refuses(401, "sign_in_required")
	testbed.Column[string](t, db, "update app.account set closed_at = now() where id = $1 returning id::text", ada.AccountID)
	ada.Send(t, handler, "GET", "/api/account").Refuses(401, "sign_in_required")
}

func TestUnknownParametersAndMethodsAreRefused(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	for _, path := range []string{"/api/account", "/api/account/sessions", "/api/account/usage"} {
		ada.Send(t, handler, "GET", path+"?verbose=1").Refuses(400, "unknown_parameter", "verbose")
	}
	if reply := ada.Send(t, handler, "DELETE", "/api/account").Refuses(405, "method_not_allowed"); reply.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("it allows %q", reply.Header.Get("Allow"))
	}
}

func TestADatabaseThatIsAwayIsOurFaultAndToldWithoutDetails(t *testing.T) {
	t.Parallel()
	away := postgres.Open("postgres://app_web:secret@127.0.0.1:1/app?sslmode=disable")
	t.Cleanup(away.Close)
	handler := web.Handler(origin, desk{db: away, service: visitor.Service(t)}.routes())
	reply := visitor.Visitor{Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}.Send(t, handler, "GET", "/api/account")
	if reply.Status < 500 || strings.Contains(reply.Body, "secret") || strings.Contains(reply.Body, "127.0.0.1") {
		t.Errorf("it answers %d %s", reply.Status, reply.Body)
	}
}
