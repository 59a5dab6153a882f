package stripe

import (
	"net/http"
	"strings"
	"time"
)

// portalView is what the portal shows.
type portalView struct {
	Session, Headline, Back string
	Notice, Problem         string
	Subscription            *subscriptionView
	Plans                   []planView
	CanCancel, CanPayBy     bool
	Balance, Card           string
	Invoices                []invoiceRow
	ShowInvoices            bool
}

type subscriptionView struct {
	Name, Price, State string
	Ending             bool   // it ends by itself, and can be kept
	Until              string // when the present period ends
	Owing              string // the address of an invoice that must be paid
}

type planView struct {
	ID, Name, Price, Preview string
	Current                  bool
}

type invoiceRow struct{ Number, Date, Amount, Status, URL string }

// portalPages adds what a customer sees of subscriptions and invoices.
func (s *Server) portalPages() {
	s.routes.HandleFunc("GET /p/session/{id}", s.inPortal(nil))
	s.routes.HandleFunc("POST /p/session/{id}/plan", s.inPortal(portalPlan))
	s.routes.HandleFunc("POST /p/session/{id}/cancel", s.inPortal(portalCancel))
	s.routes.HandleFunc("POST /p/session/{id}/resume", s.inPortal(portalResume))
	s.routes.HandleFunc("POST /p/session/{id}/card", s.inPortal(portalCard))
	s.routes.HandleFunc("GET /i/{id}", s.onInvoice(nil))
	s.routes.HandleFunc("POST /i/{id}/pay", s.onInvoice(payByPage))
}

// visit is one look at a portal session or an invoice.
type visit struct {
	w       *world
	r       *http.Request
	session object // of the portal
	setup   object // the session's configuration
	sub     object // what the customer subscribes to, nil for nothing
	invoice object // of the invoice's page
}

// inPortal shows a portal session, after doing what a form asks: the notice says what was done, the problem why it was not.
func (s *Server) inPortal(do func(*visit) (notice, problem string)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		w := s.holder(id)
		if w == nil || !strings.HasPrefix(id, "bps_") {
			s.lost(rw, "There is no such portal session. Go back and open the portal again.")
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pass()
		v := &visit{w: w, r: r, session: w.get(id)}
		v.setup = w.get(text(v.session, "configuration"))
		for _, sub := range w.list("subscription", is("customer", v.session["customer"])) {
			if !over(sub) && (v.sub == nil || v.sub["status"] == "incomplete") {
				v.sub = sub
			}
		}
		if do == nil {
			s.showBilling(rw, http.StatusOK, "portal", v.portal(notices[r.URL.Query().Get("done")], ""))
			return
		}
		done, problem := do(v)
		if problem != "" {
			s.showBilling(rw, http.StatusUnprocessableEntity, "portal", v.portal("", problem))
			return
		}
		http.Redirect(rw, r, "/p/session/"+id+"?done="+done, http.StatusSeeOther)
	}
}

// notices are what was done, by the word in the address.
var notices = map[string]string{
	"plan":   "Your plan is changed.",
	"cancel": "Your plan is canceled.",
	"resume": "Your plan goes on.",
	"card":   "Your card is changed.",
}

func (v *visit) allows(feature string) bool { return truth(v.setup, "features."+feature+".enabled") }

func (v *visit) portal(notice, problem string) portalView {
	w, customer := v.w, v.w.get(text(v.session, "customer"))
	view := portalView{Session: text(v.session, "id"), Headline: text(v.setup, "business_profile.headline"), Back: text(v.session, "return_url"),
		Notice: notice, Problem: problem, CanCancel: v.allows("subscription_cancel"), CanPayBy: v.allows("payment_method_update"),
		ShowInvoices: v.allows("invoice_history")}
	if balance := number(customer, "balance"); balance < 0 {
		view.Balance = money(-balance, textOr(customer, "currency", "usd"))
	}
	method := text(customer, "invoice_settings.default_payment_method")
	if v.sub != nil {
		view.Subscription, method = w.viewOf(v.sub), w.paymentMethodOf(v.sub)
		if v.allows("subscription_update") && v.sub["status"] != "incomplete" {
			view.Plans = v.plans()
		}
	}
	if card := part(w.get(method), "card"); card != nil {
		view.Card = text(card, "brand") + " •••• " + text(card, "last4")
	}
	for _, invoice := range w.list("invoice", is("customer", v.session["customer"])) {
		if invoice["status"] != "draft" {
			view.Invoices = append(view.Invoices, invoiceRow{text(invoice, "number"), day(number(invoice, "created")),
				signed(number(invoice, "total"), text(invoice, "currency")), text(invoice, "status"), text(invoice, "hosted_invoice_url")})
		}
	}
	return view
}

func (w *world) viewOf(sub object) *subscriptionView {
	item := parts(sub, "items")[0]
	view := &subscriptionView{Name: w.nameOf(item), Price: perInterval(part(item, "price")), Until: longDay(number(sub, "current_period_end"))}
	view.Ending = truth(sub, "cancel_at_period_end") || sub["cancel_at"] != nil
	switch status := sub["status"]; {
	case view.Ending:
		view.State = "Ends on " + longDay(number(sub, "cancel_at")) + "."
	case status == "trialing":
		view.State = "Free trial until " + view.Until + "."
	case status == "active" && sub["pause_collection"] != nil:
		view.State = "Paused: nothing is charged."
	case status == "active":
		view.State = "Renews on " + view.Until + "."
	case status == "paused":
		view.State = "Paused since the trial ended."
	default:
		view.State = "The last payment failed."
	}
	for _, invoice := range w.list("invoice", is("subscription", sub["id"])) {
		if invoice["status"] == "open" {
			view.Owing = text(invoice, "hosted_invoice_url")
		}
	}
	return view
}

// plans are the prices of the configuration, each with what a change to it costs now.
func (v *visit) plans() []planView {
	var plans []planView
	current := text(parts(v.sub, "items")[0], "price.id")
	products, _ := at(v.setup, "features.subscription_update.products").([]any)
	for _, product := range products {
		offered, _ := product.(object)
		prices, _ := offered["prices"].([]any)
		for _, id := range prices {
			name, _ := id.(string)
			price := v.w.get(name)
			if price == nil || !truth(price, "active") {
				continue
			}
			plan := planView{ID: name, Name: textOr(v.w.get(text(offered, "product")), "name", "Plan"), Price: perInterval(price),
				Current: name == current}
			if !plan.Current {
				plan.Preview = v.cost(price)
			}
			plans = append(plans, plan)
		}
	}
	return plans
}

// cost says what changing to a price means for the customer's money.
func (v *visit) cost(price object) string {
	made := v.w.preview(v.sub, price, number(parts(v.sub, "items")[0], "quantity"), false)
	total, currency, then := made.total(), text(price, "currency"), perInterval(price)
	switch due := total + number(v.w.get(text(v.session, "customer")), "balance"); {
	case v.sub["status"] == "trialing":
		return "Nothing to pay now, then " + then + " from " + longDay(number(v.sub, "trial_end")) + "."
	case due >= leastCharge:
		return "You pay " + money(due, currency) + " now, then " + then + "."
	case total < 0:
		return "You get a credit of " + money(-total, currency) + " for your next invoices, then pay " + then + "."
	}
	return "Nothing to pay now, then " + then + "."
}

func portalPlan(v *visit) (string, string) {
	if v.sub == nil || !v.allows("subscription_update") {
		return "", "There is no plan that can be changed here."
	}
	chosen := v.r.PostFormValue("price")
	for _, plan := range v.plans() {
		if plan.ID != chosen || plan.Current {
			continue
		}
		made := v.w.preview(v.sub, v.w.get(chosen), number(parts(v.sub, "items")[0], "quantity"), false)
		behavior := text(v.setup, "features.subscription_update.proration_behavior")
		if _, declined := v.w.carryOut(v.sub, made, behavior, true); declined != nil {
			return "", declined.message + " Your plan stays as it is."
		}
		return "plan", ""
	}
	return "", "Choose another plan than the one you have."
}

func portalCancel(v *visit) (string, string) {
	if v.sub == nil || !v.allows("subscription_cancel") {
		return "", "There is no plan that can be canceled here."
	}
	if text(v.setup, "features.subscription_cancel.mode") == "immediately" {
		if text(v.setup, "features.subscription_cancel.proration_behavior") != "none" {
			v.w.keep(v.w.unused(v.sub, v.w.now().Unix()))
		}
		v.w.end(v.sub, "cancellation_requested")
		return "cancel", ""
	}
	v.w.endAtPeriodEnd(v.sub, true)
	v.w.changed(v.sub)
	return "cancel", ""
}

func portalResume(v *visit) (string, string) {
	if v.sub == nil {
		return "", "There is no plan that could go on."
	}
	v.w.endAtPeriodEnd(v.sub, false)
	v.w.changed(v.sub)
	return "resume", ""
}

// portalCard takes another card for what is subscribed to, and for all that comes.
func portalCard(v *visit) (string, string) {
	if !v.allows("payment_method_update") {
		return "", "The card cannot be changed here."
	}
	if err := v.r.ParseForm(); err != nil {
		return "", "The form could not be read."
	}
	card, failure := readCard(v.r.PostForm, v.w.now())
	if failure != nil {
		return "", failure.message
	}
	if known := testCards[card.number]; known.code != "" && !known.later {
		return "", declined(known.code, known.reason).message
	}
	customer := v.w.get(text(v.session, "customer"))
	method := v.w.paymentMethod(card, text(customer, "id"))
	v.w.emit("payment_method.attached", method)
	customer["invoice_settings"] = with(part(customer, "invoice_settings"), object{"default_payment_method": method["id"]})
	v.w.emit("customer.updated", customer)
	if v.sub != nil {
		v.sub["default_payment_method"] = method["id"]
		v.w.changed(v.sub)
	}
	return "card", ""
}

// perInterval writes a price as people read it: $9.00 a month.
func perInterval(price object) string {
	return money(number(price, "unit_amount"), text(price, "currency")) + " a " + text(price, "recurring.interval")
}

func longDay(moment int64) string { return time.Unix(moment, 0).UTC().Format("2 January 2006") }
