package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nanoflux.ai/backend/infra/local/bench"
	"nanoflux.ai/backend/infra/local/bucket"
	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
)

// measure starts a whole service of its own, with data that is wiped afterwards, and prints how fast it is beside its limits.
func measure(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	events := flags.Int("events", 20_000, "how many events Stripe tells")
	images := flags.Int("images", 5_000, "how many images an account has that is erased")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return beside(ctx, "all", "", func(ctx context.Context, r *runner) error {
		pgbench, err := findPgbench(r)
		if err != nil {
			return err
		}
		cashier := url.URL{Scheme: "postgres", User: url.UserPassword("app_cashier", r.secrets["DATABASE_PASSWORD_CASHIER"]),
			Host: process.Address(port(r.at.Postgres)), Path: postgres.Database, RawQuery: "sslmode=disable"}
		if err := bench.Erasure(ctx, bench.ErasurePlan{
			Control: r.at.Control, Owner: r.at.Postgres, Objects: r.bucketClient(), Bucket: bucketName,
			Folder: filepath.Join(r.data, "bucket", "objects", bucketName), Images: *images, Out: os.Stdout,
		}); err != nil {
			return err
		}
		return bench.Run(ctx, bench.Plan{
			Site: r.at.Site, Stripe: r.till, StripeKey: r.secrets["STRIPE_SECRET_KEY"], SigningSecret: r.secrets["STRIPE_WEBHOOK_SECRETS"],
			Owner: r.at.Postgres, Cashier: cashier.String(), Pgbench: pgbench, Events: *events, Out: os.Stdout,
		})
	})
}

// bucketClient is a client of the bucket with the service's own key.
func (r *runner) bucketClient() *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &r.at.Bucket, Region: bucket.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(r.secrets["BUCKET_ACCESS_KEY_ID"], r.secrets["BUCKET_SECRET_ACCESS_KEY"], "")})
}

// findPgbench looks beside the Postgres that runs, then on the path; "" where it is in neither.
func findPgbench(r *runner) (string, error) {
	kept, err := databaseCache()
	if err != nil {
		return "", err
	}
	binaries, err := postgres.Find(filepath.Join(r.data, "postgres"), kept, r.say)
	if err != nil {
		return "", err
	}
	for _, name := range []string{filepath.Join(binaries.Folder, "pgbench"), "pgbench"} {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("pgbench cannot be run: %w", err)
		}
	}
	return "", nil
}
