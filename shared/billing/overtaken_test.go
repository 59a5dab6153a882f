package billing_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// slowly gives a Stripe whose first answer about a kind of object is read at once, but arrives only after meanwhile is over.
func slowly(c *counter, path string, meanwhile func()) *payment.Stripe {
	to, err := url.Parse(c.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	var once sync.Once
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(answer *http.Response) error {
		if strings.HasPrefix(answer.Request.URL.Path, path) {
			once.Do(meanwhile)
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	c.t.Cleanup(server.Close)
	return payment.Open(server.URL, c.Key)
}

func TestALookThatWasOvertakenDoesNotBringTheOldStateBack(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	paid := c.Buy(c.customer, c.who.ID, "pack-200", till.Visa).Payment
	c.hear()
	c.has("bought", 700, 0)
	for _, about := range []payment.Subject{{Kind: payment.SubjectPayment, ID: paid}, {Kind: payment.SubjectSubscription, ID: plan}} {
		books := c.books
		books.DB = c.Cashier
		books.Stripe = slowly(c, map[string]string{payment.SubjectPayment: "/v1/payment_intents/", payment.SubjectSubscription: "/v1/subscriptions/"}[about.Kind], func() {
			if about.Kind == payment.SubjectPayment {
				c.Refund(paid, "500")
			} else {
				c.Delete("/v1/subscriptions/" + plan)
			}
			c.hear()
		})
		if _, err := books.Converge(t.Context(), about, billing.Event{ID: "evt_slow_" + about.Kind, Type: "x"}, c.now); err != nil {
			t.Fatal(err)
		}
	}
	c.has("refunded meanwhile", 500, 0)
	c.plan("canceled meanwhile", "plus-monthly", "canceled", true)
	if got := people.Ask[string](t, c.Database, `select status from app.payment where id = $1`, paid); got != "refunded" {
		t.Errorf("the payment is %s", got)
	}
}
