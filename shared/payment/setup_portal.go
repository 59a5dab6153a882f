package payment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/billingportal/configuration"

	"nanoflux.ai/backend/shared/offer"
)

// mark is a key in the metadata of our portal configuration. Stripe's default one can be made in its dashboard only, so ours is
// found by this and named whenever the portal is opened.
const mark = "made_by"

// portalConfiguration finds ours, with the products that a person can change to; nil if there is none.
func (s *Stripe) portalConfiguration(ctx context.Context) (*stripe.BillingPortalConfiguration, error) {
	order := &stripe.BillingPortalConfigurationListParams{ListParams: stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}}
	order.AddExpand("data.features.subscription_update.products")
	list := configuration.Client{B: s.backend(), Key: s.key}.List(order)
	for list.Next() {
		if found := list.BillingPortalConfiguration(); found.Metadata[mark] == "nanoflux" {
			return found, nil
		}
	}
	return nil, list.Err()
}

// portal sees to what a person can do at Stripe: change the plan, paid for or credited at once, cancel it at the end of the
// period, change the card, see invoices. We know no e-mail or postal address, so there is none to edit.
func (s *setup) portal() error {
	client := configuration.Client{B: s.backend(), Key: s.key}
	found, err := s.portalConfiguration(s.ctx)
	if err != nil {
		return refused("list the configurations of the billing portal", err)
	}
	order := &stripe.BillingPortalConfigurationParams{
		Params: stripe.Params{Context: s.ctx}, Metadata: map[string]string{mark: "nanoflux"},
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Nanoflux: your plan, your payments")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			CustomerUpdate:      &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{Enabled: stripe.Bool(false)},
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripe.Bool(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: stripe.Bool(true)},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{Enabled: stripe.Bool(true),
				Mode: stripe.String("at_period_end"), ProrationBehavior: stripe.String("none")},
			SubscriptionPause: &stripe.BillingPortalConfigurationFeaturesSubscriptionPauseParams{Enabled: stripe.Bool(false)},
			SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{Enabled: stripe.Bool(true),
				DefaultAllowedUpdates: []*string{stripe.String("price")}, ProrationBehavior: stripe.String("always_invoice"),
				Products: s.changeable()},
		},
	}
	outcome := Unchanged
	switch {
	case found == nil:
		outcome = Created
		found, err = client.New(order)
	case s.portalDiffers(found):
		outcome = Corrected
		order.Active = stripe.Bool(true)
		_, err = client.Update(found.ID, order)
	}
	if err != nil {
		return refused("keep the configuration of the billing portal", err)
	}
	s.made.Portal = found.ID
	s.did("billing portal", found.ID, outcome)
	return nil
}

// changeable are the plans that a person can change to.
func (s *setup) changeable() []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams {
	var all []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams
	for _, o := range offer.Catalogue() {
		if o.Kind != offer.Plan || o.Retired {
			continue
		}
		if len(all) == 0 || *all[len(all)-1].Product != productID(o) {
			all = append(all, &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{Product: stripe.String(productID(o))})
		}
		last := all[len(all)-1]
		last.Prices = append(last.Prices, stripe.String(s.prices[o.ID]))
	}
	return all
}

// portalDiffers says whether a person can do there anything else than portal wants.
func (s *setup) portalDiffers(found *stripe.BillingPortalConfiguration) bool {
	f := found.Features
	if !found.Active || f == nil || f.CustomerUpdate == nil || f.InvoiceHistory == nil || f.PaymentMethodUpdate == nil ||
		f.SubscriptionCancel == nil || f.SubscriptionUpdate == nil {
		return true
	}
	var there, wanted []string
	for _, p := range f.SubscriptionUpdate.Products {
		there = append(there, p.Product+" "+strings.Join(slices.Sorted(slices.Values(p.Prices)), " "))
	}
	for _, p := range s.changeable() {
		line := []string{*p.Product}
		for _, id := range p.Prices {
			line = append(line, *id)
		}
		slices.Sort(line[1:])
		wanted = append(wanted, strings.Join(line, " "))
	}
	slices.Sort(there)
	slices.Sort(wanted)
	return f.CustomerUpdate.Enabled || !f.InvoiceHistory.Enabled || !f.PaymentMethodUpdate.Enabled ||
		(f.SubscriptionPause != nil && f.SubscriptionPause.Enabled) ||
		!f.SubscriptionCancel.Enabled || f.SubscriptionCancel.Mode != "at_period_end" || f.SubscriptionCancel.ProrationBehavior != "none" ||
		!f.SubscriptionUpdate.Enabled || f.SubscriptionUpdate.ProrationBehavior != "always_invoice" ||
		fmt.Sprint(f.SubscriptionUpdate.DefaultAllowedUpdates) != "[price]" || !slices.Equal(there, wanted)
}
