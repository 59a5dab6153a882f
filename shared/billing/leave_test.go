package billing_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// leave closes the account at c.now.
func (c *counter) leave(account string) {
	c.t.Helper()
	if !people.Ask[bool](c.t, c.Database, `select app.close_account($1, $2, 'request', $3, $4, $5)`, account, uuid.NewString(),
		c.now, c.now.AddDate(0, 0, 7), c.now.AddDate(0, 0, 30)) {
		c.t.Fatal("the account cannot be closed")
	}
}

// later is when nobody can be at work any more for an account that is closed now.
func (c *counter) later() time.Time { return c.now.Add(2 * time.Minute) }

// live are the ids of what a customer could still be billed for.
func (c *counter) live(customer string) (ids []string) {
	c.t.Helper()
	for _, path := range []string{"/v1/checkout/sessions?status=open&customer=", "/v1/subscriptions?customer="} {
		for _, one := range c.Get(path + customer)["data"].([]any) {
			ids = append(ids, one.(map[string]any)["id"].(string))
		}
	}
	return ids
}

func (c *counter) ends(when string, stripe *payment.Stripe, at time.Time, want bool) {
	c.t.Helper()
	if ended, err := billing.EndFor(c.t.Context(), c.Eraser, stripe, c.who.ID, at); err != nil || ended != want {
		c.t.Errorf("%s: ended %t, %v", when, ended, err)
	}
}

func TestWhoLeavesIsBilledNothingMore(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	page := c.Order(c.customer, c.who.ID, "pro-monthly").ID
	pack := c.Order(c.customer, c.who.ID, "pack-200").ID
	c.hear()
	c.ends("an open account", c.Stripe, c.later(), false)
	if running, err := billing.Live(t.Context(), c.Web, c.who.ID); err != nil || !running || len(c.live(c.customer)) != 3 {
		t.Fatalf("an open account was touched: %t, %v, %v", running, c.live(c.customer), err)
	}
	c.leave(c.who.ID)
	c.ends("at the closing", c.Stripe, c.now, false)
	if left := c.live(c.customer); len(left) != 0 {
		t.Errorf("at the closing %v go on", left)
	}
	for _, session := range []string{page, pack} {
		if now, err := c.Stripe.Session(t.Context(), session); err != nil || now.Status != "expired" {
			t.Errorf("a page that was open is %s, %v", now.Status, err)
		}
	}
	if invoices := c.Get("/v1/invoices?customer=" + c.customer)["data"].([]any); len(invoices) != 1 {
		t.Errorf("%d invoices: the end has one of its own", len(invoices))
	}
	c.ends("a moment before two minutes", c.Stripe, c.later().Add(-time.Second), false)
	for range 2 {
		c.ends("two minutes later", c.Stripe, c.later(), true)
	}
	if alarms := c.hear(); len(alarms) != 0 {
		t.Errorf("alarms %v", alarms)
	}
	c.plan("after the end of "+plan, "plus-monthly", "canceled", true)
	if running, err := billing.Live(t.Context(), c.Web, c.who.ID); err != nil || running {
		t.Errorf("our books still show it: %v", err)
	}
}

func TestWhoNeverBoughtAnythingHasEndedTwoMinutesLater(t *testing.T) {
	c := open(t)
	c.Delete("/v1/customers/" + c.customer)
	c.leave(c.who.ID)
	c.ends("at once", c.Stripe, c.now, false)
	c.ends("later", c.Stripe, c.later(), true)
}

// A customer whose making was not answered is in no row of ours, and the search at Stripe shows it a minute later.
func TestACustomerWhoseMakingWasLostIsFoundAndEnded(t *testing.T) {
	c := open(t)
	c.Do(t, `insert into app.customer (account_id, operation, begun_at) values ($1, $2, $3)`, c.who.ID, uuid.NewString(), c.now)
	second := c.Post("/v1/customers", "metadata[account]", c.who.ID).Text("id")
	c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa)
	c.Buy(second, c.who.ID, "pro-monthly", till.Visa)
	c.leave(c.who.ID)
	lagging := c.answering(func(r *http.Request) string {
		if r.URL.Path == "/v1/customers/search" {
			return `{"object":"search_result","data":[],"has_more":false}`
		}
		return ""
	})
	c.ends("while the search lags", lagging, c.now.Add(time.Minute), false)
	c.ends("later", c.Stripe, c.later(), false) // it is ended, but a third one may still come up
	if left := append(c.live(c.customer), c.live(second)...); len(left) != 0 {
		t.Errorf("%v go on", left)
	}
	c.ends("an hour later", c.Stripe, c.now.Add(time.Hour), true)
	c.Do(t, `update app.customer set begun_at = 'infinity'`) // its customer was deleted, and nobody has begun to make another
	c.ends("when nothing was begun", c.Stripe, c.later(), true)
}

// answering gives a Stripe before which somebody may answer; "" lets a request pass.
func (c *counter) answering(instead func(r *http.Request) string) *payment.Stripe {
	to, err := url.Parse(c.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	var mu sync.Mutex
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		text := instead(r)
		mu.Unlock()
		if text == "" {
			proxy.ServeHTTP(w, r)
			return
		}
		io.WriteString(w, text)
	}))
	c.t.Cleanup(server.Close)
	return payment.Open(server.URL, c.Key)
}

func TestAPlanThatIsBoughtInTheMiddleIsEndedToo(t *testing.T) {
	c := open(t)
	page := c.Order(c.customer, c.who.ID, "pro-monthly").ID
	c.leave(c.who.ID)
	slow := slowly(c, "/v1/checkout/sessions", func() { c.Arrange("pay", map[string]string{"session": page}) })
	c.ends("paid between the look at the page and its end", slow, c.later(), true)
	if left := c.live(c.customer); len(left) != 0 {
		t.Errorf("%v go on", left)
	}
	c.hear()
	c.plan("afterwards", "pro-monthly", "canceled", true)
	c.has("what was paid is credited, while it can be taken back", 2000, 0)
}

func TestAPlanThatBeginsForAClosedAccountIsEndedAndAnOperatorIsTold(t *testing.T) {
	c := open(t)
	c.leave(c.who.ID)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmOfClosed) {
		t.Errorf("alarms %v", alarms)
	}
	if now, err := c.Stripe.Subscription(t.Context(), plan); err != nil || now.Status != "canceled" {
		t.Errorf("the plan is %s, %v", now.Status, err)
	}
	c.plan("in our books", "plus-monthly", "canceled", true)
	c.has("the money is there", 500, 0)

	silent := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	if report := c.reconcile(""); !slices.Contains(report.Alarms, billing.AlarmOfClosed) {
		t.Errorf("nobody told us: alarms %v", report.Alarms)
	}
	if now, err := c.Stripe.Subscription(t.Context(), silent); err != nil || now.Status != "canceled" {
		t.Errorf("the plan is %s, %v", now.Status, err)
	}
}

// The row was active before the closing, nothing was heard since, and the list at Stripe agrees with it.
func TestAPlanThatRunsOnForAClosedAccountIsFoundByTheDaysComparison(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	c.hear()
	c.leave(c.who.ID)
	if report := c.reconcile(""); !slices.Contains(report.Alarms, billing.AlarmOfClosed) {
		t.Errorf("alarms %v", report.Alarms)
	}
	if now, err := c.Stripe.Subscription(t.Context(), plan); err != nil || now.Status != "canceled" {
		t.Errorf("the plan is %s, %v", now.Status, err)
	}
}

func TestAnAnswerThatSomethingEndedIsNotBelievedUntilNothingIsFound(t *testing.T) {
	c := open(t)
	c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa)
	c.leave(c.who.ID)
	lies := c.answering(func(r *http.Request) string {
		if r.Method == http.MethodDelete {
			return `{"id":"sub_1","object":"subscription","status":"canceled"}`
		}
		return ""
	})
	c.ends("nothing was done", lies, c.later(), false)
	c.ends("it is done", c.Stripe, c.later(), true)
}

func TestACustomerOfAnotherStripeIsNoProofThatNothingIsBilled(t *testing.T) {
	c := open(t)
	c.Do(t, `insert into app.customer (account_id, id, operation, begun_at) values ($1, 'cus_elsewhere', $2, $3)`, c.who.ID, uuid.NewString(), c.now)
	c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa)
	c.leave(c.who.ID)
	ended, err := billing.EndFor(t.Context(), c.Eraser, c.Stripe, c.who.ID, c.later())
	if ended || !errors.Is(err, payment.ErrNotFound) || !strings.Contains(err.Error(), "cus_elsewhere") || problem.Of(err) != nil {
		t.Errorf("ended %t, %v", ended, err)
	}
	if left := c.live(c.customer); len(left) != 0 {
		t.Errorf("the other one's %v go on", left)
	}
}

func TestTwentyWhoEndAndEraseAtOnceDoItOnce(t *testing.T) {
	c := open(t)
	c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa)
	for range 3 {
		c.Order(c.customer, c.who.ID, "pack-200")
		c.Post("/v1/payment_methods/pm_card_visa/attach", "customer", c.customer)
	}
	c.leave(c.who.ID)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			eraser := postgres.Open(c.Address.Eraser)
			defer eraser.Close()
			stripe := payment.Open(c.URL, c.Key)
			if ended, err := billing.EndFor(t.Context(), eraser, stripe, c.who.ID, c.later()); err != nil || !ended {
				t.Errorf("ended %t, %v", ended, err)
			}
			if done, err := billing.EraseFor(t.Context(), eraser, stripe, c.who.ID, c.later()); err != nil || !done {
				t.Errorf("erased %t, %v", done, err)
			}
		})
	}
	all.Wait()
	if !c.Get("/v1/customers/" + c.customer)["deleted"].(bool) || len(c.live(c.customer)) != 0 {
		t.Error("something is left")
	}
	if alarms := c.hear(); len(alarms) != 0 {
		t.Errorf("alarms %v", alarms)
	}
}
