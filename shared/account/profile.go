package account

import (
	"context"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
)

// Profile is what GET /api/account shows its owner.
type Profile struct {
	ID               string      `json:"id"`
	Name             string      `json:"name"`
	Email            string      `json:"email"`
	Picture          string      `json:"picture"` // "" or an address
	PictureImage     string      `json:"-"`       // id of the image that its owner chose; Picture is "" then
	NameCorrected    bool        `json:"name_corrected"`
	PictureCorrected bool        `json:"picture_corrected"`
	Credits          Credits     `json:"credits"`
	Preferences      Preferences `json:"preferences"`
	Emails           Emails      `json:"emails"`
	CreatedAt        time.Time   `json:"created_at"`
	SignedInAt       time.Time   `json:"signed_in_at"` // by this browser
}

// Credits of an account: to spend, held for orders under way, and owed, because they had been spent when their payment was
// taken back. Who owes some has none to spend.
type Credits struct {
	Available int64 `json:"available"`
	Held      int64 `json:"held"`
	Owed      int64 `json:"owed"`
}

// Preferences of how the pages look.
type Preferences struct {
	Theme string `json:"theme"` // system, light or dark
}

// Emails are what may be told by e-mail.
type Emails struct {
	Results bool `json:"results" db:"mail_results"` // finished images
	Billing bool `json:"billing" db:"mail_billing"` // plan and payments
	News    bool `json:"news" db:"mail_news"`       // of the service
}

// chosen stands before the id of an image of one's own where otherwise Google's link stands.
const chosen = "image:"

// Read gives the caller's own profile, in one statement with the session check. Who never chose anything has the pages look as
// the system does, and gets e-mail about billing only.
func Read(ctx context.Context, db postgres.Querier, service *seal.Service, tokenHash []byte, at time.Time) (Profile, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Credits
		Preferences
		Emails
		Name, Email, Picture            seal.Sealed
		NameCorrected, PictureCorrected bool
		CreatedAt                       time.Time
	}](ctx, db, "reading the account", `
		select `+session.Columns+`, a.name, a.email, a.picture, a.created_at,
		       'name' = any (a.corrected) as name_corrected, 'picture' = any (a.corrected) as picture_corrected,
		       coalesce(p.theme, 'system') as theme, coalesce(p.mail_results, false) as mail_results,
		       coalesce(p.mail_billing, true) as mail_billing, coalesce(p.mail_news, false) as mail_news,
		       coalesce(b.available, 0) as available, coalesce(b.held, 0) as held, coalesce(b.owed, 0) as owed
		from app.caller($1, $2) c
		join app.account a on a.id = c.account_id
		left join app.preference p on p.account_id = a.id
		left join lateral app.balance(c.account_id) b on true`, tokenHash, at)
	if err != nil {
		return Profile{}, session.Caller{}, err
	}
	p := Profile{
		ID: row.AccountID, NameCorrected: row.NameCorrected, PictureCorrected: row.PictureCorrected, Credits: row.Credits,
		Preferences: row.Preferences, Emails: row.Emails, CreatedAt: row.CreatedAt.UTC(), SignedInAt: row.SignedInAt.UTC(),
	}
	key, err := row.Key(service)
	if err != nil {
		return Profile{}, row.Caller, err
	}
	for _, field := range []struct {
		name   string
		sealed seal.Sealed
		text   *string
	}{{"name", row.Name, &p.Name}, {"email", row.Email, &p.Email}, {"picture", row.Picture, &p.Picture}} {
		if *field.text, err = key.Open("account."+field.name+"/"+p.ID, field.sealed); err != nil {
			return Profile{}, row.Caller, err
		}
	}
	if id, ok := strings.CutPrefix(p.Picture, chosen); ok && p.PictureCorrected {
		p.Picture, p.PictureImage = "", id
	}
	return p, row.Caller, nil
}
