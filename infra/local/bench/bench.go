// Package bench measures the service beside what limits it, both in turns within one run.
package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/infra/local/stripe"
)

// Plan says what service to measure. All of it is thrown away afterwards: there will be thousands of payments in it.
type Plan struct {
	Site          string // origin of the service
	Stripe        *stripe.Server
	StripeKey     string
	SigningSecret string // of the webhook endpoint
	Owner         string // URL of the database's owner, without the pooler
	Cashier       string // URL of app_cashier, without the pooler
	Pgbench       string // path of the program, "" where there is none
	Events        int    // how many to tell, in all rounds
	Out           io.Writer
}

const (
	rounds  = 10
	repeats = 5 // every fifth event came before
	abreast = 8
	buyers  = 200
	warming = 400 // events before the first round

	offerID      = "pack-200"
	price        = 500 // cents
	credits      = 200
	reach        = 0.4 // of what the database alone does
	packLifetime = 730 * 24 * time.Hour
)

// Run measures and prints a table. It fails if something was not measured, or if the books are wrong afterwards.
func Run(ctx context.Context, plan Plan) error {
	db, err := pgx.Connect(ctx, plan.Owner)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	if err := addBuyers(ctx, db, time.Now()); err != nil {
		return err
	}
	hook, err := newWebhook(plan)
	if err != nil {
		return err
	}
	said := func(format string, values ...any) { fmt.Fprintf(plan.Out, format+"\n", values...) }
	said("\nStripe webhook: %d signed events, every %dth a repetition, %d at a time, in %d rounds", plan.Events, repeats, abreast, rounds)
	said("  ours      over HTTP, through gateway and Lambda, the unmodified binary, the pooler; Stripe's stand-in is asked")
	if plan.Pgbench == "" {
		said("  pgbench   is missing: install it with Postgres's server or client package to have the limit beside it")
	} else {
		said("  pgbench   the same statements in the same transactions straight to Postgres, unprepared as ours, %d clients", abreast)
	}
	if err := compare(ctx, plan, hook, said); err != nil {
		return err
	}
	return check(ctx, db, hook.told, said)
}

// compare lets ours and the limit run in turns.
func compare(ctx context.Context, plan Plan, hook *webhook, said func(string, ...any)) error {
	if _, err := hook.round(ctx, warming); err != nil {
		return err
	}
	if plan.Pgbench != "" {
		if _, err := limit(ctx, plan, 0, warming); err != nil {
			return err
		}
	}
	said("\n  %-8s %12s %12s %8s", "round", "events/s", "pgbench tps", "ratio")
	var ours, theirs, ratios []float64
	row := func(name string, our, their, ratio float64) {
		if plan.Pgbench == "" {
			said("  %-8s %12.0f %12s %8s", name, our, "-", "-")
			return
		}
		said("  %-8s %12.0f %12.0f %8.2f", name, our, their, ratio)
	}
	for round := 1; round <= rounds; round++ {
		our, err := hook.round(ctx, plan.Events/rounds)
		if err != nil {
			return err
		}
		their := 0.0
		if plan.Pgbench != "" {
			if their, err = limit(ctx, plan, round, plan.Events/rounds); err != nil {
				return err
			}
		}
		ours, theirs, ratios = append(ours, our), append(theirs, their), append(ratios, our/their)
		row(fmt.Sprint(round), our, their, our/their)
	}
	row("median", median(ours), median(theirs), median(ratios))
	if plan.Pgbench != "" {
		reached := map[bool]string{true: "reached", false: "not reached"}[median(ratios) >= reach]
		said("  aim: a ratio of %.1f or more, %s", reach, reached)
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
