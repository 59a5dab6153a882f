package stripe

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"
)

// ear is a webhook endpoint that keeps what it hears.
type ear struct {
	address, secret string
	mu              sync.Mutex
	heard           []stripego.Event
	refuse          int // how many deliveries it answers with 500 first
}

// ear makes a webhook endpoint of all types, which verifies what it hears with Stripe's own library.
func (b *bench) ear() *ear {
	listening := &ear{secret: "whsec_" + newHex(16)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		listening.mu.Lock()
		defer listening.mu.Unlock()
		if listening.refuse > 0 {
			listening.refuse--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		// The bench's clock is not the wall's, by which this would judge the age.
		event, err := webhook.ConstructEventIgnoringTolerance(body, r.Header.Get("Stripe-Signature"), listening.secret)
		if err != nil {
			b.t.Errorf("an event does not verify: %v", err)
		}
		listening.heard = append(listening.heard, event)
	}))
	b.t.Cleanup(server.Close)
	listening.address = server.URL
	b.command("POST", "/_control/endpoint", object{"url": server.URL, "secret": listening.secret})
	return listening
}

// hears waits until so many events of a type came, and gives them.
func (e *ear) hears(t *testing.T, kind string, times int) []stripego.Event {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := e.of(kind); len(found) >= times {
			return found
		}
	}
	t.Fatalf("%s came %d times, not %d", kind, len(e.of(kind)), times)
	return nil
}

func (e *ear) of(kind string) (found []stripego.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.heard {
		if string(event.Type) == kind {
			found = append(found, event)
		}
	}
	return found
}

// command tells the stand-in to do what Stripe, banks and buyers do by themselves.
func (b *bench) command(method, path string, wish object) object {
	b.t.Helper()
	status, answer := b.commanded(method, path, wish, nil)
	if status != http.StatusOK {
		b.t.Fatalf("%s %v answers %d: %v", path, wish, status, answer)
	}
	return answer
}

func (b *bench) commanded(method, path string, wish object, header http.Header) (int, object) {
	b.t.Helper()
	body, err := json.Marshal(wish)
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequest(method, b.origin+path, strings.NewReader(string(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Authorization", "Bearer "+b.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer any
	_ = json.NewDecoder(response.Body).Decode(&answer) // a refusal is plain text
	made, _ := whole(answer).(object)
	return response.StatusCode, made
}

// stripeGo is Stripe's own client on the bench's world.
func (b *bench) stripeGo() *client.API {
	config := &stripego.BackendConfig{URL: stripego.String(b.origin), MaxNetworkRetries: stripego.Int64(2),
		EnableTelemetry: stripego.Bool(false), LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull}}
	return client.New(b.key, &stripego.Backends{API: stripego.GetBackendWithConfig(stripego.APIBackend, config),
		Connect: stripego.GetBackendWithConfig(stripego.ConnectBackend, config), Uploads: stripego.GetBackendWithConfig(stripego.UploadsBackend, config)})
}

// offered makes a customer and an open session for a pack of $5, with Stripe's own client.
func (b *bench) offered() (*client.API, *stripego.CheckoutSession) {
	b.t.Helper()
	api := b.stripeGo()
	customer, err := api.Customers.New(&stripego.CustomerParams{Metadata: map[string]string{"account": "a-1"}})
	if err != nil {
		b.t.Fatal(err)
	}
	price, err := api.Prices.New(&stripego.PriceParams{Currency: stripego.String("usd"), UnitAmount: stripego.Int64(500),
		ProductData: &stripego.PriceProductDataParams{Name: stripego.String("200 credits")}})
	if err != nil {
		b.t.Fatal(err)
	}
	session, err := api.CheckoutSessions.New(&stripego.CheckoutSessionParams{
		Mode: stripego.String("payment"), Customer: &customer.ID,
		LineItems:         []*stripego.CheckoutSessionLineItemParams{{Price: &price.ID, Quantity: stripego.Int64(1)}},
		PaymentIntentData: &stripego.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"account": "a-1", "offer": "pack-200"}},
		SuccessURL:        stripego.String(b.origin + "/style.css?session_id={CHECKOUT_SESSION_ID}"), CancelURL: stripego.String(b.origin + "/style.css")})
	if err != nil {
		b.t.Fatal(err)
	}
	return api, session
}

func TestAPackIsBoughtWithStripesOwnClient(t *testing.T) {
	b := newBench(t)
	listening := b.ear()
	api, session := b.offered()
	if session.PaymentStatus != stripego.CheckoutSessionPaymentStatusUnpaid || session.PaymentIntent != nil {
		t.Errorf("before its payment the session is %s, with the intent %v", session.PaymentStatus, session.PaymentIntent)
	}
	status, page := b.visit("GET", session.URL)
	b.shows(page, `id="card"`, `id="expiry"`, `id="cvc"`, `id="country"`, `id="pay"`, `id="back"`, "200 credits", "$5.00")
	if status != http.StatusOK || strings.Contains(page, `role="alert"`) {
		t.Errorf("the page answers %d, with an alert or without: %s", status, page)
	}
	b.visit("POST", session.URL, "card", "4242 4242 4242 4242", "expiry", "12/36", "cvc", "123", "country", "DE")
	event := listening.hears(t, "checkout.session.completed", 1)[0]
	if event.APIVersion != Version || event.Livemode {
		t.Errorf("the event has the version %s, live: %v", event.APIVersion, event.Livemode)
	}
	paid, err := api.CheckoutSessions.Get(session.ID, &stripego.CheckoutSessionParams{
		Expand: []*string{stripego.String("payment_intent.latest_charge"), stripego.String("line_items")}})
	if err != nil {
		t.Fatal(err)
	}
	intent := paid.PaymentIntent
	if paid.PaymentStatus != "paid" || paid.Status != "complete" || intent.Status != "succeeded" || intent.AmountReceived != 500 ||
		intent.Metadata["offer"] != "pack-200" || intent.LatestCharge.BillingDetails.Address.Country != "DE" || len(paid.LineItems.Data) != 1 {
		t.Errorf("the session is %s and %s, its intent %+v", paid.PaymentStatus, paid.Status, intent)
	}
	var found []string
	search := api.Customers.Search(&stripego.CustomerSearchParams{SearchParams: stripego.SearchParams{Query: "metadata['account']:'a-1'"}})
	for search.Next() {
		found = append(found, search.Customer().ID)
	}
	if search.Err() != nil || len(found) != 1 || found[0] != paid.Customer.ID {
		t.Errorf("the search finds %v: %v", found, search.Err())
	}
	if _, page := b.visit("POST", session.URL, "card", "4242424242424242", "expiry", "12/36", "cvc", "123", "country", "DE"); !strings.Contains(page, "already") {
		t.Error("a session can be paid twice")
	}
	if charges := parts(b.get("/v1/charges"), "data"); len(charges) != 1 {
		t.Errorf("there are %d charges", len(charges))
	}
}

func TestWhatStripesClientAsksForInVainItIsToldInStripesWords(t *testing.T) {
	b := newBench(t)
	var failure *stripego.Error
	_, err := b.stripeGo().PaymentIntents.Get("pi_none", nil)
	if !errors.As(err, &failure) || failure.HTTPStatusCode != http.StatusNotFound || failure.Code != stripego.ErrorCodeResourceMissing {
		t.Errorf("a missing intent is told as %v", err)
	}
	other := newBench(t)
	_, session := other.offered()
	b.key = "sk_test_" + newHex(8)
	if _, err := b.stripeGo().CheckoutSessions.Get(session.ID, nil); err == nil {
		t.Error("another key's session is seen")
	}
	defer func(key string) { b.key = key }(b.key)
	b.key = "pk_test_0123456789"
	if _, err := b.stripeGo().Customers.Get("cus_1", nil); !errors.As(err, &failure) || failure.HTTPStatusCode != http.StatusUnauthorized {
		t.Errorf("a key that is no secret key is told %v", err)
	}
}
