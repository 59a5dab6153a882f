package people

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Buys pays for a plan or a pack on Stripe's page, with a name that only Stripe is told, and waits for the credits.
func (p *Person) Buys(offer string) (payment string) {
	kind := "plan"
	if strings.HasPrefix(offer, "pack-") {
		kind = "pack"
	}
	var to struct{ ID, URL string }
	p.Call(http.MethodPost, "/api/checkout", map[string]string{kind: offer}, http.StatusCreated, &to)
	fields := url.Values{"card": {"4242 4242 4242 4242"}, "expiry": {"12 / 39"}, "cvc": {"737"}, "country": {"DE"},
		"email": {p.Email}, "name": {p.Words["name"][0]}}
	if at, page := p.form(to.URL, fields); p.Err == nil && at.Path != "/checkout/return" {
		p.fail(fmt.Errorf("paying for %s led to %s: %.300s", offer, at, page))
	}
	p.until("the credits of "+offer+" arrive", func() bool {
		var progress struct{ Granted bool }
		p.Call(http.MethodGet, "/api/checkout/"+to.ID, nil, http.StatusOK, &progress)
		return progress.Granted
	})
	for _, each := range p.payments() {
		if each.Status == "paid" {
			payment = each.ID
		}
	}
	return payment
}

type paid struct{ ID, Kind, Status string }

func (p *Person) payments() []paid {
	var shown struct{ Payments []paid }
	p.Call(http.MethodGet, "/api/billing", nil, http.StatusOK, &shown)
	return shown.Payments
}

// Refund is what the operator does at Stripe: a pack of this person's is paid back, and the books follow.
func (p *Person) Refund() {
	for _, each := range p.payments() {
		if each.Kind == "pack" && each.Status == "paid" {
			p.atStripe(http.MethodPost, "/v1/refunds", url.Values{"payment_intent": {each.ID}})
			p.until("the refund is in the books", func() bool {
				for _, now := range p.payments() {
					if now.ID == each.ID {
						return now.Status == "refunded"
					}
				}
				return false
			})
			return
		}
	}
	p.fail(fmt.Errorf("there is no pack to be paid back"))
}

// Quiet waits until Stripe has told every event.
func (p *Person) Quiet() {
	p.until("Stripe has told everything", func() bool {
		var all struct {
			Events []struct {
				UnderWay int `json:"under_way"`
			}
		}
		if err := json.Unmarshal(p.atStripe(http.MethodGet, "/_control/events", nil), &all); err != nil && p.Err == nil {
			p.fail(err)
		}
		for _, each := range all.Events {
			if each.UnderWay > 0 {
				return false
			}
		}
		return true
	})
}

// atStripe asks the stand-in with the key of the service.
func (p *Person) atStripe(method, path string, form url.Values) []byte {
	header := http.Header{"Authorization": {"Bearer " + p.key}, "Stripe-Version": {"2023-10-16"}}
	if form != nil {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	reply := p.send(method, p.stripe+path, header, []byte(form.Encode()))
	if reply == nil {
		return nil
	}
	if reply.status != http.StatusOK {
		p.fail(fmt.Errorf("%s %s at Stripe answers %d: %.300s", method, path, reply.status, reply.body))
	}
	return reply.body
}
