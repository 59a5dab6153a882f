package offer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/offer"
)

func TestEveryOfferIsFoundByItsIDAndCanBePaid(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range offer.Catalogue() {
		if seen[o.ID] {
			t.Errorf("%s is listed twice", o.ID)
		}
		seen[o.ID] = true
		if found, ok := offer.Find(o.ID); !ok || found != o {
			t.Errorf("Find(%q) = %+v, %v", o.ID, found, ok)
		}
		// Below 50 cents Stripe takes no card payment.
		if o.Amount < 50 || o.Credits < 1 || o.Currency != "usd" || o.Name == "" {
			t.Errorf("%+v", o)
		}
		if plan := o.Kind == offer.Plan; plan != (o.Tier != "") || plan != slices.Contains([]string{"month", "year"}, o.Interval) {
			t.Errorf("%s: kind %q, tier %q, interval %q", o.ID, o.Kind, o.Tier, o.Interval)
		}
	}
	for _, none := range []string{"", "free", "plus"} {
		if _, ok := offer.Find(none); ok {
			t.Errorf("%q was found", none)
		}
	}
}

// What was sold must not change its meaning: who edits a line below sells something else under an id that payments name.
func TestWhatWasSoldKeepsItsMeaning(t *testing.T) {
	sold := map[string][2]int64{
		"plus-monthly": {900, 500}, "plus-yearly": {9000, 6000}, "pro-monthly": {2900, 2000}, "pro-yearly": {29000, 24000},
		"pack-200": {500, 200}, "pack-1000": {2000, 1000}, "pack-5000": {8000, 5000},
	}
	for id, is := range sold {
		if o, _ := offer.Find(id); o.Amount != is[0] || o.Credits != is[1] {
			t.Errorf("%s costs %d for %d credits, was sold as %v: give the new price an id of its own", id, o.Amount, o.Credits, is)
		}
	}
}

func TestTheListShowsTiersWithTheirPricesThenPacks(t *testing.T) {
	got, err := json.Marshal(offer.Listed())
	if err != nil {
		t.Fatal(err)
	}
	var list offer.List
	if err := json.Unmarshal(got, &list); err != nil {
		t.Fatal(err)
	}
	var shape []string
	for _, p := range list.Plans {
		shape = append(shape, p.ID)
		for _, price := range p.Prices {
			shape = append(shape, price.ID)
		}
		if p.Unused == "" {
			t.Errorf("%s does not say what happens to unused credits", p.ID)
		}
	}
	for _, p := range list.Packs {
		shape = append(shape, p.ID)
	}
	if is, want := strings.Join(shape, " "),
		"free plus plus-monthly plus-yearly pro pro-monthly pro-yearly pack-200 pack-1000 pack-5000"; is != want {
		t.Errorf("listed %s, want %s", is, want)
	}
	for _, part := range []string{
		`{"plans":[{"id":"free","name":"Free","credits":50,"unused":"Granted once,`, `"prices":[]}`,
		`{"id":"plus-monthly","interval":"month","amount":900,"currency":"usd","credits":500}`,
		`{"id":"pack-200","name":"200 credits","amount":500,"currency":"usd","credits":200,"unused":"Bought once,`,
	} {
		if !strings.Contains(string(got), part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
}

const list = "plus-monthly=price_1,plus-yearly=price_2,pro-monthly=price_3,pro-yearly=price_4,pack-200=price_5,pack-1000=price_6,pack-5000=price_7"

func TestPricesLeadBothWays(t *testing.T) {
	prices, err := offer.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offer.Catalogue() {
		if back, ok := prices.Offer(prices.Price(o.ID)); !ok || back != o {
			t.Errorf("%s came back as %+v, %v", o.ID, back, ok)
		}
	}
	if _, ok := prices.Offer("price_other"); ok || prices.Price("free") != "" {
		t.Error("a price or an offer of somebody else's was found")
	}
}

func TestAWrongListOfPricesSaysWhatIsWrong(t *testing.T) {
	for text, says := range map[string]string{
		"": "entry 1",
		strings.Replace(list, "price_3", "prod_3", 1):        "pro-monthly something",
		strings.Replace(list, "price_3", "", 1):              "pro-monthly",
		strings.Replace(list, "price_3", "price_2", 1):       "twice",
		list + ",pack-200=price_9":                           "twice",
		list + ",pack-1=price_9":                             "entry 8",
		strings.Replace(list, ",pack-1000=price_6", "", 1):   "lacks pack-1000",
		strings.Replace(list, "price_3", "price_3 rm -r", 1): "no price id",
	} {
		if _, err := offer.Parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want something about %s", text, err, says)
		}
	}
	secret := "sk_live_abc"
	for _, text := range []string{secret, "plus-monthly=" + secret} {
		if _, err := offer.Parse(text); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v repeats what may be a secret", err)
		}
	}
}
