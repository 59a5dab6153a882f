package payment_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed"
)

const endpoint = "http://localhost:8080/webhooks/stripe"

func TestSetupMakesEverythingOnceThenChangesNothing(t *testing.T) {
	at := testbed.Stripe(t)
	account := payment.Open(at.URL, at.Key)
	first := install(t, account, endpoint)
	if len(first.Steps) != 5+7+1+1 { // products, prices, portal, endpoint
		t.Errorf("%d steps: %v", len(first.Steps), first.Steps)
	}
	expect(t, first, payment.Created)
	if _, err := payment.ParseSecrets(first.Secret); err != nil {
		t.Errorf("the new endpoint's secret cannot be used: %v", err)
	}
	prices, err := offer.Parse(first.Prices)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offer.Catalogue() {
		var made struct {
			Currency, Lookup_key, Product string
			Unit_amount                   int64
			Recurring                     *struct{ Interval string }
			Metadata                      map[string]string
		}
		ask(t, at, http.MethodGet, "prices/"+prices.Price(o.ID), nil, &made)
		interval := ""
		if made.Recurring != nil {
			interval = made.Recurring.Interval
		}
		if made.Unit_amount != o.Amount || made.Currency != o.Currency || interval != o.Interval || made.Lookup_key != o.ID ||
			made.Metadata["offer"] != o.ID {
			t.Errorf("%s is %+v", o.ID, made)
		}
	}

	second := install(t, account, endpoint)
	expect(t, second, payment.Unchanged)
	if second.Prices != first.Prices || second.Portal != first.Portal || second.Endpoint != first.Endpoint || second.Secret != "" {
		t.Errorf("first %+v\nthen %+v", first, second)
	}
}

func TestSetupWithoutASiteMakesNoEndpoint(t *testing.T) {
	at := testbed.Stripe(t)
	made := install(t, payment.Open(at.URL, at.Key), "")
	var endpoints struct{ Data []any }
	ask(t, at, http.MethodGet, "webhook_endpoints", nil, &endpoints)
	if made.Endpoint != "" || made.Secret != "" || len(endpoints.Data) != 0 {
		t.Errorf("%+v, %v", made, endpoints)
	}
}

func TestSetupCorrectsWhatSomebodyChanged(t *testing.T) {
	at := testbed.Stripe(t)
	account := payment.Open(at.URL, at.Key)
	made := install(t, account, endpoint)
	prices, err := offer.Parse(made.Prices)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct {
		path  string
		field url.Values
	}{
		"product Plus":     {"products/nanoflux-plus", url.Values{"active": {"false"}}},
		"product Pro":      {"products/nanoflux-pro", url.Values{"metadata[tier]": {"free"}}},
		"price pack-200":   {"prices/" + prices.Price("pack-200"), url.Values{"active": {"false"}}},
		"price pack-1000":  {"prices/" + prices.Price("pack-1000"), url.Values{"metadata[offer]": {"pack-1"}}},
		"webhook endpoint": {"webhook_endpoints/" + made.Endpoint, url.Values{"disabled": {"true"}}},
		"billing portal":   {"billing_portal/configurations/" + made.Portal, url.Values{"features[subscription_cancel][mode]": {"immediately"}, "features[subscription_cancel][enabled]": {"true"}}},
	} {
		ask(t, at, http.MethodPost, change.path, change.field, nil)
		again := install(t, account, endpoint)
		for _, step := range again.Steps {
			if want := step.What == name; want != (step.Outcome == payment.Corrected) {
				t.Errorf("after a change of the %s: %v", name, step)
			}
		}
		expect(t, install(t, account, endpoint), payment.Unchanged)
	}
}

func TestSetupCorrectsEachThingThatThePortalAllows(t *testing.T) {
	at := testbed.Stripe(t)
	account := payment.Open(at.URL, at.Key)
	made := install(t, account, endpoint)
	prices, err := offer.Parse(made.Prices)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []url.Values{
		{"active": {"false"}},
		{"features[customer_update][enabled]": {"true"}, "features[customer_update][allowed_updates][0]": {"email"}},
		{"features[invoice_history][enabled]": {"false"}},
		{"features[payment_method_update][enabled]": {"false"}},
		{"features[subscription_update][proration_behavior]": {"none"}},
		{"features[subscription_update][products][0][product]": {"nanoflux-plus"},
			"features[subscription_update][products][0][prices][0]": {prices.Price("plus-monthly")}},
	} {
		ask(t, at, http.MethodPost, "billing_portal/configurations/"+made.Portal, change, nil)
		steps := install(t, account, endpoint).Steps
		if i := slices.IndexFunc(steps, func(s payment.Step) bool { return s.What == "billing portal" }); steps[i].Outcome != payment.Corrected {
			t.Errorf("after %v: %v", change, steps[i])
		}
		expect(t, install(t, account, endpoint), payment.Unchanged)
	}
}

func TestSetupSubscribesTheEndpointToExactlyOurTypes(t *testing.T) {
	at := testbed.Stripe(t)
	account := payment.Open(at.URL, at.Key)
	made := install(t, account, endpoint)
	var there struct {
		Enabled_events      []string
		Api_version, Status string
	}
	for range 2 {
		ask(t, at, http.MethodGet, "webhook_endpoints/"+made.Endpoint, nil, &there)
		slices.Sort(there.Enabled_events)
		if !slices.Equal(there.Enabled_events, slices.Sorted(slices.Values(payment.EventTypes()))) || there.Api_version != "2023-10-16" {
			t.Errorf("%+v", there)
		}
		ask(t, at, http.MethodPost, "webhook_endpoints/"+made.Endpoint, url.Values{"enabled_events[0]": {"*"}}, nil)
		install(t, account, endpoint)
	}
}

func TestSetupReplacesAnEndpointOfAnotherVersion(t *testing.T) {
	at := testbed.Stripe(t)
	account := payment.Open(at.URL, at.Key)
	var old, there struct{ ID, Status string }
	ask(t, at, http.MethodPost, "webhook_endpoints", url.Values{"url": {endpoint}, "enabled_events[0]": {"*"}}, &old)
	made := install(t, account, endpoint)
	if made.Endpoint == old.ID || made.Secret == "" {
		t.Errorf("%+v", made)
	}
	if ask(t, at, http.MethodGet, "webhook_endpoints/"+old.ID, nil, &there); there.Status != "disabled" {
		t.Errorf("the old one is %s", there.Status)
	}
	expect(t, install(t, account, endpoint), payment.Unchanged)
}

// What was paid at one price must not be explained by another, so nothing is changed on the way to this error.
func TestSetupRefusesAPriceThatDiffersInWords(t *testing.T) {
	at := testbed.Stripe(t)
	ask(t, at, http.MethodPost, "products", url.Values{"id": {"nanoflux-plus"}, "name": {"Plus"}}, nil)
	ask(t, at, http.MethodPost, "prices", url.Values{"product": {"nanoflux-plus"}, "currency": {"usd"}, "unit_amount": {"800"},
		"recurring[interval]": {"month"}, "lookup_key": {"plus-monthly"}}, nil)
	_, err := payment.Open(at.URL, at.Key).Setup(context.Background(), endpoint)
	for _, part := range []string{"plus-monthly (price_", "800 usd every 1 month", "900 usd every 1 month", "offer id of its own"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
}

func TestSetupSaysWhatStripeSaysToAWrongKey(t *testing.T) {
	_, err := payment.Open(testbed.Stripe(t).URL, "sk_test_x").Setup(context.Background(), endpoint)
	if err == nil || !strings.Contains(err.Error(), "Invalid API Key") {
		t.Error(err)
	}
}

func install(t *testing.T, account *payment.Stripe, endpoint string) payment.Installation {
	t.Helper()
	made, err := account.Setup(context.Background(), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func expect(t *testing.T, made payment.Installation, outcome string) {
	t.Helper()
	for _, step := range made.Steps {
		if step.Outcome != outcome || step.ID == "" {
			t.Errorf("%v is not %s", step, outcome)
		}
	}
}

// ask is what somebody does at Stripe behind our back.
func ask(t *testing.T, at testbed.StripeAddress, method, path string, form url.Values, answer any) {
	t.Helper()
	request, err := http.NewRequest(method, at.URL+"/v1/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+at.Key)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var content json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&content); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s %v", method, path, response.Status, content, err)
	}
	if answer != nil {
		if err := json.Unmarshal(content, answer); err != nil {
			t.Fatal(err)
		}
	}
}
