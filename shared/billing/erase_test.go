package billing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

func (c *counter) erases(when string, stripe *payment.Stripe, at time.Time, want bool) {
	c.t.Helper()
	if done, err := billing.EraseFor(c.t.Context(), c.Eraser, stripe, c.who.ID, at); err != nil || done != want {
		c.t.Errorf("%s: erased %t, %v", when, done, err)
	}
}

func (c *counter) deleted(customer string) bool {
	gone, _ := c.Get("/v1/customers/" + customer)["deleted"].(bool)
	return gone
}

func TestStripeForgetsWhoLeft(t *testing.T) {
	c := open(t)
	const planted = "Planted Person"
	c.Post("/v1/customers/"+c.customer, "name", planted, "email", "planted@example.com", "phone", "+49 planted", "description", planted,
		"address[line1]", planted, "shipping[name]", planted, "shipping[address][line1]", planted, "metadata[nickname]", planted)
	second := c.Post("/v1/customers", "metadata[account]", c.who.ID, "name", planted).Text("id")
	page := c.Order(c.customer, c.who.ID, "plus-monthly").ID
	c.Arrange("pay", map[string]string{"session": page, "name": planted, "email": "planted@example.com", "country": "DE"})
	c.Post("/v1/payment_methods/pm_card_visa/attach", "customer", c.customer)
	c.hear()
	traces := func() (text string) {
		for _, path := range []string{"/_control/events", "/v1/events?limit=100", "/v1/customers/" + c.customer, "/v1/customers/" + second,
			"/v1/checkout/sessions/" + page, "/v1/invoices?customer=" + c.customer, "/v1/charges?customer=" + c.customer} {
			kept, err := json.Marshal(c.Get(path))
			if err != nil {
				t.Fatal(err)
			}
			text += strings.ToLower(string(kept))
		}
		return text
	}
	if n := strings.Count(traces(), "planted"); n < 20 {
		t.Fatalf("it is planted %d times only", n)
	}
	c.erases("an open account", c.Stripe, c.later(), false)
	if c.deleted(c.customer) {
		t.Fatal("the customer of an open account is deleted")
	}
	c.leave(c.who.ID)
	for range 2 {
		c.erases("two minutes later", c.Stripe, c.later(), true)
	}
	if !c.deleted(c.customer) || !c.deleted(second) {
		t.Error("a customer is left")
	}
	if kept := traces(); strings.Contains(kept, "planted") {
		at := strings.Index(kept, "planted")
		t.Errorf("kept is …%s", kept[max(0, at-200):at+50])
	}
	if found, err := c.Stripe.Customers(t.Context(), c.who.ID); err != nil || len(found) != 0 {
		t.Errorf("the search finds %v, %v", found, err)
	}
}

func TestTheCountryThatTaxIsOwedToOutlivesWhatStripeForgot(t *testing.T) {
	c := open(t)
	order := c.Order(c.customer, c.who.ID, "pack-200").ID
	c.Arrange("pay", map[string]string{"session": order, "method": "bank", "country": "DE"})
	c.Arrange("settle", map[string]any{"session": order, "arrived": true})
	c.hear()
	c.leave(c.who.ID)
	c.erases("two minutes later", c.Stripe, c.later(), true)
	c.Refund(people.Ask[string](t, c.Database, `select id from app.payment`), "100")
	c.hear()
	if country := people.Ask[string](t, c.Database, `select coalesce(tax_country, '') from app.payment where status = 'partly_refunded'`); country != "DE" {
		t.Errorf("it is %q", country)
	}
}

func TestWhatIsSavedToPayWithIsDetachedBeforeTheCustomerIsDeleted(t *testing.T) {
	c := open(t)
	c.Post("/v1/customers/"+c.customer, "name", "Ann", "metadata[nickname]", "Ann")
	card := c.Post("/v1/payment_methods/pm_card_visa/attach", "customer", c.customer).Text("id")
	c.leave(c.who.ID)
	c.Arrange("faults", map[string]any{"method": "DELETE", "path": "/v1/customers/", "kind": "error", "times": 3})
	if done, err := billing.EraseFor(t.Context(), c.Eraser, c.Stripe, c.who.ID, c.later()); done || err == nil {
		t.Fatalf("erased %t, %v", done, err)
	}
	now := c.Get("/v1/customers/" + c.customer)
	if left := now["metadata"].(map[string]any); now["name"] != nil || len(left) != 1 || left["account"] != c.who.ID {
		t.Errorf("before the deletion it is %v", now)
	}
	if c.Get("/v1/payment_methods/" + card)["customer"] != nil {
		t.Error("the card is still the customer's")
	}
	c.erases("Stripe is back", c.Stripe, c.later(), true)
}

// Stripe's search shows a deleted customer for a while, and one that was just made not yet.
func TestTheSearchLagsBehindTheDeletion(t *testing.T) {
	c := open(t)
	c.leave(c.who.ID)
	searches := 0
	shows := func(ids ...string) *payment.Stripe {
		searches = 0
		return c.answering(func(r *http.Request) string {
			if r.URL.Path != "/v1/customers/search" {
				return ""
			}
			if searches++; searches > len(ids) {
				searches = len(ids)
			}
			return fmt.Sprintf(`{"object":"search_result","data":[{"id":%q,"object":"customer"}],"has_more":false}`, ids[searches-1])
		})
	}
	late := c.Post("/v1/customers", "metadata[account]", c.who.ID).Text("id")
	c.erases("another one comes up", shows(c.customer, late), c.later(), false)
	c.erases("it is erased too", shows(late), c.later(), true)
	c.erases("still shown, long deleted", shows(c.customer), c.later(), true)
	if !c.deleted(c.customer) || !c.deleted(late) {
		t.Error("a customer is left")
	}
}

func TestAnAccountThatIsGoneIsErasedAtStripeAllTheSame(t *testing.T) {
	c := open(t)
	c.leave(c.who.ID)
	c.Do(t, `delete from app.account where id = $1`, c.who.ID)
	c.ends("gone", c.Stripe, c.now, true)
	c.erases("gone", c.Stripe, c.now, true)
	if !c.deleted(c.customer) {
		t.Error("its customer is left")
	}
}

// calls are all that EndFor and EraseFor ask of Stripe.
var calls = [][2]string{
	{"GET", "/v1/customers/search"}, {"GET", "/v1/customers/cus_"}, {"GET", "/v1/checkout/sessions"}, {"POST", "/v1/checkout/sessions"},
	{"GET", "/v1/subscriptions"}, {"DELETE", "/v1/subscriptions/"}, {"POST", "/v1/customers/"},
	{"GET", "/v1/customers/cus_*/payment_methods"}, {"POST", "/v1/payment_methods/"}, {"DELETE", "/v1/customers/"},
}

// Whatever goes wrong at whichever call: nothing is said to be over that is not, and the next attempt ends it. All calls wait
// for Stripe at once, each at a till of its own.
func TestWhateverGoesWrongAtStripeTheNextAttemptEndsIt(t *testing.T) {
	c := open(t)
	var all sync.WaitGroup
	for _, call := range calls {
		all.Go(func() {
			t.Run(call[0]+" "+call[1], func(t *testing.T) {
				c := &counter{Database: c.Database, Till: till.Open(t), t: t, now: c.now}
				for _, kind := range []string{"error", "hang", "done_then_error", "done_then_hang"} {
					c.who = c.SignIn(t, uuid.NewString(), 0)
					c.customer = c.Customer(c.who.ID)
					c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa)
					c.Order(c.customer, c.who.ID, "pro-monthly")
					c.leave(c.who.ID)
					c.goesWrong(call, kind)
					c.Delete("/_control/faults")
					c.ends(kind+", then none", c.Stripe, c.later(), true)
					c.erases(kind+", then none", c.Stripe, c.later(), true)
					if !c.deleted(c.customer) || len(c.live(c.customer)) != 0 {
						t.Errorf("%s: something is left", kind)
					}
				}
			})
		})
	}
	all.Wait()
}

func (c *counter) goesWrong(call [2]string, kind string) {
	c.t.Helper()
	c.Arrange("faults", map[string]any{"method": call[0], "path": call[1], "kind": kind, "times": 4}) // each is tried three times
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
	defer cancel()
	ended, failed := billing.EndFor(ctx, c.Eraser, c.Stripe, c.who.ID, c.later())
	if ended && (failed != nil || len(c.live(c.customer)) != 0) {
		c.t.Errorf("%s: ended %t, %v; %v go on", kind, ended, failed, c.live(c.customer))
	}
	erased, unerased := billing.EraseFor(ctx, c.Eraser, c.Stripe, c.who.ID, c.later())
	if erased && (unerased != nil || !c.deleted(c.customer)) {
		c.t.Errorf("%s: erased %t, %v", kind, erased, unerased)
	}
	if failed == nil && unerased == nil && !strings.HasPrefix(kind, "done_then") {
		c.t.Errorf("%s: the fault was not met", kind)
	}
}
