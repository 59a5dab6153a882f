package journey

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// What people type on Stripe's pages, here and in all journeys, and what Stripe knows of them. After the last journey none
// of it may stand in a table or a log.
const (
	goodCard     = "4242 4242 4242 4242"
	declinedCard = "4000 0000 0000 0002"
	askingCard   = "4000 0025 0000 3155" // its bank asks whether it is its holder
	cvc          = "0739"                // begins with 0, so no count and no duration can look like it
	street       = "Kummerspeckgasse 4711"
	town         = "Wolkenkuckucksheim"
	postcode     = "ZQ99 7QX"
)

// policy P2.3: no card is kept.
//
// Stripe's events carry a customer's whole address, people type a card's number into wrong places: both happen here, for what
// keepsNothingOfCards looks for at the end.
func TestCardsAndAddressesReachStripeAndNobodyElse(t *testing.T) {
	disturbs(t)
	p := newcomer(t)
	p.awaitCredits(p.paid("plus-monthly").ID)
	customer := ask[string](t, `select id from app.customer where account_id = $1`, p.account().ID)
	atStripe(t, "POST", "/v1/customers/"+customer, url.Values{"name": {"Ada Cardholder"}, "address[line1]": {street},
		"address[city]": {town}, "address[postal_code]": {postcode}, "address[country]": {"DE"}})

	subscription := ask[string](t, `select id from app.subscription where account_id = $1`, p.account().ID)
	p.changesTo(subscription, "pro-monthly")
	p.becomes(credits{Available: 50 + 2000})

	p.typesCardsInWrongPlaces()
	silence(t)
	if carried := addressesIn(t); !carried["invoice.paid"] {
		t.Errorf("no event brought an address to the service, so this shows nothing: %v", carried)
	}
	atStripe(t, "DELETE", "/v1/customers/"+customer, nil)
	silence(t)
	if status := p.billing().Plan.Status; status != "canceled" && status != "free" {
		t.Errorf("the plan of a deleted customer is %s", status)
	}
	p.balanced()
	if kept := addressesIn(t); len(kept) > 0 {
		t.Errorf("of a customer who was deleted, Stripe's stand-in keeps the address in %v", kept)
	}
}

// addressesIn says in which types of events that were delivered an address stands; none may carry a card.
func addressesIn(t *testing.T) map[string]bool {
	t.Helper()
	carried := map[string]bool{}
	for _, each := range happenings(t) {
		var event struct{ Type string }
		if err := json.Unmarshal(each.Event, &event); err != nil {
			t.Fatal(err)
		}
		for _, found := range sensitive(string(each.Event)) {
			if !strings.HasPrefix(found, "address") {
				t.Errorf("an event carries what Stripe's never do: %s: %s", event.Type, found)
			} else if each.Delivered > 0 {
				carried[event.Type] = true
			}
		}
	}
	return carried
}

// changesTo moves a subscription to another price, as the portal does.
func (p *person) changesTo(subscription, offer string) {
	p.t.Helper()
	var sub, prices struct {
		Items struct{ Data []struct{ ID string } }
		Data  []struct {
			ID     string
			Lookup string `json:"lookup_key"`
		}
	}
	read := func(path string, into any) {
		if err := json.Unmarshal(atStripe(p.t, "GET", path, nil), into); err != nil {
			p.t.Fatal(err)
		}
	}
	read("/v1/subscriptions/"+subscription, &sub)
	read("/v1/prices?limit=100", &prices)
	for _, price := range prices.Data {
		if price.Lookup == offer {
			atStripe(p.t, "POST", "/v1/subscriptions/"+subscription, url.Values{"items[0][id]": {sub.Items.Data[0].ID},
				"items[0][price]": {price.ID}, "proration_behavior": {"always_invoice"}})
			return
		}
	}
	p.t.Fatalf("Stripe has no price for %s: %+v", offer, prices)
}

func (p *person) typesCardsInWrongPlaces() {
	p.t.Helper()
	digits := strings.ReplaceAll(goodCard, " ", "")
	p.call("POST", "/api/checkout", map[string]string{"pack": goodCard}, "Idempotency-Key", uuid()).refuses(422, "unknown_offer")
	p.call("POST", "/api/checkout", map[string]string{"pack": "pack-200", "card": digits, "cvc": cvc}, "Idempotency-Key", uuid()).refuses(422, "")
	p.call("POST", "/api/checkout", map[string]string{"pack": "pack-200"}, "Idempotency-Key", digits).refuses(400, "")
	p.call("POST", "/api/checkout?card="+digits, map[string]string{"pack": "pack-200"}, "Idempotency-Key", uuid()).refuses(400, "")
	p.call("GET", "/api/checkout/"+digits, nil).refuses(404, "")
	p.call("GET", "/api/checkout/cs_"+digits, nil).refuses(404, "")
	p.call("GET", "/api/account/credits?cursor="+digits, nil).refuses(400, "")
	p.call("POST", "/webhooks/stripe", map[string]string{"number": goodCard, "cvc": cvc, "line1": street},
		"Stripe-Signature", "t=1,v1="+digits).refuses(400, "invalid_signature")
	p.call("GET", "/nowhere/"+digits, nil)
	p.call("GET", "/checkout/return?session_id="+digits, nil, "User-Agent", goodCard, "X-Request-Id", digits)
}

// policy P2.3: and one that were kept would be found.
func TestACardThatIsKeptInATableOrALogIsFound(t *testing.T) {
	disturbs(t)
	db, err := pgx.Connect(t.Context(), os.Getenv("JOURNEY_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	// The second table is one that nobody has thought of yet, and hides what it holds in bytes.
	plantings := [][2]string{
		{"select 1", "insert into app.stripe_event (id, type, at) values ($1, 'planted', clock_timestamp())"},
		{"create table app.planted (note bytea)", "insert into app.planted values (convert_to($1, 'UTF8'))"},
	}
	for _, planted := range []string{goodCard, "4242424242424242", "4000-0000-0000-0002", "cvc=" + cvc, "to " + street, town, postcode} {
		for _, sql := range plantings {
			plant(t, db, sql, planted)
		}
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "functions.log"), []byte(`{"msg":"`+planted+`"}`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := inLogs(folder); err != nil || len(found) == 0 {
			t.Errorf("%q in a log is not found: %v (%v)", planted, found, err)
		}
	}
	innocent := `{"id":"0192f0aa-0739-7739-8739-007390739000","ms":7390,"key":"\\x0739007390739e","at":"2026-11-23T20:07:39.0739Z","last4":"4242"}`
	if found := sensitive(innocent); len(found) > 0 {
		t.Errorf("what is none is taken for a card: %v", found)
	}
}

// plant puts a text into a table, looks whether it is found there, and takes it away again.
func plant(t *testing.T, db *pgx.Conn, sql [2]string, planted string) {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), sql[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), sql[1], planted); err != nil {
		t.Fatal(err)
	}
	if found, err := inTables(t.Context(), tx); err != nil || len(found) != 1 {
		t.Errorf("%q in a table is not found: %v (%v)", planted, found, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}
