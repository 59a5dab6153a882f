package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

func correct(t *testing.T, db people.Database, who people.Person, change account.Change) error {
	t.Helper()
	checked, err := change.Check()
	if err == nil {
		_, err = account.Correct(context.Background(), db.Web, db.Service, who.Token, people.Now(), checked)
	}
	return err
}

func mustCorrect(t *testing.T, db people.Database, who people.Person, change account.Change) {
	t.Helper()
	if err := correct(t, db, who, change); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, db people.Database, who people.Person) account.Profile {
	t.Helper()
	profile, _, err := account.Read(context.Background(), db.Reader, db.Service, who.Token, people.Now())
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// image puts a row into somebody's library.
func image(t *testing.T, db people.Database, who people.Person, state string) string {
	t.Helper()
	id := uuid.NewString()
	db.Do(t, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1::uuid, $2, 'upload', $3, $5, $1::uuid::text, $1::uuid::text, 'image/png', 'image/png', 1, 1, 1, 0, $4, 1, 0, $4, $5)`,
		id, who.ID, state, make([]byte, 32), people.Now())
	return id
}

func TestWhatItsOwnerCorrectedStaysCorrectedAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	google := people.Identity("ada")
	mustCorrect(t, db, ada, account.Change{Name: new("  Ada King\t")})
	if p := read(t, db, ada); p.Name != "Ada King" || !p.NameCorrected || p.PictureCorrected || p.Picture != google.Picture {
		t.Errorf("after the correction it is %+v", p)
	}
	google.Name, google.Email, google.Picture = "A. Byron", "countess@example.org", "https://example.com/new.png"
	mustSignIn(t, db, google, people.Now().Add(time.Hour))
	if p := read(t, db, ada); p.Name != "Ada King" || p.Email != google.Email || p.Picture != google.Picture {
		t.Errorf("after the next sign-in it is %+v", p)
	}
	mine := image(t, db, ada, "ready")
	mustCorrect(t, db, ada, account.Change{Picture: new(strings.ToUpper(mine))})
	mustSignIn(t, db, google, people.Now().Add(2*time.Hour))
	if p := read(t, db, ada); p.Picture != "" || p.PictureImage != mine || !p.NameCorrected || !p.PictureCorrected {
		t.Errorf("with a picture of the library it is %+v", p)
	}
	mustCorrect(t, db, ada, account.Change{Picture: new("")})
	mustSignIn(t, db, google, people.Now().Add(3*time.Hour))
	if p := read(t, db, ada); p.Picture != "" || p.PictureImage != "" || !p.PictureCorrected || p.Name != "Ada King" {
		t.Errorf("without a picture it is %+v", p)
	}
}

func TestCorrectionsAreSealedLikeWhatGoogleSaid(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	mine := image(t, db, ada, "ready")
	mustCorrect(t, db, ada, account.Change{Name: new("Ada King"), Picture: &mine})
	for column, text := range map[string]string{"name": "Ada King", "picture": "image:" + mine} {
		sealed := people.Ask[[]byte](t, db, `select `+column+` from app.account where id = $1`, ada.ID)
		if got, err := ada.Key.Open("account."+column+"/"+ada.ID, sealed); got != text || err != nil {
			t.Errorf("%s opens as %q, %v", column, got, err)
		}
	}
}

func TestPreferencesChangeOneByOne(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	var theme, emails account.Change
	theme.Preferences.Theme = new("dark")
	emails.Emails.Results, emails.Emails.Billing = new(true), new(false)
	mustCorrect(t, db, ada, account.Change{Name: new("Ada")})
	if people.Ask[int](t, db, `select count(*) from app.preference`) != 0 {
		t.Error("a new name chose preferences")
	}
	mustCorrect(t, db, ada, theme)
	if p := read(t, db, ada); p.Preferences.Theme != "dark" || p.Emails != (account.Emails{Billing: true}) {
		t.Errorf("after the theme: %+v, %+v", p.Preferences, p.Emails)
	}
	mustCorrect(t, db, ada, emails)
	if p := read(t, db, ada); p.Preferences.Theme != "dark" || p.Emails != (account.Emails{Results: true}) {
		t.Errorf("after the e-mails: %+v, %+v", p.Preferences, p.Emails)
	}
	if p := read(t, db, grace); p.Preferences.Theme != "system" || p.Emails != (account.Emails{Billing: true}) || p.NameCorrected {
		t.Errorf("Grace has %+v", p)
	}
}

func TestAChangeThatCannotBeKeptNamesItsFieldsAndChangesNothing(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, grace := db.SignIn(t, "ada", 0), db.SignIn(t, "grace", 0)
	before := read(t, db, ada)
	theirs, deleted := image(t, db, grace, "ready"), image(t, db, ada, "deleting")
	var theme account.Change
	theme.Preferences.Theme, theme.Name = new("neon"), new("")
	for what, c := range map[string]struct {
		change account.Change
		code   string
		fields []string
	}{
		"nothing":             {account.Change{}, "nothing_to_change", nil},
		"spaces":              {account.Change{Name: new(" \u00a0\t")}, "invalid_settings", []string{"name"}},
		"101 characters":      {account.Change{Name: new(strings.Repeat("ü", 101))}, "invalid_settings", []string{"name"}},
		"two lines":           {account.Change{Name: new("Ada\nKing")}, "invalid_settings", []string{"name"}},
		"a line separator":    {account.Change{Name: new("Ada\u2028King")}, "invalid_settings", []string{"name"}},
		"a NUL":               {account.Change{Name: new("Ada\x00")}, "invalid_settings", []string{"name"}},
		"a link":              {account.Change{Picture: new("https://example.com/ada.png"), Name: new("Ada")}, "invalid_settings", []string{"picture"}},
		"a URN":               {account.Change{Picture: new("urn:uuid:" + theirs)}, "invalid_settings", []string{"picture"}},
		"name and theme":      {theme, "invalid_settings", []string{"name", "preferences.theme"}},
		"another's image":     {account.Change{Picture: &theirs, Name: new("Ada")}, "image_not_found", []string{"picture"}},
		"an image being gone": {account.Change{Picture: &deleted}, "image_not_found", []string{"picture"}},
		"nobody's image":      {account.Change{Picture: new(uuid.NewString())}, "image_not_found", []string{"picture"}},
	} {
		refused := problem.Of(correct(t, db, ada, c.change))
		if refused == nil || refused.Code != c.code || len(refused.Fields) != len(c.fields) {
			t.Errorf("%s: %v", what, refused)
			continue
		}
		for field, sentence := range refused.Fields {
			if !slices.Contains(c.fields, field) || sentence == "" {
				t.Errorf("%s: %q is %q", what, field, sentence)
			}
		}
	}
	if after := read(t, db, ada); after != before {
		t.Errorf("%+v became %+v", before, after)
	}
	if err := correct(t, db, ada, account.Change{Name: new(strings.Repeat("ü", 100))}); err != nil {
		t.Errorf("100 characters: %v", err)
	}
}

func TestAnAccountThatClosesMeanwhileIsNotCorrected(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	change := account.Change{Name: new("Ada King")}
	change.Preferences.Theme = new("dark")
	meanwhile := closing{db, ada.ID, t}
	if _, err := account.Correct(context.Background(), meanwhile, db.Service, ada.Token, people.Now(), change); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if n := people.Ask[int](t, db, `select count(*) from app.preference`); n != 0 || people.Ask[string](t, db, `select corrected::text from app.account`) != "{}" {
		t.Error("something of a closed account was changed")
	}
}
