package billing_test

import (
	"slices"
	"testing"

	"nanoflux.ai/backend/shared/billing"
)

func TestABillThatIsPaidLongAfterItWasWrittenIsRepaired(t *testing.T) {
	c := open(t)
	c.Arrange("retries", map[string]string{"then": "past_due"})
	plan := c.Buy(c.customer, c.who.ID, "plus-monthly", "4000000000000341").Subscription // pays once
	c.hear()
	c.wait(33)
	c.wait(20)
	c.hear()
	c.plan("the second month is not paid", "plus-monthly", "past_due", false)
	expire(c)
	c.has("the second month is not paid", 0, 0)
	owed := c.Get("/v1/subscriptions/" + plan).Text("latest_invoice")
	c.Post("/v1/invoices/"+owed+"/pay", "payment_method", c.Post("/v1/payment_methods/pm_card_visa/attach", "customer", c.customer).Text("id"))
	c.reconcile("")
	c.plan("paid", "plus-monthly", "active", false)
	c.has("paid, but nobody told us", 500, 0)
}

func TestMoneyThatABankTookTwoWeeksToSendIsRepaired(t *testing.T) {
	c := open(t)
	order := c.Order(c.customer, c.who.ID, "pack-200").ID
	c.Arrange("pay", map[string]string{"session": order, "method": "bank"})
	c.hear()
	c.wait(14)
	c.Arrange("settle", map[string]any{"session": order, "arrived": true})
	c.reconcile("")
	c.has("the money is here, but nobody told us", 200, 0)
}

func TestABillThatWasPaidElsewhereByNobodyWeKnowIsNotTakenInSilence(t *testing.T) {
	c := open(t)
	c.Arrange("retries", map[string]string{"then": "past_due"})
	stray := c.Post("/v1/customers").Text("id")
	plan := c.Buy(stray, "", "plus-monthly", "4000000000000341").Subscription // pays once
	c.wait(40)
	c.hear()
	owed := c.Get("/v1/subscriptions/" + plan).Text("latest_invoice")
	c.Post("/v1/invoices/"+owed+"/pay", "paid_out_of_band", "true")
	if alarms := c.hear(); !slices.Contains(alarms, billing.AlarmUnclaimed) {
		t.Errorf("alarms %v", alarms)
	}
}
