package stripe

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// command is what a test tells a world to do.
type command func(s *Server, w *world, body []byte) (any, *apiError)

// commands are the endpoints by which tests arrange what Stripe, banks and buyers do by themselves. They take the secret key
// of their world as a Bearer token and JSON:
//
//	POST   /_control/faults {"method":"POST","path":"/v1/refunds","kind":"done_then_reset","times":1,"status":500}
//	DELETE /_control/faults
//	POST   /_control/events {"lose":0.05,"duplicate":1,"delay_ms":100,"reorder":true,"hold":false}
//	GET    /_control/events        every event, with what became of telling it
//	POST   /_control/deliver {"ids":["evt_…"]}   tells these once, one after the other; without ids all held or lost ones
//	POST   /_control/endpoint {"url","secret","events":["*"]}   a webhook endpoint with a secret of the caller's choice
//	POST   /_control/pay {"session":"cs_…","card":"4242424242424242","country":"DE","method":"card|bank","confirm":"complete|fail","name","email"}
//	POST   /_control/settle {"session":"cs_…","arrived":true}   ends a payment from a bank account
//	POST   /_control/dispute {"payment_intent":"pi_…","reason":"fraudulent","inquiry":false}
//	POST   /_control/dispute/close {"dispute":"dp_…","status":"won|lost"}
//	POST   /_control/warning {"payment_intent":"pi_…"}
//	POST   /_control/refund {"refund":"re_…","status":"pending|succeeded|failed|canceled|requires_action"}
//	POST   /_control/retries {"then":"canceled|unpaid|past_due"}   what a subscription becomes once all attempts have failed
func commands() map[string]command {
	return map[string]command{
		"POST /_control/faults":        told(addFault),
		"DELETE /_control/faults":      told(func(_ *Server, w *world, _ struct{}) (any, *apiError) { w.faults = nil; return done, nil }),
		"POST /_control/events":        told(func(_ *Server, w *world, wish switches) (any, *apiError) { w.switches = wish; return wish, nil }),
		"GET /_control/events":         told(allEvents),
		"POST /_control/endpoint":      told(addEndpoint),
		"POST /_control/pay":           told(payByCommand),
		"POST /_control/settle":        told(settleByCommand),
		"POST /_control/dispute":       told(disputeByCommand),
		"POST /_control/dispute/close": told(closeByCommand),
		"POST /_control/warning":       told(warnByCommand),
		"POST /_control/refund":        told(refundByCommand),
		"POST /_control/retries":       told(retriesByCommand),
	}
}

// done is the answer of a command that has nothing to tell.
var done = object{"done": true}

// told makes a command of what takes a body of the type T.
func told[T any](do func(*Server, *world, T) (any, *apiError)) command {
	return func(s *Server, w *world, body []byte) (any, *apiError) {
		var wish T
		if len(body) > 0 {
			if err := json.Unmarshal(body, &wish); err != nil {
				return nil, invalid("", "Send JSON: %s.", err.Error())
			}
		}
		return do(s, w, wish)
	}
}

func (s *Server) control() {
	for pattern, do := range commands() {
		s.routes.HandleFunc(pattern, s.commanded(func(w *world, body []byte) (any, *apiError) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pass()
			result, failure := do(s, w, body)
			return copyOf(result), failure
		}))
	}
	s.routes.HandleFunc("POST /_control/deliver", s.commanded(s.deliverByCommand))
}

// commanded lets in who knows a key. A page of any site that a browser visits could send such a request too, but not without
// an Origin.
func (s *Server) commanded(do func(*world, []byte) (any, *apiError)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			http.Error(rw, "Browsers do not command here.", http.StatusForbidden)
			return
		}
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		w, known := s.worldOf(key)
		if !known {
			http.Error(rw, "Send the secret key as a Bearer token.", http.StatusUnauthorized)
			return
		}
		body, failure := read(rw, r)
		var result any
		if failure == nil {
			result, failure = do(w, body)
		}
		if failure != nil {
			writeJSON(rw, failure.status, failure.body(""))
			return
		}
		writeJSON(rw, http.StatusOK, result)
	}
}

func addFault(_ *Server, w *world, wish fault) (any, *apiError) {
	if !slices.Contains(faultKinds[:], wish.Kind) {
		return nil, invalid("kind", "The kinds are %s.", strings.Join(faultKinds[:], ", "))
	}
	w.faults = append(w.faults, wish)
	return done, nil
}

func allEvents(_ *Server, w *world, _ struct{}) (any, *apiError) {
	all := []any{}
	for _, each := range w.events {
		all = append(all, object{"event": each.event, "delivered": each.delivered, "failed": each.failed, "under_way": each.underWay,
			"held": each.held, "lost": each.lost})
	}
	return object{"events": all}, nil
}

func addEndpoint(_ *Server, w *world, wish struct {
	URL, Secret string
	Events      []string
}) (any, *apiError) {
	if len(wish.Events) == 0 {
		wish.Events = []string{"*"}
	}
	return w.endpoint(wish.URL, wish.Secret, Version, wish.Events, form{}), nil
}

// payByCommand pays a session as its page would: a decline is the answer of status 402. It gives where the buyer goes next.
func payByCommand(_ *Server, w *world, wish struct{ Session, Card, Country, Method, Confirm, Name, Email string }) (any, *apiError) {
	session := w.get(wish.Session)
	if text(session, "object") != "checkout.session" || session["status"] != "open" {
		return nil, invalid("session", "No open session: '%s'", wish.Session)
	}
	values := url.Values{"card": {wish.Card}, "method": {wish.Method}, "country": {wish.Country}, "cvc": {"123"}, "name": {wish.Name}, "email": {wish.Email},
		"expiry": {"12/" + strconv.Itoa(w.now().Year()+3)}}
	if wish.Country == "" {
		values.Set("country", "US")
	}
	if wish.Card == "" {
		values.Set("card", "4242424242424242")
	}
	next, failure := takeCard(w, session, values)
	if failure == nil && w.sales[wish.Session].toConfirm != "" && wish.Confirm != "" {
		next, failure = w.confirm(session, wish.Confirm == "complete")
	}
	if failure != nil {
		return nil, failure
	}
	return object{"next": next, "session": session}, nil
}

func settleByCommand(_ *Server, w *world, wish struct {
	Session string
	Arrived bool
}) (any, *apiError) {
	session := w.get(wish.Session)
	return session, w.settleLater(session, wish.Arrived)
}

// chargeOf finds the charge of a succeeded payment.
func (w *world) chargeOf(intent string) (object, *apiError) {
	made := w.get(text(w.get(intent), "latest_charge"))
	if made["status"] != "succeeded" {
		return nil, invalid("payment_intent", "No succeeded payment: '%s'", intent)
	}
	return made, nil
}

func disputeByCommand(_ *Server, w *world, wish struct {
	PaymentIntent string `json:"payment_intent"`
	Reason        string
	Inquiry       bool
}) (any, *apiError) {
	made, failure := w.chargeOf(wish.PaymentIntent)
	if failure != nil {
		return nil, failure
	}
	if wish.Reason == "" {
		wish.Reason = "fraudulent"
	}
	return w.dispute(made, wish.Reason, wish.Inquiry), nil
}

func closeByCommand(_ *Server, w *world, wish struct{ Dispute, Status string }) (any, *apiError) {
	dispute := w.get(wish.Dispute)
	if text(dispute, "object") != "dispute" || !open(dispute) {
		return nil, invalid("dispute", "No open dispute: '%s'", wish.Dispute)
	}
	if wish.Status != "won" && wish.Status != "lost" {
		return nil, invalid("status", "A dispute is won or lost.")
	}
	w.closeDispute(dispute, wish.Status == "won")
	return dispute, nil
}

func warnByCommand(_ *Server, w *world, wish struct {
	PaymentIntent string `json:"payment_intent"`
}) (any, *apiError) {
	made, failure := w.chargeOf(wish.PaymentIntent)
	if failure != nil {
		return nil, failure
	}
	return w.warn(made), nil
}

func refundByCommand(_ *Server, w *world, wish struct{ Refund, Status string }) (any, *apiError) {
	refund := w.get(wish.Refund)
	if text(refund, "object") != "refund" || refund["status"] == "failed" || refund["status"] == "canceled" {
		return nil, invalid("refund", "No refund that could still change: '%s'", wish.Refund)
	}
	if !slices.Contains([]string{"pending", "succeeded", "failed", "canceled", "requires_action"}, wish.Status) {
		return nil, invalid("status", "A refund is pending, succeeded, failed, canceled or requires_action.")
	}
	w.endRefund(refund, wish.Status)
	return refund, nil
}

func retriesByCommand(_ *Server, w *world, wish struct{ Then string }) (any, *apiError) {
	if !slices.Contains([]string{"canceled", "unpaid", "past_due"}, wish.Then) {
		return nil, invalid("then", "A subscription becomes canceled, unpaid or past_due.")
	}
	w.billing.afterRetries = wish.Then
	return done, nil
}
