package payment_test

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/till"
)

// must gives what a verb gives, without its error.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestAnAccountsCustomerIsMadeOnceAndFound(t *testing.T) {
	at := till.Open(t)
	if id, found, err := at.Stripe.FindCustomer(t.Context(), "account-1"); err != nil || found {
		t.Fatalf("got %q, %v", id, err)
	}
	first := must[string](t)(at.Stripe.CreateCustomer(t.Context(), "account-1", "operation-1"))
	if again := must[string](t)(at.Stripe.CreateCustomer(t.Context(), "account-1", "operation-1")); again != first {
		t.Errorf("got %s, then %s", first, again)
	}
	if _, err := at.Stripe.CreateCustomer(t.Context(), "account-2", "operation-1"); !errors.Is(err, payment.ErrKeyReused) {
		t.Errorf("got %v", err)
	}
	must[string](t)(at.Stripe.CreateCustomer(t.Context(), "account-3", "operation-3"))
	if id, found, err := at.Stripe.FindCustomer(t.Context(), "account-1"); err != nil || !found || id != first {
		t.Errorf("got %q, %t, %v, want %s", id, found, err, first)
	}
	if _, _, err := at.Stripe.FindCustomer(t.Context(), "a' OR metadata['account']:'b"); err == nil {
		t.Error("a query was smuggled in")
	}
}

// policy P2.3: what is typed at Stripe stays there.
func TestStripeIsToldNothingPersonal(t *testing.T) {
	at := till.Open(t)
	customer := at.Get("/v1/customers/" + at.Customer("account-1"))
	for name, value := range customer {
		if slices.Contains([]string{"email", "name", "phone", "address", "description", "shipping"}, name) && value != nil {
			t.Errorf("%s is %v", name, value)
		}
	}
}

func TestAPackIsPaidFromItsCheckoutToItsPayment(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	opened := at.Order(customer, "account-1", "pack-1000")
	if opened.Status != "open" || opened.PaymentStatus != "unpaid" || opened.Mode != "payment" || opened.Customer != customer || opened.URL == "" ||
		opened.Account != "account-1" || opened.Offer != "pack-1000" || opened.Amount != 2000 || opened.Currency != "usd" || opened.CreatedAt.IsZero() {
		t.Errorf("opened %+v", opened)
	}
	paid := at.Buy(customer, "account-1", "pack-1000", till.Visa)
	if paid.Status != "complete" || paid.PaymentStatus != "paid" || paid.Payment == "" || paid.Subscription != "" || paid.Offer != "pack-1000" {
		t.Fatalf("paid %+v", paid)
	}
	p := must[payment.Payment](t)(at.Stripe.Payment(t.Context(), paid.Payment))
	if p.ID != paid.Payment || p.Status != "succeeded" || p.Customer != customer || p.Account != "account-1" || p.Offer != "pack-1000" || p.Amount != 2000 ||
		p.Currency != "usd" || p.PaidAt.IsZero() || p.Charge == "" || len(p.TaxCountry) != 2 || p.Invoice != nil || len(p.Returns) != 0 {
		t.Errorf("got %+v", p)
	}
}

func TestAPlanIsPaidFromItsCheckoutToItsPayment(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	if must[bool](t)(at.Stripe.Subscribed(t.Context(), customer)) {
		t.Error("subscribed before anything was bought")
	}
	session := at.Buy(customer, "account-1", "plus-monthly", till.Visa)
	if session.Mode != "subscription" || session.Subscription == "" || session.Invoice == "" {
		t.Fatalf("paid %+v", session)
	}
	if !must[bool](t)(at.Stripe.Subscribed(t.Context(), customer)) {
		t.Error("not subscribed")
	}
	s := must[payment.Subscription](t)(at.Stripe.Subscription(t.Context(), session.Subscription))
	if s.Status != "active" || s.Customer != customer || s.Account != "account-1" || s.Price != at.Prices.Price("plus-monthly") ||
		s.PeriodEnd.Sub(s.CreatedAt) < 28*24*time.Hour || s.Paused || s.CancelAtPeriodEnd || !s.CancelAt.IsZero() || !s.EndedAt.IsZero() {
		t.Errorf("got %+v", s)
	}
	invoice := must[payment.Invoice](t)(at.Stripe.Invoice(t.Context(), session.Invoice))
	if invoice.Status != "paid" || invoice.Account != "account-1" || invoice.Subscription != s.ID || invoice.Customer != customer || invoice.Total != 900 ||
		invoice.AmountPaid != 900 || invoice.Currency != "usd" || invoice.PaidAt.IsZero() || invoice.Number == "" || invoice.HostedURL == "" ||
		!slices.Equal(invoice.Lines, []payment.Line{{Price: s.Price, UnitAmount: 900, Amount: 900, Ends: s.PeriodEnd}}) {
		t.Errorf("got %+v", invoice)
	}
	p := must[payment.Payment](t)(at.Stripe.Payment(t.Context(), invoice.PaymentIntent))
	if p.Invoice == nil || p.Invoice.ID != invoice.ID || len(p.Invoice.Lines) != 1 || p.Account != "" || p.Offer != "" || p.Amount != 900 || p.Customer != customer {
		t.Errorf("got %+v", p)
	}
	at.Delete("/v1/subscriptions/" + s.ID)
	if must[bool](t)(at.Stripe.Subscribed(t.Context(), customer)) {
		t.Error("still subscribed after its end")
	}
	if s = must[payment.Subscription](t)(at.Stripe.Subscription(t.Context(), s.ID)); s.Status != "canceled" || s.EndedAt.IsZero() {
		t.Errorf("ended %+v", s)
	}
}

func TestADowngradeCreditsTheInvoiceOfTheTimeThatIsNotUsed(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	first := at.Buy(customer, "account-1", "pro-monthly", till.Visa)
	at.Change(first.Subscription, "plus-monthly")
	invoices := must[[]payment.Invoice](t)(at.Stripe.Invoices(t.Context(), customer, 20))
	if len(invoices) != 2 || invoices[1].ID != first.Invoice {
		t.Fatalf("got %+v", invoices)
	}
	for _, line := range invoices[0].Lines {
		want := payment.Line{Price: at.Prices.Price("plus-monthly"), UnitAmount: 900}
		if line.Amount < 0 {
			want = payment.Line{Price: at.Prices.Price("pro-monthly"), UnitAmount: 2900, Credited: first.Invoice}
		}
		if line.Ends.IsZero() || line.Price != want.Price || line.UnitAmount != want.UnitAmount || line.Credited != want.Credited {
			t.Errorf("got %+v, want %+v", line, want)
		}
	}
	if len(invoices[0].Lines) != 2 || invoices[0].Total >= 0 || invoices[0].PaymentIntent != "" {
		t.Errorf("got %+v", invoices[0])
	}
}

func TestWhatComesBackIsInThePaymentWhoeverAsks(t *testing.T) {
	at := till.Open(t)
	id := at.Buy(at.Customer("account-1"), "account-1", "pack-1000", till.Visa).Payment
	look := func() (texts []string) {
		for _, r := range must[payment.Payment](t)(at.Stripe.Payment(t.Context(), id)).Returns {
			text := r.Kind + " " + r.Status
			if r.Counts {
				text += " counts"
			}
			texts = append(texts, text)
			if r.Payment != id || r.Currency != "usd" || r.At.IsZero() || r.ID == "" {
				t.Errorf("got %+v", r)
			}
		}
		return texts
	}
	expect := func(want ...string) {
		t.Helper()
		if got := look(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	at.Refund(id, "300")
	at.Refund(id, "200")
	expect("refund succeeded counts", "refund succeeded counts")
	at.Arrange("warning", map[string]string{"payment_intent": id})
	expect("refund succeeded counts", "refund succeeded counts", "warning actionable counts")
	dispute := at.Arrange("dispute", map[string]string{"payment_intent": id, "reason": "fraudulent"}).Text("id")
	expect("refund succeeded counts", "refund succeeded counts", "dispute needs_response counts", "warning closed")
	at.Arrange("dispute/close", map[string]string{"dispute": dispute, "status": "won"})
	expect("refund succeeded counts", "refund succeeded counts", "dispute won", "warning closed")
}

func TestOfSeveralOpenCheckoutsForAPlanTheNewestStays(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	pack := at.Order(customer, "account-1", "pack-200")
	other := at.Order(at.Customer("account-2"), "account-2", "plus-monthly")
	plans := []payment.Session{at.Order(customer, "account-1", "plus-monthly"), at.Order(customer, "account-1", "pro-monthly"), at.Order(customer, "account-1", "pro-yearly")}
	slices.SortFunc(plans, func(a, b payment.Session) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for _, made := range []payment.Session{plans[1], plans[2], plans[0]} { // whoever asks
		if err := at.Stripe.ExpireSessions(t.Context(), customer, made); err != nil {
			t.Fatal(err)
		}
		for session, want := range map[payment.Session]string{pack: "open", other: "open", plans[0]: "expired", plans[1]: "expired", plans[2]: "open"} {
			if now := must[payment.Session](t)(at.Stripe.Session(t.Context(), session.ID)); now.Status != want {
				t.Errorf("%s for %s is %s, not %s", now.ID, now.Offer, now.Status, want)
			}
		}
	}
}

func TestThePortalOpensForACustomerThatIsThere(t *testing.T) {
	at := till.Open(t)
	customer := at.Customer("account-1")
	if address := must[string](t)(at.Stripe.Portal(t.Context(), customer, "https://nanoflux.ai/billing")); !strings.HasPrefix(address, "http") {
		t.Errorf("got %q", address)
	}
	at.Delete("/v1/customers/" + customer)
	if _, err := at.Stripe.Portal(t.Context(), customer, "https://nanoflux.ai/billing"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := at.Stripe.Checkout(t.Context(), payment.CheckoutOrder{Customer: customer, Price: at.Prices.Price("pack-200"),
		SuccessURL: "https://nanoflux.ai/", CancelURL: "https://nanoflux.ai/", IdempotencyKey: "k"}); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestWithoutSetupThereIsNoPortal(t *testing.T) {
	at := till.Open(t)
	_, err := payment.Open(at.URL, "sk_test_"+strings.Repeat("x", 24)).Portal(t.Context(), "cus_1", "https://nanoflux.ai/")
	if err == nil || !strings.Contains(err.Error(), "stripe-setup") {
		t.Errorf("got %v", err)
	}
}

func TestWhatStripeDoesNotHaveIsNotFound(t *testing.T) {
	at := till.Open(t)
	for name, look := range map[string]func() error{
		"payment":      func() error { _, err := at.Stripe.Payment(t.Context(), "pi_none"); return err },
		"invoice":      func() error { _, err := at.Stripe.Invoice(t.Context(), "in_none"); return err },
		"subscription": func() error { _, err := at.Stripe.Subscription(t.Context(), "sub_none"); return err },
		"session":      func() error { _, err := at.Stripe.Session(t.Context(), "cs_none"); return err },
	} {
		if err := look(); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACheckoutWhoseAnswerIsLostIsOpenedOnce(t *testing.T) {
	t.Parallel()
	at := till.Open(t)
	customer := at.Customer("account-1")
	at.Arrange("faults", map[string]any{"method": "POST", "path": "/v1/checkout/sessions", "kind": "done_then_reset", "times": 1})
	order := payment.CheckoutOrder{Customer: customer, Account: "account-1", Offer: "pack-200", Price: at.Prices.Price("pack-200"),
		SuccessURL: "https://nanoflux.ai/", CancelURL: "https://nanoflux.ai/", IdempotencyKey: "operation-1"}
	first := must[payment.Session](t)(at.Stripe.Checkout(t.Context(), order))
	again := must[payment.Session](t)(at.Stripe.Checkout(t.Context(), order))
	all, _, err := at.Stripe.ListSessions(t.Context(), time.Time{}, "")
	if err != nil || first != again || len(all) != 1 || all[0].ID != first.ID {
		t.Errorf("opened %s, %s, there are %+v, %v", first.ID, again.ID, all, err)
	}
	order.Offer = "pack-1000"
	if _, err := at.Stripe.Checkout(t.Context(), order); !errors.Is(err, payment.ErrKeyReused) {
		t.Errorf("got %v", err)
	}
}
