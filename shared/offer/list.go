package offer

import "nanoflux.ai/backend/shared/tool"

// What happens to unused credits, in the words of GET /api/plans.
const (
	unusedFree = "Granted once, when you sign in for the first time. What you have not used after 365 days expires."
	unusedPlan = "Credits come with each payment and last until the end of the period it pays for; what is left then expires. " +
		"If you cancel, you keep them until that day."
	unusedPack = "Bought once, without a subscription. What you have not used two years (730 days) after the payment expires. " +
		"Credits that expire soonest are always spent first."
)

// List is what can be bought now, as GET /api/plans shows it.
type List struct {
	Plans []ListedPlan `json:"plans"`
	Packs []ListedPack `json:"packs"`
}

// ListedPlan is one tier with a price for each interval; the free one has credits and no price.
type ListedPlan struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Credits int64         `json:"credits,omitempty"`
	Unused  string        `json:"unused"`
	Prices  []ListedPrice `json:"prices"`
}

// ListedPrice is one plan's price and the credits that each payment of it brings.
type ListedPrice struct {
	ID       string `json:"id"`
	Interval string `json:"interval"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Credits  int64  `json:"credits"`
}

// ListedPack is one credit pack.
type ListedPack struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Credits  int64  `json:"credits"`
	Unused   string `json:"unused"`
}

// Listed is the catalogue without what is retired, the free plan first.
func Listed() List {
	list := List{Plans: []ListedPlan{{ID: "free", Name: "Free", Credits: tool.FreeCredits, Unused: unusedFree, Prices: []ListedPrice{}}}}
	for _, o := range Catalogue() {
		switch {
		case o.Retired:
		case o.Kind == Pack:
			list.Packs = append(list.Packs, ListedPack{o.ID, o.Name, o.Amount, o.Currency, o.Credits, unusedPack})
		default:
			last := len(list.Plans) - 1
			if list.Plans[last].ID != o.Tier {
				list.Plans = append(list.Plans, ListedPlan{ID: o.Tier, Name: o.Name, Unused: unusedPlan})
				last++
			}
			list.Plans[last].Prices = append(list.Plans[last].Prices, ListedPrice{o.ID, o.Interval, o.Amount, o.Currency, o.Credits})
		}
	}
	return list
}
