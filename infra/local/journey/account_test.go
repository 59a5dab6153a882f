package journey

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestAProgramCorrectsTheAccountAndItStaysAtTheNextSignIn(t *testing.T) {
	address := freshAddress()
	p := stranger(t)
	p.signIn(address)
	before := into[account](p.call("GET", "/api/account", nil).is(200))
	if before.Email != address || before.NameCorrected || before.Preferences.Theme != "system" || !before.Emails.Billing || before.Emails.News {
		t.Errorf("at first it is %+v", before)
	}
	mine := p.bring(testPicture(300, 200))
	p.call("PATCH", "/api/account", map[string]any{
		"name": " Ada King ", "picture": mine.ID, "preferences": map[string]any{"theme": "dark"}, "emails": map[string]any{"news": true, "billing": false},
	}).is(204)
	p.signIn(address)
	after := into[account](p.call("GET", "/api/account", nil).is(200))
	if after.ID != before.ID || after.Name != "Ada King" || !after.NameCorrected || !after.PictureCorrected || after.Preferences.Theme != "dark" ||
		!after.Emails.News || after.Emails.Billing || after.Emails.Results || !after.SignedInAt.After(before.SignedInAt) {
		t.Errorf("after another sign-in it is %+v", after)
	}
	picture, err := http.Get(after.Picture)
	if err != nil {
		t.Fatal(err)
	}
	picture.Body.Close()
	if picture.StatusCode != 200 {
		t.Errorf("the picture answers %d", picture.StatusCode)
	}
	p.call("DELETE", "/api/images/"+mine.ID, nil).is(204)
	if gone := into[account](p.call("GET", "/api/account", nil).is(200)); gone.Picture != "" || !gone.PictureCorrected {
		t.Errorf("without the image it is %+v", gone)
	}
}

func TestAProgramSignsOutElsewhereAndEverywhere(t *testing.T) {
	address := freshAddress()
	desk, phone := stranger(t), stranger(t)
	desk.signIn(address)
	phone.signIn(address)
	mine := into[sessions](desk.call("GET", "/api/account/sessions", nil, "User-Agent", "whatever").is(200)).Sessions
	if len(mine) != 2 || mine[0].Current || !mine[1].Current || mine[1].Address == "" || mine[1].ExpiresAt.Sub(mine[1].CreatedAt) != 30*24*time.Hour {
		t.Fatalf("the sessions are %+v", mine)
	}
	newcomer(t).call("DELETE", "/api/account/sessions/"+mine[0].ID, nil).refuses(404, "session_not_found")
	desk.call("DELETE", "/api/account/sessions/"+mine[0].ID, nil).is(204)
	phone.call("GET", "/api/account", nil).refuses(401, "sign_in_required")
	phone.signIn(address)
	desk.call("DELETE", "/api/account/sessions", nil).is(204)
	for _, p := range []*person{desk, phone} {
		p.call("GET", "/api/account", nil).refuses(401, "sign_in_required")
	}
}

func TestAProgramSeesWhatItUsed(t *testing.T) {
	p := newcomer(t)
	mine := p.bring(testPicture(300, 200))
	order := map[string]any{"tool": "upscale", "images": []string{mine.ID}}
	done := p.await(into[generation](p.call("POST", "/api/generations", order, "Idempotency-Key", uuid()).is(202)).ID)
	got := into[usage](p.call("GET", "/api/account/usage?days=2", nil).is(200))
	if len(got.Days) != 1 || got.Days[0].Tool != "upscale" || got.Days[0].Orders != 1 || got.Days[0].Succeeded != 1 || got.Days[0].Failed != 0 ||
		got.Days[0].Credits != done.Cost || got.Days[0].Day < got.From || got.Days[0].Day > got.To {
		t.Errorf("it used %+v", got)
	}
	wanted := int64(mine.Bytes + done.Images[0].Bytes)
	if s := got.Storage; s.Images != 2 || s.Uploads != 1 || s.Results != 1 || s.Bytes != wanted {
		t.Errorf("it keeps %+v, which are %d bytes", s, wanted)
	}
}

func TestAFreshSignInIsADeliberateOne(t *testing.T) {
	p := newcomer(t)
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	sent, err := url.Parse(p.call("GET", "/login?fresh=1&next=/account", nil).is(302).header.Get("Location"))
	if err != nil || sent.Query().Get("prompt") != "select_account" {
		t.Errorf("the browser is sent to %s, %v", sent, err)
	}
	page := p.call("GET", "/login", nil).is(302).header.Get("Location")
	if asked, err := url.Parse(page); err != nil || asked.Query().Has("prompt") {
		t.Errorf("every day it is sent to %s, %v", page, err)
	}
}
