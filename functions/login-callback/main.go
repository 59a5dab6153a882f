// Login-callback exchanges the code that Google gave the browser, then opens a session.
package main

import (
	"errors"
	"net/http"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

type callback struct {
	db      *postgres.Database
	google  *google.Client
	cookie  seal.Key
	service *seal.Service
	lookup  []byte
}

func main() {
	site := setting.URL("SITE_URL")
	web.Serve(site, callback{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		google:  google.New(setting.URL("GOOGLE_ISSUER"), setting.Required("GOOGLE_CLIENT_ID"), setting.Required("GOOGLE_CLIENT_SECRET"), site+"/login/callback"),
		cookie:  setting.Parsed("COOKIE_KEY", seal.ParseKey),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		lookup:  setting.Key("LOOKUP_KEY"),
	}.routes())
}

func (c callback) routes() web.Routes { return web.Routes{"GET /login/callback": c.serve} }

func (c callback) serve(w http.ResponseWriter, r *http.Request) error {
	at, query := web.At(r), r.URL.Query()
	web.EndCookie(w, google.Cookie) // an attempt is good for one return, whatever becomes of it
	w.Header().Set("Cache-Control", "no-store")

	if len(r.CookiesNamed(google.Cookie)) == 0 { // policy P6.4
		return problem.New(problem.Invalid, "cookie_missing", "Signing in needs two cookies of ours, and your browser did not send the first one back: "+
			"it refuses cookies, or more than ten minutes have passed. Allow cookies for this site, then sign in again.")
	}
	attempt, err := google.OpenAttempt(c.cookie, cookieOf(r), query.Get("state"), at)
	if err != nil {
		return refused(err)
	}
	switch query.Get("error") {
	case "":
	case "access_denied": // the person pressed "cancel"
		http.Redirect(w, r, "/?sign_in=cancelled", http.StatusSeeOther)
		return nil
	default:
		return refused(errors.New("the sign-in provider sent an error"))
	}
	person, err := c.google.Exchange(r.Context(), attempt, query.Get("code"), at)
	if err != nil {
		return refused(err)
	}
	closed, err := c.open(w, r, person)
	if err != nil {
		return err
	}
	next := attempt.Next
	if closed { // nothing else is open to this session
		next = "/deletion"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// open finds or makes the account and gives the browser a session of its own; one it had before ends. closed says that the
// account is on its way out.
func (c callback) open(w http.ResponseWriter, r *http.Request, person google.Person) (closed bool, err error) {
	ctx, at := r.Context(), web.At(r)
	address := web.Address(r).String()
	who := account.Identity{
		Issuer: person.Issuer, Subject: person.Subject, Name: person.Name, Email: person.Email, Picture: person.Picture, Address: address,
	}
	device := session.Device{UserAgent: r.UserAgent(), Address: address}
	var token string
	var until time.Time
	signIn := func(tx postgres.Querier) error {
		found, err := account.SignIn(ctx, tx, c.service, c.lookup, who, at)
		if err != nil {
			return err
		}
		closed = found.Closed
		if !closed {
			if err := credit.GrantFree(ctx, tx, found.ID, who.FreeGrantHash(c.lookup), tool.FreeCredits, at); err != nil {
				return err
			}
		}
		if err := session.Close(ctx, tx, web.SessionHash(r)); err != nil {
			return err
		}
		web.Who(r, found.Pseudonym)
		token, until, err = session.Open(ctx, tx, found.Key, found.ID, device, at)
		return err
	}
	err = c.db.Transaction(ctx, signIn)
	if account.Raced(err) {
		err = c.db.Transaction(ctx, signIn)
	}
	if err == nil { // only now: a cookie for a session that was rolled back would sign the browser out
		web.SetSession(w, token, until, at)
	}
	return closed, err
}

func cookieOf(r *http.Request) string {
	if cookies := r.CookiesNamed(google.Cookie); len(cookies) == 1 {
		return cookies[0].Value
	}
	return ""
}

func refused(err error) error {
	if errors.Is(err, google.ErrRefused) {
		return problem.New(problem.Invalid, "sign_in_refused", "This sign-in could not be completed. Please go back and sign in again.").Because(err)
	}
	return problem.New(problem.Unavailable, "sign_in_unavailable", "Google's sign-in does not answer. Please try again in a moment.").Because(err)
}
