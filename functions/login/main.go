// Login sends the browser to Google.
package main

import (
	"net/http"
	"net/url"
	"strings"

	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type login struct {
	google *google.Client
	cookie seal.Key
}

func main() {
	site := setting.URL("SITE_URL")
	web.Serve(site, login{
		google: google.New(setting.URL("GOOGLE_ISSUER"), setting.Required("GOOGLE_CLIENT_ID"), "", site+"/login/callback"), // sending needs no secret
		cookie: setting.Parsed("COOKIE_KEY", seal.ParseKey),
	}.routes())
}

func (l login) routes() web.Routes { return web.Routes{"GET /login": l.serve} }

func (l login) serve(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r, "next", "fresh")
	if err != nil {
		return err
	}
	fresh := query.Get("fresh") == "1"
	if query.Has("fresh") && !fresh {
		return problem.New(problem.Invalid, "invalid_fresh", "fresh is 1, which asks for a deliberate sign-in; leave it out otherwise.")
	}
	attempt := google.NewAttempt(local(query.Get("next")), web.At(r))
	address, err := l.google.AuthorizationURL(r.Context(), attempt, fresh)
	if err != nil {
		return problem.New(problem.Unavailable, "sign_in_unavailable", "Google's sign-in does not answer. Please try again in a moment.").Because(err)
	}
	sealed, err := attempt.Seal(l.cookie)
	if err != nil {
		return err
	}
	web.SetCookie(w, google.Cookie, sealed, google.AttemptLifetime)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusFound)
	return nil
}

// local keeps a next that stays on this site, and makes "/studio" of every other: whoever follows a link to our sign-in
// must not come out on a stranger's page (RFC 9700 4.11).
func local(next string) string {
	const otherwise = "/studio"
	parsed, err := url.Parse(next)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.User != nil || parsed.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(parsed.Path, "//") || strings.ContainsAny(next, "\\\x00\t\r\n") {
		return otherwise
	}
	if next = parsed.String(); len(next) > 500 { // it travels in a cookie
		return otherwise
	}
	return next
}
