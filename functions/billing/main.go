// Billing shows people their plan, what they paid, what was billed.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

// The invoices are Stripe's; everything else of the page does not wait for them longer than this.
const (
	patience = 6 * time.Second
	newest   = 24
)

type desk struct {
	db     *postgres.Database
	stripe *payment.Stripe
}

func main() {
	web.Serve(setting.URL("SITE_URL"), desk{
		db:     postgres.Open(setting.Required("DATABASE_URL")),
		stripe: payment.Open(setting.URL("STRIPE_URL"), setting.Required("STRIPE_SECRET_KEY")),
	}.routes())
}

func (d desk) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{"GET /api/billing": d.read})
}

// view is the overview with the invoices, which are nil where Stripe does not answer.
type view struct {
	billing.Overview
	Invoices []invoice `json:"invoices"`
}

type invoice struct {
	ID        string    `json:"id"`
	Number    string    `json:"number"`
	CreatedAt time.Time `json:"created_at"`
	Amount    int64     `json:"amount"` // in minor units; negative where credit is left over
	Currency  string    `json:"currency"`
	Status    string    `json:"status"` // open, paid, void or uncollectible
	URL       string    `json:"url"`    // Stripe's page of it
}

func (d desk) read(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	overview, caller, err := billing.Look(r.Context(), d.db, web.SessionHash(r), web.At(r))
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	invoices, err := d.invoices(r.Context(), overview.Customer)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, view{overview, invoices})
}

// invoices gives the newest ones; nil where Stripe does not answer now.
func (d desk) invoices(ctx context.Context, customer string) ([]invoice, error) {
	shown := []invoice{}
	if customer == "" {
		return shown, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := d.stripe.Invoices(ctx, customer, newest)
	if told := problem.Of(err); told != nil && told.Kind == problem.Unavailable || errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, payment.ErrNotFound) { // a customer who was deleted has none
		return nil, err
	}
	for _, i := range found {
		shown = append(shown, invoice{i.ID, i.Number, i.CreatedAt.UTC(), i.Total, i.Currency, i.Status, i.HostedURL})
	}
	return shown, nil
}
