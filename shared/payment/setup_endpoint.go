package payment

import (
	"slices"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhookendpoint"
)

// endpoint sees to the one to which events are sent. The version of an endpoint cannot be changed, so one that speaks another
// is disabled, and gets a successor with a secret of its own.
func (s *setup) endpoint(url string) error {
	client := webhookendpoint.Client{B: s.backend(), Key: s.key}
	found, err := s.findEndpoint(client, url)
	if err != nil {
		return refused("list the webhook endpoints", err)
	}
	types := stripe.StringSlice(EventTypes())
	outcome := Unchanged
	switch {
	case found == nil:
		outcome = Created
		found, err = client.New(&stripe.WebhookEndpointParams{Params: stripe.Params{Context: s.ctx}, URL: &url, EnabledEvents: types,
			APIVersion: stripe.String(stripe.APIVersion), Description: stripe.String("made by make stripe-setup")})
		if err == nil {
			s.made.Secret = found.Secret
		}
	case found.Status != "enabled" || !sameElements(found.EnabledEvents, EventTypes()):
		outcome = Corrected
		_, err = client.Update(found.ID, &stripe.WebhookEndpointParams{Params: stripe.Params{Context: s.ctx}, EnabledEvents: types,
			Disabled: stripe.Bool(false)})
	}
	if err != nil {
		return refused("keep the webhook endpoint "+url, err)
	}
	s.made.Endpoint = found.ID
	s.did("webhook endpoint", found.ID, outcome)
	return nil
}

// findEndpoint gives the endpoint of the address that speaks our version, one in use before one that is disabled; nil if
// there is none. Others of the same address are disabled on the way.
func (s *setup) findEndpoint(client webhookendpoint.Client, url string) (ours *stripe.WebhookEndpoint, err error) {
	list := client.List(&stripe.WebhookEndpointListParams{ListParams: stripe.ListParams{Context: s.ctx, Limit: stripe.Int64(100)}})
	for list.Next() {
		found := list.WebhookEndpoint()
		switch {
		case found.URL != url:
		case found.APIVersion == stripe.APIVersion:
			if ours == nil || ours.Status != "enabled" {
				ours = found
			}
		case found.Status == "enabled":
			if _, err := client.Update(found.ID, &stripe.WebhookEndpointParams{Params: stripe.Params{Context: s.ctx},
				Disabled: stripe.Bool(true)}); err != nil {
				return nil, err
			}
			s.did("webhook endpoint of another version, now disabled", found.ID, Corrected)
		}
	}
	return ours, list.Err()
}

func sameElements(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
