package billing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
)

// counter is somebody before a till, and our books behind it.
type counter struct {
	people.Database
	*till.Till
	t        *testing.T
	books    billing.Books
	who      people.Person
	customer string
	now      time.Time
	told     int // events that we have been told of
}

func open(t *testing.T) *counter {
	t.Helper()
	t.Parallel()
	c := &counter{Database: people.Open(t), Till: till.Open(t), t: t, now: time.Now().UTC().Truncate(time.Second)}
	c.books = billing.Books{DB: c.Cashier, Stripe: c.Stripe, Prices: c.Prices}
	c.who = c.SignIn(t, "ada", 0)
	c.customer = c.Customer(c.who.ID)
	return c
}

// hear tells our books what happened since, in order, and gives the alarms that rang.
func (c *counter) hear() (alarms []string) {
	c.t.Helper()
	all := c.Events()
	for _, event := range all[c.told:] {
		about, handled := subject(event)
		if !handled {
			continue
		}
		outcome, err := c.books.Converge(c.t.Context(), about, billing.Event{ID: event.Text("id"), Type: event.Text("type")}, c.now)
		if err != nil {
			c.t.Fatalf("%s: %v", event.Text("type"), err)
		}
		alarms = append(alarms, outcome.Alarms...)
	}
	c.told = len(all)
	return slices.Compact(alarms)
}

// subject is what an event is about, for events that are too well known to be signed first.
func subject(event till.Object) (payment.Subject, bool) {
	id, intent := event.Text("data.object.id"), event.Text("data.object.payment_intent")
	if !slices.Contains(payment.EventTypes(), event.Text("type")) {
		return payment.Subject{}, false
	}
	switch event.Text("data.object.object") {
	case "subscription":
		return payment.Subject{Kind: payment.SubjectSubscription, ID: id}, true
	case "customer":
		return payment.Subject{Kind: payment.SubjectCustomer, ID: id}, true
	case "checkout.session":
		if plan := event.Text("data.object.subscription"); plan != "" {
			return payment.Subject{Kind: payment.SubjectSubscription, ID: plan}, true
		}
	case "invoice":
		if intent == "" {
			return payment.Subject{Kind: payment.SubjectInvoice, ID: id}, true
		}
	}
	return payment.Subject{Kind: payment.SubjectPayment, ID: intent}, intent != ""
}

func (c *counter) wait(days int) {
	c.t.Helper()
	c.now = c.now.AddDate(0, 0, days)
	c.Advance(c.now)
}

// has fails the test unless the account has so many credits to spend, and owes so many.
func (c *counter) has(when string, available, owed int64) {
	c.t.Helper()
	got := people.Ask[[]int64](c.t, c.Database, `select array[coalesce(sum(available)::bigint, 0), coalesce(sum(debt)::bigint, 0)] from app.credit_balance`)
	if got[0] != available || got[1] != owed {
		c.t.Errorf("%s: %d credits, %d owed; want %d, %d", when, got[0], got[1], available, owed)
	}
	c.Books(c.t)
}

// plan fails the test unless the account's latest plan stands so.
func (c *counter) plan(when, offer, status string, ends bool) {
	c.t.Helper()
	got := people.Ask[string](c.t, c.Database, `
		select concat_ws(' ', offer, status, case when cancel_at is not null or ended_at is not null then 'ends' end)
		from app.subscription order by created_at desc limit 1`)
	want := offer + " " + status
	if ends {
		want += " ends"
	}
	if got != want {
		c.t.Errorf("%s: the plan is %q, want %q", when, got, want)
	}
}

// spend uses credits up, as an order does.
func (c *counter) spend(amount int64) error {
	c.t.Helper()
	id := uuid.NewString()
	if _, err := c.Web.Exec(c.t.Context(), `select app.hold_credits($1, $2, $3, $4)`, c.who.ID, id, amount, c.now); err != nil {
		return err
	}
	_, err := credit.Settle(c.t.Context(), c.Worker, id, c.now)
	return err
}

func TestAPackIsThereWhenItsMoneyIs(t *testing.T) {
	c := open(t)
	c.Order(c.customer, c.who.ID, "pack-1000")
	c.hear()
	c.has("ordered", 0, 0)
	c.Buy(c.customer, c.who.ID, "pack-1000", till.Visa)
	c.hear()
	c.has("paid", 1000, 0)
	if end := people.Ask[time.Time](t, c.Database, `select expires_at from app.credit_grant`); end.Sub(c.now) < 729*24*time.Hour {
		t.Errorf("it ends %s", end)
	}
}

func TestRefundsInPartsAndOneThatFails(t *testing.T) {
	c := open(t)
	paid := c.Buy(c.customer, c.who.ID, "pack-1000", till.Visa).Payment // 2000 cents
	c.Refund(paid, "333")
	c.hear()
	c.has("a sixth", 1000-167, 0) // 166.5
	second := c.Refund(paid, "667").Text("id")
	c.hear()
	c.has("half", 500, 0)
	c.Arrange("refund", map[string]string{"refund": second, "status": "failed"})
	c.hear()
	c.has("the second failed", 1000-167, 0)
	c.Refund(paid, "1667")
	c.hear()
	c.has("all", 0, 0)
	if got := people.Ask[string](t, c.Database, `select status from app.payment`); got != "refunded" {
		t.Errorf("the payment is %s", got)
	}
}

func TestSpentCreditsThatAreTakenBackAreOwed(t *testing.T) {
	c := open(t)
	first := c.Buy(c.customer, c.who.ID, "pack-200", till.Visa).Payment
	c.hear()
	if err := c.spend(150); err != nil {
		t.Fatal(err)
	}
	c.Refund(first, "500")
	c.hear()
	c.has("refunded after 150 were spent", 0, 150)
	if err := c.spend(1); !credit.Owed(err) {
		t.Errorf("an order while credits are owed: %v", err)
	}
	c.Buy(c.customer, c.who.ID, "pack-200", till.Visa)
	c.hear()
	c.has("another pack", 50, 0)
	if err := c.spend(50); err != nil {
		t.Error(err)
	}
}

// policy P3.4, policy P7e: credits of money that is taken back are taken back.
func TestDisputesAndWarnings(t *testing.T) {
	c := open(t)
	paid := c.Buy(c.customer, c.who.ID, "pack-200", till.Disputed).Payment
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmDispute) {
		t.Errorf("alarms %v", alarms)
	}
	c.has("disputed", 0, 0)
	id := c.Get("/v1/disputes?payment_intent=" + paid)["data"].([]any)[0].(map[string]any)["id"].(string)
	c.Arrange("dispute/close", map[string]string{"dispute": id, "status": "won"})
	c.hear()
	c.has("won", 200, 0)

	warned := c.Buy(c.customer, c.who.ID, "pack-1000", till.Warned).Payment
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmDispute) {
		t.Errorf("alarms %v", alarms)
	}
	c.has("warned", 200, 0)
	c.Arrange("dispute", map[string]string{"payment_intent": warned, "reason": "fraudulent"})
	c.hear()
	c.has("and disputed", 200, 0)
	id = c.Get("/v1/disputes?payment_intent=" + warned)["data"].([]any)[0].(map[string]any)["id"].(string)
	c.Arrange("dispute/close", map[string]string{"dispute": id, "status": "lost"})
	c.hear()
	c.has("lost", 200, 0)
	if got := people.Ask[string](t, c.Database, `select status from app.payment where id = $1`, warned); got != "lost" {
		t.Errorf("the payment is %s", got)
	}
}

func TestAPlanFromItsFirstMonthToItsEnd(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	c.hear()
	c.has("subscribed", 500, 0)
	c.plan("subscribed", "plus-monthly", "active", false)

	c.wait(33)
	c.hear()
	expire(c)
	c.has("renewed, the first month's are gone", 500, 0)

	c.Change(plan, "pro-monthly")
	c.hear()
	upgraded := people.Ask[int64](t, c.Database, `select amount from app.credit_grant order by granted_at desc, amount desc limit 1`)
	c.plan("upgraded", "pro-monthly", "active", false)
	if upgraded < 1300 || upgraded > 1500 {
		t.Errorf("the upgrade brought %d credits", upgraded)
	}
	c.Change(plan, "plus-monthly")
	c.hear()
	c.plan("downgraded", "plus-monthly", "active", false)
	c.has("up and down at once", 500, 0)

	c.Post("/v1/subscriptions/"+plan, "cancel_at_period_end", "true")
	c.hear()
	c.plan("to be cancelled", "plus-monthly", "active", true)
	c.wait(40)
	c.hear()
	c.plan("cancelled", "plus-monthly", "canceled", true)
	expire(c)
	c.has("the paid time is over", 0, 0)
}

func expire(c *counter) {
	c.t.Helper()
	if _, err := credit.Expire(c.t.Context(), c.Sweeper, c.now, 100); err != nil {
		c.t.Fatal(err)
	}
}

func TestMoneyWithoutAnOwnerIsNotTakenInSilence(t *testing.T) {
	c := open(t)
	stray := c.Post("/v1/customers").Text("id")
	gone := uuid.NewString()
	for name, who := range map[string][3]string{
		"unknown_customer": {stray, "", "unknown_customer"},
		"account_gone":     {c.Customer(gone), gone, "account_gone"},
	} {
		c.Buy(who[0], who[1], "pack-200", till.Visa)
		if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmUnclaimed) {
			t.Errorf("%s: alarms %v", name, alarms)
		}
		list, err := billing.ListUnclaimed(t.Context(), c.Cashier, 10)
		if err != nil || !slices.ContainsFunc(list, func(u billing.Unclaimed) bool {
			return u.Reason == who[2] && u.Amount == 500 && u.Currency == "usd"
		}) {
			t.Errorf("%s: the list is %v, %v", name, list, err)
		}
	}
	c.has("nobody got anything", 0, 0)
}

func TestAnAnswerThatNamedTheCustomerMayBeLost(t *testing.T) {
	c := open(t) // nobody wrote our customer down
	c.Buy(c.customer, c.who.ID, "pack-200", till.Visa)
	c.hear()
	c.has("found by what the checkout wrote into the payment", 200, 0)
	if got := people.Ask[string](t, c.Database, `select id from app.customer where account_id = $1`, c.who.ID); got != c.customer {
		t.Errorf("the customer is %q", got)
	}
}

func TestPlansThatAnOperatorMustSee(t *testing.T) {
	c := open(t)
	first := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	if alarms := c.hear(); len(alarms) != 0 {
		t.Errorf("one plan: alarms %v", alarms)
	}
	c.Buy(c.customer, c.who.ID, "pro-monthly", till.Visa)
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmSecondSubscription) {
		t.Errorf("two plans: alarms %v", alarms)
	}
	c.Delete("/v1/subscriptions/" + first)
	if alarms := c.hear(); len(alarms) != 0 {
		t.Errorf("one ended: alarms %v", alarms)
	}
	gone := uuid.NewString()
	c.Buy(c.Customer(gone), gone, "plus-monthly", till.Visa)
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmNoOwner) {
		t.Errorf("a plan of nobody: alarms %v", alarms)
	}
}
