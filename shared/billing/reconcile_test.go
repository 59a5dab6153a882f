package billing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/testbed/till"
)

// reconcile compares, at c.now, and gives the report; an error must say what fails, if anything is to.
func (c *counter) reconcile(fails string) billing.Report {
	c.t.Helper()
	report, err := c.books.Reconcile(c.t.Context(), c.now, 0)
	if fails == "" && (err != nil || !report.Finished) || fails != "" && (err == nil || !strings.Contains(err.Error(), fails)) {
		c.t.Fatalf("%+v, %v", report, err)
	}
	return report
}

func TestAPaymentThatCannotBeWrittenDoesNotKeepTheOthersFromRepair(t *testing.T) {
	c := open(t)
	bad := c.Buy(c.customer, c.who.ID, "pack-200", till.Visa).Payment
	c.Buy(c.customer, c.who.ID, "pack-1000", till.Visa)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	c.Do(t, `alter table app.payment add constraint poison check (id <> '`+bad+`')`)
	c.reconcile("poison")
	c.reconcile("")
	c.has("all but the one", 1500, 0)
	c.plan("the plan "+plan, "plus-monthly", "active", false)
}

func TestMoneyThatWasGivenBackIsNotUnclaimedAnyMore(t *testing.T) {
	c := open(t)
	paid := c.Buy(c.Post("/v1/customers").Text("id"), "", "pack-200", till.Visa).Payment
	c.hear()
	if report := c.reconcile(""); len(report.Unclaimed) != 1 {
		t.Fatalf("%+v", report)
	}
	c.Refund(paid, "500")
	c.hear()
	c.wait(1)
	if report := c.reconcile(""); len(report.Unclaimed) != 0 {
		t.Errorf("after the refund: %+v", report)
	}
}

func TestMoneyThatFoundItsOwnerIsNotUnclaimedAnyMore(t *testing.T) {
	c := open(t)
	c.wait(1)
	stray := c.Post("/v1/customers").Text("id")
	c.Buy(stray, "", "pack-200", till.Visa)
	c.hear()
	c.has("nobody knows the customer", 0, 0)
	c.Do(t, `insert into app.customer (account_id, id, operation, begun_at) values ($1, $2, gen_random_uuid(), $3)`, c.who.ID, stray, c.now)
	c.wait(1)
	if report := c.reconcile(""); len(report.Unclaimed) != 0 || report.Repaired["ours"] != 1 {
		t.Errorf("%+v", report)
	}
	c.has("an operator wrote down who that is", 200, 0)
}

func TestReconciliationRepairsEverythingThatWasLost(t *testing.T) {
	c := open(t)
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", till.Visa).Subscription
	paid := c.Buy(c.customer, c.who.ID, "pack-1000", till.Visa).Payment
	c.Refund(paid, "1000")
	reconcile := func(when string, repaired bool) {
		t.Helper()
		report, err := c.books.Reconcile(t.Context(), c.now, 0)
		if err != nil || !report.Finished || repaired != (len(report.Repaired) > 0) {
			t.Errorf("%s: %+v, %v", when, report, err)
		}
	}
	reconcile("nothing was heard", true)
	c.has("repaired", 500+500, 0)
	c.plan("repaired", "plus-monthly", "active", false)
	c.Delete("/v1/subscriptions/" + plan)
	reconcile("once a day is enough", false)
	c.wait(1)
	reconcile("the next day", true)
	c.plan("the next day", "plus-monthly", "canceled", true)
	c.wait(1)
	reconcile("nothing happened", false)
}

func TestReconciliationGoesOnWhereItStopped(t *testing.T) {
	c := open(t)
	for range 3 {
		c.Buy(c.customer, c.who.ID, "pack-200", till.Visa)
	}
	var finished bool
	for attempt := range 500 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(2+attempt)*time.Millisecond)
		report, err := c.books.Reconcile(ctx, c.now, 0)
		cancel()
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		if finished = report.Finished; finished {
			break
		}
	}
	if !finished {
		t.Error("it never came to its end")
	}
	c.has("in the end", 600, 0)
}

func TestAPlaceThatIsGoneAtStripeIsNoDeadEnd(t *testing.T) {
	c := open(t)
	c.Buy(c.customer, c.who.ID, "pack-200", till.Visa)
	c.Do(t, `insert into app.reconciliation (day, since, step, cursor, checked, repaired) values ($1, $2, 'sessions', 'cs_deleted', 0, 0)`,
		c.now.Truncate(24*time.Hour), c.now.AddDate(0, 0, -7))
	c.reconcile("")
	c.has("from the step's start", 200, 0)
}
