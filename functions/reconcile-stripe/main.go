// Reconcile-stripe compares our books with Stripe's once a day, and repairs what no event told us.
package main

import (
	"context"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type reconcile struct{ books billing.Books }

// asked is what an operator may add to the event: to compare anew, so many days back, after a long outage.
type asked struct {
	Days int `json:"days"`
}

func main() {
	task.Answer(reconcile{billing.Books{
		DB:     postgres.Open(setting.Required("DATABASE_URL")),
		Stripe: payment.Open(setting.URL("STRIPE_URL"), setting.Required("STRIPE_SECRET_KEY")),
		Prices: setting.Parsed("STRIPE_PRICES", offer.Parse),
	}}.run)
}

// run is woken every hour, so that a comparison that ran out of time goes on soon; the first of a day begins it.
func (r reconcile) run(ctx context.Context, clock task.Clock, asked asked) (billing.Report, error) {
	at := clock.Now()
	report, err := r.books.Reconcile(ctx, at, asked.Days)
	task.Count(ctx, "checked", report.Checked)
	for step, n := range report.Repaired {
		task.Count(ctx, step, n)
	}
	if len(report.Repaired) > 0 {
		task.Alarm(ctx, "books_repaired") // events get lost: look at the webhook endpoint in Stripe's dashboard
	}
	if len(report.Unclaimed) > 0 {
		task.Alarm(ctx, billing.AlarmUnclaimed)
	}
	for _, word := range report.Alarms {
		task.Alarm(ctx, word)
	}
	if err == nil {
		err = promise.Succeeded(ctx, r.books.DB, "reconcile-stripe", at)
	}
	return report, err
}
