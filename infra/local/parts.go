package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"nanoflux.ai/backend/infra/local/bucket"
	"nanoflux.ai/backend/infra/local/cdn"
	"nanoflux.ai/backend/infra/local/google"
	"nanoflux.ai/backend/infra/local/models"
	"nanoflux.ai/backend/infra/local/pooler"
	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
)

const (
	bucketName     = "images"
	googleClientID = "local"
)

// parts are the things that can be started without the functions, in the order of the table of addresses.
var parts = []string{"postgres", "bucket", "google", "cdn", "models", "stripe"}

// chooseParts reads a list such as "postgres,bucket".
func chooseParts(list string) ([]string, error) {
	if list == "" || list == "all" {
		return parts, nil
	}
	chosen := strings.Split(list, ",")
	for _, part := range chosen {
		if !slices.Contains(parts, part) {
			return nil, fmt.Errorf("there is no part %q; choose from %s", part, strings.Join(parts, ", "))
		}
	}
	if slices.Contains(chosen, "cdn") && !slices.Contains(chosen, "bucket") {
		chosen = append(chosen, "bucket")
	}
	return chosen, nil
}

// startParts starts the chosen parts beside each other. site is the origin whose pages may use them.
func (r *runner) startParts(ctx context.Context, chosen []string, site string) error {
	group, ctx := errgroup.WithContext(ctx)
	if slices.Contains(chosen, "postgres") {
		group.Go(func() error { return r.step("database", func() error { return r.startPostgres(ctx) }) })
	}
	if slices.Contains(chosen, "bucket") {
		group.Go(func() error {
			if err := r.step("bucket", func() error { return r.startBucket(ctx, site) }); err != nil {
				return err
			}
			if slices.Contains(chosen, "cdn") {
				return r.startCDN(site)
			}
			return nil
		})
	}
	if slices.Contains(chosen, "google") {
		group.Go(func() error { return r.startGoogle(site) })
	}
	if slices.Contains(chosen, "stripe") {
		group.Go(r.startStripe)
	}
	if err := group.Wait(); err != nil || !slices.Contains(chosen, "models") {
		return err
	}
	return r.startModels()
}

func (r *runner) startPostgres(ctx context.Context) error {
	home, err := databaseFolder(r.data, r.user)
	if err != nil {
		return err
	}
	if r.ephemeral {
		r.onStop(func() { os.RemoveAll(home) })
	}
	kept, err := databaseCache()
	if err != nil {
		return err
	}
	binaries, err := postgres.Find(home, kept, r.say)
	if err != nil {
		return err
	}
	cluster, err := postgres.Start(ctx, r.starter, postgres.Plan{
		Binaries: binaries, Home: home, User: r.user, Log: r.log("postgres"),
		Port: port(r.wished.Postgres), Ephemeral: r.ephemeral,
		SuperuserPassword: r.secrets[superuserPassword], OwnerPassword: r.secrets["DATABASE_PASSWORD_POSTGRES"],
		PoolerPassword: r.secrets[poolerPassword],
	})
	if err != nil {
		return err
	}
	r.onStop(cluster.Stop)
	r.watch("postgres", cluster.Done())
	r.at.Postgres = cluster.URL("postgres", r.secrets["DATABASE_PASSWORD_POSTGRES"], postgres.Database)

	front, err := pooler.Start(ctx, r.starter, pooler.Plan{
		Home: home, User: r.user, Log: r.log("pooler"), Port: port(r.wished.Pooler),
		Server: cluster.Port, Role: postgres.PoolerRole, Password: r.secrets[poolerPassword], Database: postgres.Database,
	})
	if err != nil {
		return err
	}
	r.onStop(front.Stop)
	if front.Done() != nil {
		r.watch("pooler", front.Done())
	}
	r.at.Pooler = front.Address()
	return nil
}

func (r *runner) startBucket(ctx context.Context, site string) error {
	kept, err := cache()
	if err != nil {
		return err
	}
	binary, err := bucket.Build(ctx, r.starter, filepath.Join(r.project, "infra", "local"), kept, r.say)
	if err != nil {
		return err
	}
	server, err := bucket.Start(ctx, r.starter, bucket.Plan{
		Binary: binary, Folder: filepath.Join(r.data, "bucket"), Log: r.log("bucket"), Port: port(r.wished.Bucket),
		AccessKeyID: r.secrets["BUCKET_ACCESS_KEY_ID"], SecretAccessKey: r.secrets["BUCKET_SECRET_ACCESS_KEY"],
	})
	if err != nil {
		return err
	}
	r.onStop(server.Stop)
	r.watch("bucket", server.Done())
	r.at.Bucket = server.URL()
	if r.played != nil {
		if err := r.startGate(); err != nil {
			return err
		}
	}
	return server.Create(ctx, bucketName, site)
}

func (r *runner) startCDN(site string) error {
	listener, err := process.Listen(port(r.wished.CDN))
	if err != nil {
		return err
	}
	r.at.CDN = origin(listener)
	signing, err := base64.StdEncoding.DecodeString(r.secrets["CDN_KEY"])
	if err != nil {
		return fmt.Errorf("the secret CDN_KEY is not base64: %w", err)
	}
	objects := cdn.S3{Endpoint: r.at.Bucket, Bucket: bucketName, Region: bucket.Region,
		AccessKeyID: r.secrets["BUCKET_ACCESS_KEY_ID"], SecretAccessKey: r.secrets["BUCKET_SECRET_ACCESS_KEY"]}
	r.front = cdn.New(cdn.Config{URL: r.at.CDN, SiteOrigin: site, Key: signing, Fetch: objects.Fetch, Open: objects.Open,
		PurgeToken: r.secrets["CDN_PURGE_TOKEN"], Now: r.clock.now})
	r.answer(r.front, listener)
	return nil
}

func (r *runner) startGoogle(site string) error {
	listener, err := process.Listen(port(r.wished.Google))
	if err != nil {
		return err
	}
	r.at.Google = origin(listener)
	r.answer(google.New(google.Config{Issuer: r.at.Google, ClientID: googleClientID, ClientSecret: r.secrets["GOOGLE_CLIENT_SECRET"],
		RedirectURLs: []string{site + "/login/callback"}, Now: r.clock.now}), listener)
	return nil
}

// startModels answers for Gemini and for the whole of Cloudflare's API, whose purges are the CDN's business.
func (r *runner) startModels() error {
	listener, err := process.Listen(port(r.wished.Models))
	if err != nil {
		return err
	}
	r.at.Models = origin(listener)
	mux := http.NewServeMux()
	mux.Handle("/", models.New(models.Config{WorkersAIToken: r.secrets["WORKERS_AI_TOKEN"], GeminiAPIKey: r.secrets["GEMINI_API_KEY"]}))
	if r.front != nil {
		mux.Handle("/client/v4/zones/", r.front)
	}
	r.answer(mux, listener)
	return nil
}
