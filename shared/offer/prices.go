package offer

import (
	"fmt"
	"regexp"
	"strings"
)

// Prices says which of Stripe's prices stands for which offer; every environment has its own.
type Prices struct{ byOffer, byPrice map[string]string }

// Parse reads STRIPE_PRICES, "plus-monthly=price_…,plus-yearly=price_…,…": every offer of the catalogue exactly once. The error
// says what is wrong, for who set it, and repeats nothing but offers' ids: a secret may have been put here by mistake.
func Parse(text string) (Prices, error) {
	p := Prices{map[string]string{}, map[string]string{}}
	const advice = "`make stripe-setup` prints the right list"
	form := regexp.MustCompile(`^price_[A-Za-z0-9_]+$`)
	for i, pair := range strings.Split(text, ",") {
		id, price, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if _, known := Find(id); !known {
			return Prices{}, fmt.Errorf("entry %d of the list of prices names no offer; %s", i+1, advice)
		}
		if !form.MatchString(price) {
			return Prices{}, fmt.Errorf("the list of prices gives %s something that is no price id of Stripe; %s", id, advice)
		}
		if p.byOffer[id] != "" || p.byPrice[price] != "" {
			return Prices{}, fmt.Errorf("the list of prices names %s or its price twice; %s", id, advice)
		}
		p.byOffer[id], p.byPrice[price] = price, id
	}
	for _, o := range Catalogue() {
		if p.byOffer[o.ID] == "" {
			return Prices{}, fmt.Errorf("the list of prices lacks %s; %s", o.ID, advice)
		}
	}
	return p, nil
}

// Price is Stripe's price id of an offer; empty if there is no such offer.
func (p Prices) Price(offerID string) string { return p.byOffer[offerID] }

// Offer finds what one of Stripe's prices stands for.
func (p Prices) Offer(priceID string) (Offer, bool) { return Find(p.byPrice[priceID]) }
