package stripe

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed pay.html
var paySource string

//go:embed style.css
var styleSource []byte

var payPage = template.Must(template.New("pay").Parse(paySource))

// payView is what a page of Checkout shows. State is open, confirm, or another for a page that only tells something.
type payView struct {
	ID, State, Title, Problem string
	Items                     []soldView
	Total, Button             string
	Countries                 []country
	Bank                      bool
	Back                      string
	Cards                     []testCard
}

type soldView struct{ Name, Price string }

type testCard struct{ Number, What string }

type country struct {
	Code, Name string
	Chosen     bool
}

// pages adds what people see.
func (s *Server) pages() {
	s.routes.HandleFunc("GET /c/pay/{id}", s.onSession(nil))
	s.routes.HandleFunc("POST /c/pay/{id}", s.onSession(takeCard))
	s.routes.HandleFunc("GET /c/confirm/{id}", s.onSession(nil))
	s.routes.HandleFunc("POST /c/confirm/{id}", s.onSession(func(w *world, session object, values url.Values) (string, *apiError) {
		return w.confirm(session, values.Get("outcome") == "complete")
	}))
	s.routes.HandleFunc("GET /style.css", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/css; charset=utf-8")
		rw.Header().Set("Cache-Control", "max-age=60")
		rw.Write(styleSource)
	})
	s.routes.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { s.lost(rw, "There is no such page.") })
	s.portalPages()
}

// lost shows a page for an address behind which there is nothing.
func (s *Server) lost(rw http.ResponseWriter, message string) {
	showPay(rw, http.StatusNotFound, "", payView{State: "lost", Title: "Nothing here", Problem: message})
}

func takeCard(w *world, session object, values url.Values) (string, *apiError) {
	card, failure := readCard(values, w.now())
	if failure != nil {
		return "", failure
	}
	return w.buy(session, card)
}

// onSession shows a session's page, after doing what its form asks for.
func (s *Server) onSession(do func(*world, object, url.Values) (next string, refused *apiError)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		w := s.holder(id)
		if w == nil {
			s.lost(rw, "There is no such payment page. Go back to the shop and begin again.")
			return
		}
		r.Body = http.MaxBytesReader(rw, r.Body, 1<<16)
		if err := r.ParseForm(); err != nil {
			http.Error(rw, "Send the form as application/x-www-form-urlencoded.", http.StatusBadRequest)
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pass()
		session := w.get(id)
		switch {
		case text(session, "object") != "checkout.session":
			s.lost(rw, "There is no such payment page. Go back to the shop and begin again.")
		case session["status"] == "complete":
			showPay(rw, http.StatusOK, "", payView{State: "done", Title: "You have paid already", Back: w.returnTo(session)})
		case session["status"] == "expired":
			showPay(rw, http.StatusGone, "", payView{State: "gone", Title: "This payment page has expired",
				Problem: "Nothing was paid. Go back to the shop and begin again.", Back: text(session, "cancel_url")})
		case do == nil:
			w.showSession(rw, session, "", "US")
		default:
			next, refused := do(w, session, r.PostForm)
			if refused != nil {
				w.showSession(rw, session, refused.message, r.PostForm.Get("country"))
				return
			}
			http.Redirect(rw, r, next, http.StatusSeeOther)
		}
	}
}

// showSession shows an open session: the form for the card, or the question for a confirmation.
func (w *world) showSession(rw http.ResponseWriter, session object, problem, chosen string) {
	id := text(session, "id")
	total := money(number(session, "amount_total"), text(session, "currency"))
	view := payView{ID: id, State: "open", Title: "Pay " + total, Problem: problem, Total: total, Button: "Pay " + total,
		Countries: countries(chosen), Cards: shownCards(), Back: text(session, "cancel_url"), Bank: session["mode"] == "payment"}
	for _, item := range w.lineItems(id) {
		price := money(number(item, "amount_total"), text(item, "currency"))
		if interval := text(item, "price.recurring.interval"); interval != "" {
			price += " per " + interval
		}
		view.Items = append(view.Items, soldView{text(item, "description"), price})
	}
	if session["mode"] == "subscription" {
		view.Title, view.Button = "Subscribe to "+view.Items[0].Name, "Subscribe"
		if w.trialOf(w.subscriptionData(id)) > w.now().Unix() {
			view.Total, view.Button = money(0, text(session, "currency")), "Start trial"
		}
	}
	if w.sales[id].toConfirm != "" {
		view.State, view.Title = "confirm", "Confirm your payment"
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusPaymentRequired
	}
	leadsTo := originOf(text(session, "success_url")) + " " + originOf(text(session, "cancel_url"))
	showPay(rw, status, leadsTo, view)
}

func originOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}

// showPay lets the form be answered with a redirect to the seller: Chromium holds form-action against redirects too.
func showPay(rw http.ResponseWriter, status int, leadsTo string, view payView) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "no-referrer")
	rw.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+leadsTo)
	rw.WriteHeader(status)
	_ = payPage.Execute(rw, view) // whoever asked may have gone
}

func shownCards() []testCard {
	return []testCard{
		{"4242 4242 4242 4242", "The payment succeeds."},
		{"4000 0000 0000 0002", "The card is declined."},
		{"4000 0000 0000 9995", "The card has too little money."},
		{"4000 0025 0000 3155", "The bank asks for a confirmation first."},
		{"4000 0000 0000 0341", "This payment succeeds, the next ones are declined."},
		{"4000 0000 0000 0259", "The payment is disputed right afterwards."},
		{"4000 0000 0000 5423", "The bank warns of fraud right afterwards."},
	}
}

// countries are those of the form; the chosen one is marked.
func countries(chosen string) []country {
	all := []country{{Code: "AU", Name: "Australia"}, {Code: "AT", Name: "Austria"}, {Code: "BE", Name: "Belgium"},
		{Code: "BR", Name: "Brazil"}, {Code: "CA", Name: "Canada"}, {Code: "DK", Name: "Denmark"}, {Code: "FI", Name: "Finland"},
		{Code: "FR", Name: "France"}, {Code: "DE", Name: "Germany"}, {Code: "IN", Name: "India"}, {Code: "IE", Name: "Ireland"},
		{Code: "IT", Name: "Italy"}, {Code: "JP", Name: "Japan"}, {Code: "MX", Name: "Mexico"}, {Code: "NL", Name: "Netherlands"},
		{Code: "NZ", Name: "New Zealand"}, {Code: "NG", Name: "Nigeria"}, {Code: "NO", Name: "Norway"}, {Code: "PL", Name: "Poland"},
		{Code: "PT", Name: "Portugal"}, {Code: "SG", Name: "Singapore"}, {Code: "ES", Name: "Spain"}, {Code: "SE", Name: "Sweden"},
		{Code: "CH", Name: "Switzerland"}, {Code: "GB", Name: "United Kingdom"}, {Code: "US", Name: "United States"}}
	for i := range all {
		all[i].Chosen = all[i].Code == chosen
	}
	return all
}
