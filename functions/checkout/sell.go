package main

import (
	"errors"
	"net/http"
	"strings"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/web"
)

// read gives the one offer that a purchase names.
func read(r *http.Request) (offer.Offer, error) {
	var named struct{ Plan, Pack *string }
	if err := web.Read(r, &named); err != nil {
		return offer.Offer{}, err
	}
	id, kind := named.Plan, offer.Plan
	if id == nil {
		id, kind = named.Pack, offer.Pack
	}
	if id == nil || named.Plan != nil && named.Pack != nil {
		return offer.Offer{}, problem.New(problem.Unprocessable, "one_offer_required", "Name one thing to buy: either a plan or a pack.")
	}
	found, known := offer.Find(*id)
	if !known || found.Retired || found.Kind != kind {
		return offer.Offer{}, problem.New(problem.Unprocessable, "unknown_offer", "There is no such "+string(kind)+" to buy: see the prices.").
			In(string(kind), "This is not in GET /api/plans.")
	}
	return found, nil
}

// sell finds the way to what is bought. A customer who turns out to be deleted at Stripe, and every subscription with them, is
// forgotten and made anew, once.
func (c checkout) sell(r *http.Request, buyer billing.Buyer, wanted offer.Offer, key string) (way, error) {
	to, err := c.lead(r, &buyer, wanted, key)
	if !errors.Is(err, payment.ErrNotFound) {
		return to, err
	}
	if err := billing.ForgetCustomer(r.Context(), c.db, buyer.Customer); err != nil {
		return way{}, err
	}
	buyer.Customer, buyer.Subscribed = "", false
	return c.lead(r, &buyer, wanted, key)
}

// lead opens Stripe's page for the purchase, or the portal for who would get a second plan. It makes the buyer a customer.
func (c checkout) lead(r *http.Request, buyer *billing.Buyer, wanted offer.Offer, key string) (way, error) {
	ctx := r.Context()
	plan := wanted.Kind == offer.Plan
	if plan && buyer.Subscribed && buyer.Customer != "" {
		return c.toPortal(r, *buyer)
	}
	if buyer.Customer == "" {
		customer, err := billing.Customer(ctx, c.db, c.stripe, buyer.AccountID, web.At(r))
		if err != nil {
			return way{}, err
		}
		buyer.Customer = customer
	}
	page := c.site + "/checkout/return"
	opened, err := c.stripe.Checkout(ctx, payment.CheckoutOrder{
		Customer: buyer.Customer, Account: buyer.AccountID, Offer: wanted.ID, Price: c.prices.Price(wanted.ID), Plan: plan,
		SuccessURL: page + "?session_id={CHECKOUT_SESSION_ID}", CancelURL: page + "?canceled=1",
		// A client's keys are its own, and a customer made anew begins anew.
		IdempotencyKey: buyer.Customer + "/" + strings.ToLower(key),
	})
	if errors.Is(err, payment.ErrKeyReused) {
		return way{}, problem.New(problem.Unprocessable, "idempotency_key_reused", "This Idempotency-Key was used for another purchase; make a new key.")
	}
	if err != nil || !plan {
		return way{opened.ID, opened.URL, "checkout"}, err
	}
	// Whoever has two pages open pays on one of them at most: the older ones end here. What was paid on one of those just
	// now, Stripe knows before we do.
	if err := c.stripe.ExpireSessions(ctx, buyer.Customer, opened); err != nil {
		return way{}, err
	}
	if has, err := c.stripe.Subscribed(ctx, buyer.Customer); err != nil {
		return way{}, err
	} else if has {
		return c.toPortal(r, *buyer)
	}
	return way{opened.ID, opened.URL, "checkout"}, nil
}

func (c checkout) toPortal(r *http.Request, buyer billing.Buyer) (way, error) {
	address, err := c.stripe.Portal(r.Context(), buyer.Customer, c.site+"/billing")
	return way{URL: address, Kind: "portal"}, err
}

// manage opens the portal for who has ever been a customer.
func (c checkout) manage(r *http.Request, buyer billing.Buyer) (string, error) {
	refused := problem.New(problem.Conflict, "no_customer", "You have not bought anything yet, so there is nothing to manage: see the prices.")
	if buyer.Customer == "" {
		return "", refused
	}
	to, err := c.toPortal(r, buyer)
	if errors.Is(err, payment.ErrNotFound) {
		if err := billing.ForgetCustomer(r.Context(), c.db, buyer.Customer); err != nil {
			return "", err
		}
		return "", refused.Because(err)
	}
	return to.URL, err
}
