// Package offer is the catalogue of what can be bought.
package offer

import (
	"slices"
	"time"
)

// Kind says how an offer is paid for: once, or again and again.
type Kind string

// The kinds of offer.
const (
	Plan Kind = "plan"
	Pack Kind = "pack"
)

// PackValid is how long a pack's unused credits stay. A plan's stay until the end of the period that was paid.
const PackValid = 730 * 24 * time.Hour

// Offer is one thing with one price. What was once sold under an ID keeps its meaning for ever, since payments name it:
// another price is another offer, and the old one stays here as Retired.
type Offer struct {
	ID       string
	Kind     Kind
	Tier     string // of a plan: "plus", "pro"
	Name     string
	Interval string // of a plan: "month", "year"
	Amount   int64  // in minor units, for one Interval or one pack
	Currency string // ISO 4217 in lower case, as Stripe writes it
	Credits  int64  // for one Interval or one pack
	Retired  bool   // still renewed and explained, but sold to nobody
}

// Catalogue is every offer, in the order in which a page shows them.
func Catalogue() []Offer {
	return []Offer{
		{ID: "plus-monthly", Kind: Plan, Tier: "plus", Name: "Plus", Interval: "month", Amount: 900, Currency: "usd", Credits: 500},
		{ID: "plus-yearly", Kind: Plan, Tier: "plus", Name: "Plus", Interval: "year", Amount: 9000, Currency: "usd", Credits: 6000},
		{ID: "pro-monthly", Kind: Plan, Tier: "pro", Name: "Pro", Interval: "month", Amount: 2900, Currency: "usd", Credits: 2000},
		{ID: "pro-yearly", Kind: Plan, Tier: "pro", Name: "Pro", Interval: "year", Amount: 29000, Currency: "usd", Credits: 24000},
		{ID: "pack-200", Kind: Pack, Name: "200 credits", Amount: 500, Currency: "usd", Credits: 200},
		{ID: "pack-1000", Kind: Pack, Name: "1,000 credits", Amount: 2000, Currency: "usd", Credits: 1000},
		{ID: "pack-5000", Kind: Pack, Name: "5,000 credits", Amount: 8000, Currency: "usd", Credits: 5000},
	}
}

// Find the offer of an id, retired or not.
func Find(id string) (Offer, bool) {
	all := Catalogue()
	i := slices.IndexFunc(all, func(o Offer) bool { return o.ID == id })
	if i < 0 {
		return Offer{}, false
	}
	return all[i], true
}
