package stripe

import (
	_ "embed"
	"html/template"
	"net/http"
)

// invoiceView is what the page of an invoice shows.
type invoiceView struct {
	ID, Number, Status, Date, Back string
	Lines                          []lineView
	Total, Due, Paid               string
	Balance, BalanceSays           string // what went to the customer's balance or came from it; "" for nothing
	Problem                        string
	CanPay                         bool
}

type lineView struct{ Description, Period, Amount string }

// onInvoice shows an invoice, after doing what a form asks.
func (s *Server) onInvoice(do func(*visit) (done, problem string)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		w := s.holder(id)
		if w == nil {
			s.lost(rw, "There is no such invoice.")
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pass()
		invoice := w.get(id)
		if text(invoice, "object") != "invoice" || invoice["status"] == "draft" {
			s.lost(rw, "There is no such invoice.")
			return
		}
		v := &visit{w: w, r: r, invoice: invoice}
		if do == nil {
			s.showBilling(rw, http.StatusOK, "invoice", viewOfInvoice(invoice, ""))
			return
		}
		if _, problem := do(v); problem != "" {
			s.showBilling(rw, http.StatusUnprocessableEntity, "invoice", viewOfInvoice(invoice, problem))
			return
		}
		http.Redirect(rw, r, "/i/"+id, http.StatusSeeOther)
	}
}

func viewOfInvoice(invoice object, problem string) invoiceView {
	currency := text(invoice, "currency")
	view := invoiceView{ID: text(invoice, "id"), Number: text(invoice, "number"), Status: text(invoice, "status"),
		Date: longDay(number(invoice, "created")), Total: signed(number(invoice, "total"), currency),
		Due: signed(number(invoice, "amount_remaining"), currency), Paid: signed(number(invoice, "amount_paid"), currency),
		Problem: problem, CanPay: invoice["status"] == "open"}
	if used := number(invoice, "ending_balance") - number(invoice, "starting_balance"); used != 0 {
		view.Balance, view.BalanceSays = signed(-used, currency), "Taken from your credit"
		if used < 0 {
			view.BalanceSays = "Kept as your credit"
		}
	}
	for _, line := range parts(invoice, "lines") {
		view.Lines = append(view.Lines, lineView{text(line, "description"),
			longDay(number(line, "period.start")) + " – " + longDay(number(line, "period.end")), signed(number(line, "amount"), currency)})
	}
	return view
}

// payByPage pays an open invoice with the card that the subscription has, or with the one that the form tells.
func payByPage(v *visit) (string, string) {
	if v.invoice["status"] != "open" {
		return "", "This invoice cannot be paid any more."
	}
	sub := v.w.get(text(v.invoice, "subscription"))
	if failure := v.w.attemptWith(v.invoice, v.w.paymentMethodOf(sub)); failure != nil {
		return "", failure.message
	}
	return "paid", ""
}

//go:embed portal.html
var portalSource string

//go:embed invoice.html
var invoiceSource string

var billingPages = map[string]*template.Template{
	"portal":  template.Must(template.New("portal").Parse(portalSource)),
	"invoice": template.Must(template.New("invoice").Parse(invoiceSource)),
}

// showBilling shows a page whose forms lead to this server only.
func (s *Server) showBilling(rw http.ResponseWriter, status int, page string, content any) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
	rw.WriteHeader(status)
	_ = billingPages[page].Execute(rw, content) // whoever asked may have gone
}
