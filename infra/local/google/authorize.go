package google

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const codeLifetime = time.Minute

// grant is what an authorization code stands for.
type grant struct {
	person      person
	redirectURL string
	scope       string
	nonce       string
	challenge   string // S256 challenge of RFC 7636, empty where the client sent none
	expires     time.Time
	used        bool
	token       string // the access token it was exchanged for
}

//go:embed page.html
var pageSource string

//go:embed style.css
var styleSource []byte

var page = template.Must(template.New("page").Parse(pageSource))

type choice struct {
	Error  string
	People []person
	Hidden map[string]string
	Hint   string
}

// showChoice shows the form, or answers at once where the client asks for no page (prompt=none).
func (p *Provider) showChoice(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !p.accepts(w, r, query) {
		return
	}
	hint := query.Get("login_hint")
	if query.Get("prompt") == "none" {
		someone, ok := personOf(hint)
		if !ok {
			sendBack(w, r, query, url.Values{"error": {"login_required"}})
			return
		}
		p.grantTo(w, r, query, someone)
		return
	}
	hidden := map[string]string{}
	for name := range query {
		hidden[name] = query.Get(name)
	}
	showPage(w, http.StatusOK, query.Get("redirect_uri"), choice{People: people(p.config.Issuer), Hidden: hidden, Hint: hint})
}

// takeChoice answers the form: person=1|2|3, email=<any address> or cancel=1 beside the fields of the query.
func (p *Provider) takeChoice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		showPage(w, http.StatusBadRequest, "", choice{Error: "Send the form as application/x-www-form-urlencoded."})
		return
	}
	form := r.PostForm
	if !p.accepts(w, r, form) {
		return
	}
	if form.Get("cancel") != "" {
		sendBack(w, r, form, url.Values{"error": {"access_denied"}})
		return
	}
	address := form.Get("email")
	for _, known := range people("") {
		if strconv.Itoa(known.Number) == form.Get("person") {
			address = known.Email
		}
	}
	someone, ok := personOf(address)
	if !ok {
		showPage(w, http.StatusBadRequest, "", choice{Error: "Choose a person, or write an e-mail address; go back and try again."})
		return
	}
	p.grantTo(w, r, form, someone)
}

// accepts checks an authorization request. What concerns the client itself is shown to the person, because an unproven
// address must not be redirected to (RFC 6749, section 4.1.2.1); all else goes back to the client.
func (p *Provider) accepts(w http.ResponseWriter, r *http.Request, query url.Values) bool {
	switch {
	case query.Get("client_id") != p.config.ClientID:
		showPage(w, http.StatusUnauthorized, "", choice{Error: "Error 401: invalid_client. This client is not registered here."})
		return false
	case !slices.Contains(p.config.RedirectURLs, query.Get("redirect_uri")):
		showPage(w, http.StatusBadRequest, "", choice{Error: "Error 400: redirect_uri_mismatch. This redirect address is not registered here."})
		return false
	}
	problem := ""
	switch {
	case query.Get("response_type") != "code":
		problem = "unsupported_response_type"
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		problem = "invalid_scope"
	case query.Get("code_challenge") != "" && query.Get("code_challenge_method") != "S256":
		problem = "invalid_request"
	case !prompts(strings.Fields(query.Get("prompt"))):
		problem = "invalid_request"
	}
	if problem != "" {
		sendBack(w, r, query, url.Values{"error": {problem}})
		return false
	}
	return true
}

// prompts says whether these are ways of asking that Google knows; none stands alone (OpenID Connect Core, section 3.1.2.1).
// The page here is always shown, so that every other one is a deliberate click.
func prompts(wanted []string) bool {
	known := []string{"consent", "select_account"}
	return slices.Equal(wanted, []string{"none"}) || !slices.ContainsFunc(wanted, func(prompt string) bool { return !slices.Contains(known, prompt) })
}

func (p *Provider) grantTo(w http.ResponseWriter, r *http.Request, query url.Values, someone person) {
	code := "4/" + randomToken(24)
	now := p.config.Now()
	p.mu.Lock()
	for old, grant := range p.grants {
		if now.Sub(grant.expires) > time.Hour {
			delete(p.grants, old)
		}
	}
	p.grants[code] = &grant{
		person:      someone,
		redirectURL: query.Get("redirect_uri"),
		scope:       query.Get("scope"),
		nonce:       query.Get("nonce"),
		challenge:   query.Get("code_challenge"),
		expires:     now.Add(codeLifetime),
	}
	p.mu.Unlock()
	sendBack(w, r, query, url.Values{"code": {code}, "scope": {query.Get("scope")}})
}

// sendBack redirects to the client with its own state and, against mix-up, our issuer's answer.
func sendBack(w http.ResponseWriter, r *http.Request, query, answer url.Values) {
	target, err := url.Parse(query.Get("redirect_uri"))
	if err != nil {
		showPage(w, http.StatusBadRequest, "", choice{Error: "The redirect address is not a URL."})
		return
	}
	all := target.Query()
	for name, values := range answer {
		all[name] = values
	}
	if state := query.Get("state"); state != "" {
		all.Set("state", state)
	}
	target.RawQuery = all.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target.String(), http.StatusFound)
}

// showPage lets the form be answered with a redirect to the client: Chromium holds form-action against redirects too.
func showPage(w http.ResponseWriter, status int, redirectURL string, content choice) {
	action := "'self'"
	if target, err := url.Parse(redirectURL); err == nil && target.Host != "" {
		action += " " + target.Scheme + "://" + target.Host
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+action)
	w.WriteHeader(status)
	_ = page.Execute(w, content) // whoever asked may have gone
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=60")
	w.Write(styleSource)
}

// parseAddress accepts a bare address only, and gives it in lower case.
func parseAddress(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > 254 {
		return "", false
	}
	return text, true
}
