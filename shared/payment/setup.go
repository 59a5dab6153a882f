package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/price"
	"github.com/stripe/stripe-go/v76/product"

	"nanoflux.ai/backend/shared/offer"
)

// Installation is what Setup found or made at Stripe.
type Installation struct {
	Prices   string `json:"prices"`           // as offer.Parse reads them
	Portal   string `json:"portal"`           // the billing portal's configuration
	Endpoint string `json:"endpoint"`         // the webhook endpoint; "" if none was asked for
	Secret   string `json:"secret,omitempty"` // of an endpoint made just now: Stripe tells it this one time
	Steps    []Step `json:"steps"`
}

// Step is one thing and what was done about it.
type Step struct {
	What    string `json:"what"`
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
}

// The outcomes of a Step.
const (
	Created   = "created"
	Unchanged = "unchanged"
	Corrected = "corrected"
)

// Setup creates at Stripe what is missing, corrects what differs, and leaves the rest alone: a product for each tier and pack,
// a price for each offer, the billing portal, and the endpoint (none for "") to which our events are sent. Run again, it changes
// nothing. What the catalogue cannot be made true with, and what Stripe refuses, is an error for the operator to read.
func (s *Stripe) Setup(ctx context.Context, endpoint string) (Installation, error) {
	in := setup{Stripe: s, ctx: ctx, prices: map[string]string{}}
	for _, step := range []func() error{in.products, in.offers, in.portal} {
		if err := step(); err != nil {
			return Installation{}, err
		}
	}
	if endpoint != "" {
		if err := in.endpoint(endpoint); err != nil {
			return Installation{}, err
		}
	}
	return in.made, nil
}

// setup is one run of Setup.
type setup struct {
	*Stripe
	ctx    context.Context
	prices map[string]string // by offer
	made   Installation
}

func (s *setup) did(what, id, outcome string) {
	s.made.Steps = append(s.made.Steps, Step{what, id, outcome})
}

// refused is an error of Stripe's as a sentence about what was tried.
func refused(tried string, err error) error {
	var told *stripe.Error
	if errors.As(err, &told) && told.Msg != "" {
		return fmt.Errorf("Stripe refused to %s: %s", tried, told.Msg)
	}
	return fmt.Errorf("Stripe could not be asked to %s: %w", tried, err)
}

func missing(err error) bool {
	var told *stripe.Error
	return errors.As(err, &told) && told.Code == stripe.ErrorCodeResourceMissing
}

// A product's id is ours to choose. Stripe's search would find one made a moment ago only later.
func productID(o offer.Offer) string {
	if o.Kind == offer.Plan {
		return "nanoflux-" + o.Tier
	}
	return "nanoflux-" + o.ID
}

// products sees to one for each tier and each pack. Their names are the operator's to change.
func (s *setup) products() error {
	client, seen := product.Client{B: s.backend(), Key: s.key}, map[string]bool{}
	for _, o := range offer.Catalogue() {
		id, about := productID(o), map[string]string{"offer": o.ID}
		if o.Kind == offer.Plan {
			about = map[string]string{"tier": o.Tier}
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		outcome := Unchanged
		found, err := client.Get(id, &stripe.ProductParams{Params: stripe.Params{Context: s.ctx}})
		switch {
		case missing(err):
			outcome = Created
			_, err = client.New(&stripe.ProductParams{Params: stripe.Params{Context: s.ctx}, ID: &id,
				Name: stripe.String("Nanoflux " + o.Name), Metadata: about})
		case err == nil && (!found.Active || !has(found.Metadata, about)):
			outcome = Corrected
			_, err = client.Update(id, &stripe.ProductParams{Params: stripe.Params{Context: s.ctx},
				Active: stripe.Bool(true), Metadata: about})
		}
		if err != nil {
			return refused("keep the product "+id, err)
		}
		s.did("product "+o.Name, id, outcome)
	}
	return nil
}

func has(metadata, about map[string]string) bool {
	for key, value := range about {
		if metadata[key] != value {
			return false
		}
	}
	return true
}

// offers sees to a price for each; the lookup key of a price is the offer's id.
func (s *setup) offers() error {
	found, err := s.lookUp()
	if err != nil {
		return err
	}
	var wrong []string
	for _, o := range offer.Catalogue() {
		if p := found[o.ID]; p != nil && terms(p) != wanted(o) {
			wrong = append(wrong, fmt.Sprintf("%s (%s) at Stripe is %s, in the catalogue %s", o.ID, p.ID, terms(p), wanted(o)))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("a price that was made at Stripe never changes, yet %s: "+
			"put the catalogue back as it was, and give what costs something else an offer id of its own", strings.Join(wrong, "; "))
	}
	var pairs []string
	for _, o := range offer.Catalogue() {
		id, err := s.offer(o, found[o.ID])
		if err != nil {
			return err
		}
		s.prices[o.ID] = id
		pairs = append(pairs, o.ID+"="+id)
	}
	s.made.Prices = strings.Join(pairs, ",")
	return nil
}

// lookUp gives the prices that Stripe has, by offer.
func (s *setup) lookUp() (map[string]*stripe.Price, error) {
	var keys []*string
	for _, o := range offer.Catalogue() {
		keys = append(keys, stripe.String(o.ID))
	}
	found := map[string]*stripe.Price{}
	for some := range slices.Chunk(keys, 10) { // Stripe takes no more in one request
		list := price.Client{B: s.backend(), Key: s.key}.List(&stripe.PriceListParams{LookupKeys: some,
			ListParams: stripe.ListParams{Context: s.ctx, Limit: stripe.Int64(100)}})
		for list.Next() {
			found[list.Price().LookupKey] = list.Price()
		}
		if list.Err() != nil {
			return nil, refused("list the prices", list.Err())
		}
	}
	return found, nil
}

// offer makes the price of an offer, or checks what may be changed about the one that is there.
func (s *setup) offer(o offer.Offer, found *stripe.Price) (id string, err error) {
	client, about, outcome := price.Client{B: s.backend(), Key: s.key}, map[string]string{"offer": o.ID}, Unchanged
	switch {
	case found == nil:
		outcome = Created
		order := &stripe.PriceParams{Params: stripe.Params{Context: s.ctx}, Product: stripe.String(productID(o)), Currency: &o.Currency,
			UnitAmount: &o.Amount, LookupKey: &o.ID, Metadata: about}
		if o.Kind == offer.Plan {
			order.Recurring = &stripe.PriceRecurringParams{Interval: &o.Interval}
		}
		found, err = client.New(order)
	case found.Active == o.Retired || !has(found.Metadata, about):
		outcome = Corrected
		_, err = client.Update(found.ID, &stripe.PriceParams{Params: stripe.Params{Context: s.ctx},
			Active: stripe.Bool(!o.Retired), Metadata: about})
	}
	if err != nil {
		return "", refused("keep the price of "+o.ID, err)
	}
	s.did("price "+o.ID, found.ID, outcome)
	return found.ID, nil
}

// terms are what a price takes of whom, in words; what our catalogue cannot say shows in them.
func terms(p *stripe.Price) string {
	text := fmt.Sprintf("%d %s", p.UnitAmount, p.Currency)
	if r := p.Recurring; r != nil {
		text += fmt.Sprintf(" every %d %s", r.IntervalCount, r.Interval)
		if r.UsageType != stripe.PriceRecurringUsageTypeLicensed {
			text += " by usage"
		}
	}
	if p.BillingScheme != stripe.PriceBillingSchemePerUnit || p.TransformQuantity != nil || p.CustomUnitAmount != nil {
		text += " by a scheme of its own"
	}
	return text + " for " + p.Product.ID
}

func wanted(o offer.Offer) string {
	text := fmt.Sprintf("%d %s", o.Amount, o.Currency)
	if o.Kind == offer.Plan {
		text += " every 1 " + o.Interval
	}
	return text + " for " + productID(o)
}
