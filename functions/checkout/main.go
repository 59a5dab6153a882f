// Checkout leads people to Stripe's pages.
package main

import (
	"net/http"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type checkout struct {
	db     *postgres.Database
	stripe *payment.Stripe
	prices offer.Prices
	site   string
}

func main() {
	site := setting.URL("SITE_URL")
	web.Serve(site, checkout{
		db:     postgres.Open(setting.Required("DATABASE_URL")),
		stripe: payment.Open(setting.URL("STRIPE_URL"), setting.Required("STRIPE_SECRET_KEY")),
		prices: setting.Parsed("STRIPE_PRICES", offer.Parse),
		site:   site,
	}.routes())
}

func (c checkout) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{
		"POST /api/checkout":       c.buy,
		"GET /api/checkout/{id}":   c.progress,
		"POST /api/billing-portal": c.portal,
	})
}

// way is where a person is sent.
type way struct {
	ID   string `json:"id,omitempty"` // of the Checkout session
	URL  string `json:"url"`
	Kind string `json:"kind,omitempty"` // checkout, or portal for who has a plan already
}

func (c checkout) buy(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	key := r.Header.Get("Idempotency-Key")
	if !web.IsID(key) {
		return problem.New(problem.Invalid, "idempotency_key_required",
			"Send the header Idempotency-Key with a new UUID for each purchase, and the same one when you repeat it.")
	}
	wanted, err := read(r)
	if err != nil {
		return err
	}
	buyer, err := billing.AskBuyer(r.Context(), c.db, web.SessionHash(r), web.At(r))
	web.Who(r, buyer.Pseudonym)
	if err != nil {
		return err
	}
	to, err := c.sell(r, buyer, wanted, key)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, to)
}

// portal opens Stripe's page for cards, invoices, changing and canceling.
func (c checkout) portal(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	if err := web.Read(r, &struct{}{}); err != nil {
		return err
	}
	buyer, err := billing.AskBuyer(r.Context(), c.db, web.SessionHash(r), web.At(r))
	web.Who(r, buyer.Pseudonym)
	if err != nil {
		return err
	}
	address, err := c.manage(r, buyer)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, way{URL: address})
}

func (c checkout) progress(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	buyer, err := billing.AskBuyer(r.Context(), c.db, web.SessionHash(r), web.At(r))
	web.Who(r, buyer.Pseudonym)
	if err != nil {
		return err
	}
	view, err := c.follow(r.Context(), buyer, r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, view)
}
