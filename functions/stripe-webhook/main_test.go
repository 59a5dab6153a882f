package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

// TestMain lets this program be the function, for the test of its start.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_FUNCTION") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestASecretThatAnybodyCouldGuessIsRefusedAtTheStart(t *testing.T) {
	for secret, refused := range map[string]bool{
		"": true, " ": true, ",": true, "whsec_": true, "whsec_short": true, "secret_0123456789abcdef": true,
		"whsec_0123456789abcdef,": true, "whsec_0123456789abcdef,whsec_0123456789abcdee,whsec_0123456789abcded": true,
		"whsec_0123456789abcdef": false, "whsec_0123456789abcdef,whsec_0123456789abcdee": false,
	} {
		start := exec.Command(os.Args[0])
		start.Env = []string{
			"BE_THE_FUNCTION=1", "SITE_URL=" + origin, "DATABASE_URL=postgres://nobody@127.0.0.1:1/none?sslmode=disable",
			"STRIPE_URL=http://127.0.0.1:1", "STRIPE_SECRET_KEY=sk_test_0123456789", "STRIPE_WEBHOOK_SECRETS=" + secret,
			"STRIPE_PRICES=plus-monthly=price_1,plus-yearly=price_2,pro-monthly=price_3,pro-yearly=price_4,pack-200=price_5,pack-1000=price_6,pack-5000=price_7",
		}
		said, err := start.CombinedOutput()
		if named := strings.Contains(string(said), "STRIPE_WEBHOOK_SECRETS"); err == nil || named != refused || strings.Contains(string(said), "abcde") {
			t.Errorf("%q: %v %s", secret, err, said)
		}
	}
}

// shop is a customer at the till, and the function that hears of them.
func shop(t *testing.T) (db people.Database, stripe *till.Till, tell func(till.Object) visitor.Reply) {
	t.Helper()
	db, stripe = people.Open(t), till.Open(t)
	handler := web.Handler(origin, webhook{billing.Books{DB: db.Cashier, Stripe: stripe.Stripe, Prices: stripe.Prices}, secrets(t)}.routes())
	return db, stripe, func(event till.Object) visitor.Reply {
		t.Helper()
		body, at := text(t, event), time.Now()
		return visitor.Visitor{}.Send(t, handler, "POST", "/webhooks/stripe", visitor.At(at), func(e *events.APIGatewayV2HTTPRequest) {
			e.Body = body
			e.Headers["stripe-signature"] = stamped(at, "v1="+sign(body, newSecret, at))
		})
	}
}

func TestStripeIsAskedToRepeatWhatCouldNotBeLookedUp(t *testing.T) {
	db, stripe, tell := shop(t)
	ada := db.SignIn(t, "ada", 0)
	stripe.Buy(stripe.Customer(ada.ID), ada.ID, "pack-200", till.Visa)
	var paid till.Object
	for _, event := range stripe.Events() {
		if event.Text("type") == "checkout.session.completed" {
			paid = event
		}
	}
	stripe.Arrange("faults", map[string]any{"method": "GET", "path": "/v1/payment_intents", "kind": "error", "status": 500, "times": 3})
	tell(paid).Refuses(503, "stripe_unavailable")
	if n := people.Ask[int](t, db, `select count(*) from app.stripe_event`); n != 0 {
		t.Error("an event that was not applied is remembered")
	}
	tell(paid).Is(204)
	if n := people.Ask[int64](t, db, `select available from app.credit_balance`); n != 200 {
		t.Errorf("%d credits in the end", n)
	}
	data := paid["data"].(map[string]any)["object"].(map[string]any)
	data["payment_intent"], paid["id"] = "pi_of_nobody", "evt_of_nobody"
	tell(paid).Refuses(503, "object_missing")
}

func TestNobodyElsesWebhookIsThis(t *testing.T) {
	_, _, tell := shop(t)
	if reply := tell(till.Object{"object": "event"}); reply.Status != 400 {
		t.Errorf("%d %s", reply.Status, reply.Body)
	}
	var none payment.Secrets
	if _, err := payment.Verify([]byte(`{}`), "", none, time.Now()); err == nil {
		t.Error("without a secret everything is believed")
	}
}
