package payment_test

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/till"
)

func TestListsGiveEachObjectOnceNewestFirst(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	want := map[string]bool{}
	for range 103 {
		want[at.Order(customer, "account-1", "pack-200").ID] = true
	}
	var last time.Time
	after, pages := "", 0
	for {
		page, next, err := at.Stripe.ListSessions(t.Context(), time.Now().Add(-time.Hour), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			if !want[s.ID] || !last.IsZero() && s.CreatedAt.After(last) {
				t.Errorf("%s at %v, after one of %v", s.ID, s.CreatedAt, last)
			}
			delete(want, s.ID)
			last = s.CreatedAt
		}
		if pages++; next == "" {
			break
		}
		after = next
	}
	if len(want) > 0 || pages != 2 {
		t.Errorf("%d are missing after %d pages", len(want), pages)
	}
	if page, next, err := at.Stripe.ListSessions(t.Context(), time.Now().Add(time.Hour), ""); err != nil || next != "" || len(page) > 0 {
		t.Errorf("of the future: %+v, %q, %v", page, next, err)
	}
}

func TestEachListNamesWhatIsToBeLookedAt(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	pack := at.Buy(customer, "account-1", "pack-1000", till.Visa)
	plan := at.Buy(customer, "account-1", "plus-monthly", till.Visa)
	refund := at.Refund(pack.Payment, "100").Text("id")
	at.Arrange("warning", map[string]string{"payment_intent": pack.Payment})
	dispute := at.Arrange("dispute", map[string]string{"payment_intent": pack.Payment, "reason": "fraudulent"}).Text("id")
	since := time.Now().Add(-time.Hour)
	for kind, list := range map[string]func() ([]payment.Return, string, error){
		payment.Refund:  func() ([]payment.Return, string, error) { return at.Stripe.ListRefunds(t.Context(), since, "") },
		payment.Dispute: func() ([]payment.Return, string, error) { return at.Stripe.ListDisputes(t.Context(), since, "") },
		payment.Warning: func() ([]payment.Return, string, error) { return at.Stripe.ListWarnings(t.Context(), since, "") },
	} {
		page, next, err := list()
		if err != nil || next != "" || len(page) != 1 || page[0].Kind != kind || page[0].Payment != pack.Payment {
			t.Errorf("%s: %+v, %q, %v", kind, page, next, err)
			continue
		}
		if id := map[string]string{payment.Refund: refund, payment.Dispute: dispute}[kind]; id != "" && page[0].ID != id {
			t.Errorf("%s: %+v", kind, page)
		}
	}
	if page, next, err := at.Stripe.ListInvoices(t.Context(), since, ""); err != nil || next != "" || len(page) != 1 || page[0].ID != plan.Invoice {
		t.Errorf("invoices: %+v, %q, %v", page, next, err)
	}
	if page, next, err := at.Stripe.ListSubscriptions(t.Context(), ""); err != nil || next != "" || len(page) != 1 || page[0].ID != plan.Subscription {
		t.Errorf("subscriptions: %+v, %q, %v", page, next, err)
	}
	at.Delete("/v1/subscriptions/" + plan.Subscription)
	if page, _, err := at.Stripe.ListSubscriptions(t.Context(), ""); err != nil || len(page) != 0 {
		t.Errorf("after its end: %+v, %v", page, err)
	}
}
