package account

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
)

// longestName of a person, in characters.
const longestName = 100

var errInvalid = problem.New(problem.Unprocessable, "invalid_settings", "These settings cannot be kept; see what is wrong with which.")

var errNothing = problem.New(problem.Unprocessable, "nothing_to_change", "Send at least one setting that is to change.")

var errNotOwned = problem.New(problem.NotFound, "image_not_found", "There is no such image in your library.").
	In("picture", "This is an image of your library, or empty for none.")

// Change is what the owner of an account wants otherwise; what is nil stays as it is.
type Change struct {
	Name        *string `json:"name"`
	Picture     *string `json:"picture"` // "" for none, or the id of an image in one's library
	Preferences struct {
		Theme *string `json:"theme"`
	} `json:"preferences"`
	Emails struct {
		Results *bool `json:"results"`
		Billing *bool `json:"billing"`
		News    *bool `json:"news"`
	} `json:"emails"`
}

// Check gives the change as it is to be kept, or a problem that names each field which cannot be.
func (c Change) Check() (Change, error) {
	if c == (Change{}) {
		return Change{}, errNothing
	}
	wrong := map[string]string{}
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		if n := utf8.RuneCountInString(name); n == 0 || n > longestName || strings.ContainsFunc(name, unprintable) {
			wrong["name"] = "A name has 1 to 100 characters, on one line."
		}
		c.Name = &name
	}
	if c.Picture != nil && *c.Picture != "" && (len(*c.Picture) != 36 || uuid.Validate(*c.Picture) != nil) {
		wrong["picture"] = "This is the id of an image in your library, or empty for none."
	}
	if theme := c.Preferences.Theme; theme != nil && *theme != "system" && *theme != "light" && *theme != "dark" {
		wrong["preferences.theme"] = "The theme is system, light or dark."
	}
	if len(wrong) == 0 {
		return c, nil
	}
	p := errInvalid
	for field, sentence := range wrong {
		p = p.In(field, sentence)
	}
	return Change{}, p
}

// unprintable are control characters and those that begin a new line.
func unprintable(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }

// Correct carries out a change that has been checked, all of it or nothing. What its owner corrected stays at the next sign-in.
// An image that is not in the library is refused by name.
func Correct(ctx context.Context, db postgres.Querier, service *seal.Service, tokenHash []byte, at time.Time, c Change) (session.Caller, error) {
	images := []string{}
	if c.Picture != nil && *c.Picture != "" {
		images = append(images, *c.Picture)
	}
	row, err := session.Ask[struct {
		session.Caller
		OwnsImages bool
	}](ctx, db, "correcting the account", `
		select `+session.Columns+`, app.owns_images(c.account_id, $3::uuid[]) as owns_images from app.caller($1, $2) c`, tokenHash, at, images)
	if err != nil {
		return row.Caller, err
	}
	if !row.OwnsImages {
		return row.Caller, errNotOwned
	}
	key, err := row.Key(service)
	if err != nil {
		return row.Caller, err
	}
	return row.Caller, c.write(ctx, db, key, row.AccountID, at)
}

func (c Change) write(ctx context.Context, db postgres.Querier, key seal.Key, account string, at time.Time) error {
	var name, picture seal.Sealed
	corrected := []string{}
	if c.Name != nil {
		name, corrected = key.Seal("account.name/"+account, *c.Name), append(corrected, "name")
	}
	if c.Picture != nil {
		text := *c.Picture
		if text != "" {
			text = chosen + strings.ToLower(text)
		}
		picture, corrected = key.Seal("account.picture/"+account, text), append(corrected, "picture")
	}
	var open bool
	err := db.QueryRow(ctx, `
		with corrected as (
			update app.account set name = coalesce($2::bytea, name), picture = coalesce($3::bytea, picture),
				corrected = array(select distinct unnest(corrected || $4::text[]) order by 1)
			where id = $1::uuid and closed_at is null
			returning id
		), preferred as (
			insert into app.preference as p (account_id, theme, mail_results, mail_billing, mail_news, changed_at)
			select id, coalesce($5::text, 'system'), coalesce($6::boolean, false), coalesce($7::boolean, true), coalesce($8::boolean, false), $9
			from corrected where num_nonnulls($5::text, $6::boolean, $7::boolean, $8::boolean) > 0
			on conflict (account_id) do update set
				theme = coalesce($5::text, p.theme), mail_results = coalesce($6::boolean, p.mail_results),
				mail_billing = coalesce($7::boolean, p.mail_billing), mail_news = coalesce($8::boolean, p.mail_news), changed_at = $9
		)
		select exists (select from corrected)`,
		account, []byte(name), []byte(picture), corrected, c.Preferences.Theme, c.Emails.Results, c.Emails.Billing, c.Emails.News, at).Scan(&open)
	if err != nil {
		return fmt.Errorf("correcting the account: %w", err)
	}
	if !open {
		return session.ErrSignedOut // it was closed meanwhile
	}
	return nil
}
