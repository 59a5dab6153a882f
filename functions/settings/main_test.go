package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

type bench struct {
	visitor.Handler
	db      testbed.Database
	service *seal.Service
}

func open(t *testing.T) bench {
	t.Parallel()
	db, service := testbed.Postgres(t), visitor.Service(t)
	return bench{web.Handler(origin, desk{db: visitor.Open(t, db.Web), service: service}.routes()), db, service}
}

func (b bench) profile(t *testing.T, who visitor.Visitor) account.Profile {
	t.Helper()
	profile, _, err := account.Read(t.Context(), visitor.Open(t, b.db.Reader), b.service, who.Hash, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func (b bench) sessions(t *testing.T, who visitor.Visitor) []session.View {
	t.Helper()
	views, _, err := session.List(t.Context(), visitor.Open(t, b.db.Reader), b.service, who.Hash, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return views
}

// another browser of somebody who is signed in already.
func (b bench) another(t *testing.T, who visitor.Visitor) visitor.Visitor {
	t.Helper()
	var err error
	who.Token, _, err = session.Open(t.Context(), visitor.Open(t, b.db.Web), who.Key, who.AccountID, session.Device{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return who
}

const cookieOver = "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"

// policy P3.3 is the choice of e-mail, policy P6.1 the correction.
func TestPeopleCorrectWhatIsKeptAboutThem(t *testing.T) {
	b := open(t)
	ada, bob := visitor.SignIn(t, b.db, b.service), visitor.SignIn(t, b.db, b.service)
	reply := ada.Send(t, b.Handler, "PATCH", "/api/account").Is(204) // as in event.json
	if reply.Body != "" || len(reply.Cookies) != 0 {
		t.Errorf("it answers %q with %q", reply.Body, reply.Cookies)
	}
	wanted := b.profile(t, bob)
	if wanted.NameCorrected || wanted.Preferences.Theme != "system" {
		t.Errorf("Bob was changed: %+v", wanted)
	}
	wanted.ID, wanted.CreatedAt, wanted.SignedInAt = ada.AccountID, b.profile(t, ada).CreatedAt, b.profile(t, ada).SignedInAt
	wanted.Name, wanted.NameCorrected, wanted.Preferences.Theme, wanted.Emails.Results = "Ada King", true, "dark", true
	if got := b.profile(t, ada); got != wanted {
		t.Errorf("Ada is %+v, want %+v", got, wanted)
	}
	ada.Send(t, b.Handler, "PATCH", "/api/account", visitor.Body(`{"picture": "", "emails": {"billing": false}, "preferences": null}`)).Is(204)
	if got := b.profile(t, ada); got.Picture != "" || !got.PictureCorrected || got.Emails != (account.Emails{Results: true}) || got.Preferences.Theme != "dark" {
		t.Errorf("then she is %+v", got)
	}
}

func TestWhatCannotBeKeptIsSaidByFieldAndChangesNothing(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.db, b.service)
	before := b.profile(t, ada)
	for body, c := range map[string]struct {
		status int
		code   string
		fields []string
	}{
		`{"name": "Ada\nKing", "picture": "x", "preferences": {"theme": "neon"}}`: {422, "invalid_settings", []string{"name", "picture", "preferences.theme"}},
		`{"name": "` + strings.Repeat("a", 101) + `"}`:                            {422, "invalid_settings", []string{"name"}},
		`{"name": "Ada", "picture": "` + uuid.NewString() + `"}`:                  {404, "image_not_found", []string{"picture"}},
		`{}`:                                {422, "nothing_to_change", nil},
		`{"name": null, "emails": {}}`:      {422, "nothing_to_change", nil},
		`{"name": "Ada", "email": "a@b.c"}`: {422, "unknown_field", []string{"email"}},
		`{"emails": {"spam": true}}`:        {422, "unknown_field", []string{"spam"}},
		`{"emails": {"news": "yes"}}`:       {422, "wrong_type", []string{"emails.news"}},
		`{"name": 7}`:                       {422, "wrong_type", []string{"name"}},
		`[]`:                                {422, "object_required", nil},
		`{"name": "Ada"`:                    {400, "malformed_json", nil},
		strings.Repeat(" ", 64<<10) + `{}`:  {413, "body_too_large", nil},
	} {
		ada.Send(t, b.Handler, "PATCH", "/api/account", visitor.Body(body)).Refuses(c.status, c.code, c.fields...)
	}
	ada.Send(t, b.Handler, "PATCH", "/api/account?name=Ada").Refuses(400, "unknown_parameter", "name")
	ada.Send(t, b.Handler, "PATCH", "/api/account", visitor.Header("content-type", "text/plain")).Refuses(415, "json_required")
	if after := b.profile(t, ada); after != before {
		t.Errorf("%+v became %+v", before, after)
	}
}

func TestOneBrowserIsSignedOutAndTheOthersStay(t *testing.T) {
	b := open(t)
	ada, bob := visitor.SignIn(t, b.db, b.service), visitor.SignIn(t, b.db, b.service)
	phone := b.another(t, ada)
	mine, theirs := b.sessions(t, ada), b.sessions(t, bob)[0].ID
	if len(mine) != 2 || !mine[1].Current {
		t.Fatalf("Ada's are %+v", mine)
	}
	for _, id := range []string{theirs, uuid.NewString(), "x", "%20"} {
		ada.Send(t, b.Handler, "DELETE", "/api/account/sessions/"+id).Refuses(404, "session_not_found")
	}
	if reply := ada.Send(t, b.Handler, "DELETE", "/api/account/sessions/"+mine[0].ID).Is(204); len(reply.Cookies) != 0 {
		t.Errorf("ending the phone's sets %q here", reply.Cookies)
	}
	ada.Send(t, b.Handler, "DELETE", "/api/account/sessions/"+mine[0].ID).Refuses(404, "session_not_found")
	phone.Send(t, b.Handler, "PATCH", "/api/account").Refuses(401, "sign_in_required")
	if left := b.sessions(t, ada); len(left) != 1 || left[0].ID != mine[1].ID || len(b.sessions(t, bob)) != 1 {
		t.Errorf("%+v are left", left)
	}
	reply := ada.Send(t, b.Handler, "DELETE", "/api/account/sessions/"+strings.ToUpper(mine[1].ID)).Is(204)
	if len(reply.Cookies) != 1 || reply.Cookies[0] != cookieOver {
		t.Errorf("ending one's own sets %q", reply.Cookies)
	}
	ada.Send(t, b.Handler, "DELETE", "/api/account/sessions/"+mine[1].ID).Refuses(401, "sign_in_required")
}

func TestAllBrowsersAreSignedOutTogether(t *testing.T) {
	b := open(t)
	ada, bob := visitor.SignIn(t, b.db, b.service), visitor.SignIn(t, b.db, b.service)
	phone := b.another(t, ada)
	if reply := phone.Send(t, b.Handler, "DELETE", "/api/account/sessions").Is(204); len(reply.Cookies) != 1 || reply.Cookies[0] != cookieOver {
		t.Errorf("it sets %q", reply.Cookies)
	}
	for _, browser := range []visitor.Visitor{ada, phone} {
		browser.Send(t, b.Handler, "DELETE", "/api/account/sessions").Refuses(401, "sign_in_required")
	}
	if len(b.sessions(t, bob)) != 1 {
		t.Error("Bob was signed out too")
	}
}

func TestNothingIsChangedForStrangersAndOtherSites(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.db, b.service)
	for _, route := range [][2]string{{"PATCH", "/api/account"}, {"DELETE", "/api/account/sessions"}, {"DELETE", "/api/account/sessions/" + uuid.NewString()}} {
		visitor.Visitor{}.Send(t, b.Handler, route[0], route[1]).Refuses(401, "sign_in_required")
		visitor.Visitor{Token: "AAAABBBBCCCCDDDDEEEEFFFF22"}.Send(t, b.Handler, route[0], route[1]).Refuses(401, "sign_in_required")
		ada.Send(t, b.Handler, route[0], route[1], visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")).Refuses(403, "cross_origin")
	}
	for _, path := range []string{"/api/account/sessions?all=1", "/api/account/sessions/" + uuid.NewString() + "?all=1"} {
		ada.Send(t, b.Handler, "DELETE", path).Refuses(400, "unknown_parameter", "all")
	}
	if p := b.profile(t, ada); p.NameCorrected || len(b.sessions(t, ada)) != 1 {
		t.Errorf("Ada is %+v", p)
	}
}
