package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"nanoflux.ai/backend/infra/local/bucket"
	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/promises"
)

// played is what is different where time is played: schedules are fired by the play, functions stay as they were built, and the
// bucket can be told to refuse everything.
type played struct {
	overlay string // replaces sources of the functions, as go build -overlay does; "" for none
	gate    *bucket.Gate
}

// retryDelay is how long an event waits for its next attempt: AWS's time for 0, next to none where a play would wait for it.
func (r *runner) retryDelay() time.Duration {
	if r.played != nil {
		return 20 * time.Millisecond
	}
	return 0
}

// startGate puts a gate before the bucket.
func (r *runner) startGate() (err error) {
	if r.played.gate, err = bucket.NewGate(r.at.Bucket); err != nil {
		return err
	}
	listener, err := process.Listen(0)
	if err != nil {
		return err
	}
	r.at.Bucket = origin(listener)
	r.answer(r.played.gate, listener)
	return nil
}

// keepPromises plays years of the service, on a cloud of its own, and says of each clause of the privacy policy whether it was kept.
func keepPromises(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("promises", flag.ContinueOnError)
	file := flags.String("json", "", "a file that gets the same for machines; empty for .local/promises.json")
	years := flags.Int("years", 7, "how many years are played")
	days := flags.Int("days", 0, "play a short story of so many days, with one departure, instead")
	overlay := flags.String("overlay", "", "a file as go build -overlay takes it, to build the functions with something broken")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	begun := time.Now()
	r, err := newRunner(io.Discard, "")
	if err != nil {
		return err
	}
	r.played = &played{overlay: *overlay}
	r.clock.travel(promises.Morning(begun))
	fmt.Println("building the functions and starting a local cloud of its own …")
	var report promises.Report
	everything := func(ctx context.Context) error { return r.startAll(ctx, 0) }
	if err := r.during(ctx, everything, func(ctx context.Context, r *runner) (err error) {
		report, err = promises.Play(ctx, r.stage(), promises.Length{Years: *years, Days: *days})
		return err
	}); err != nil {
		return err
	}
	report.Seconds = int(time.Since(begun).Seconds())
	report.Print(os.Stdout)
	if *file == "" {
		*file = filepath.Join(r.project, ".local", "promises.json")
	}
	if err := writeJSON(*file, report); err != nil {
		return err
	}
	return report.Err()
}

// stage is what the play may touch.
func (r *runner) stage() promises.Stage {
	url := func(database string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", postgres.Superuser, r.secrets[superuserPassword],
			process.Address(port(r.at.Postgres)), database)
	}
	return promises.Stage{
		Site: r.at.Site, Stripe: r.at.Stripe, StripeKey: r.secrets["STRIPE_SECRET_KEY"],
		Database: url(postgres.Database), Cluster: url("postgres"), Name: postgres.Database,
		Objects: filepath.Join(r.data, "bucket", "objects", bucketName), Logs: filepath.Join(r.data, "logs"),
		Clauses: filepath.Join(r.project, "shared", "policy", "clauses.json"),
		Now:     r.clock.now, Travel: r.clock.travel, Schedules: r.plan.Schedules, Functions: r.functions, Printed: r.logs,
		Gate: r.played.gate, CDN: r.front, Till: r.till, Out: os.Stdout,
	}
}
