package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"nanoflux.ai/backend/infra/local/cloudwatch"
	"nanoflux.ai/backend/infra/local/gateway"
	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/schedule"
	"nanoflux.ai/backend/infra/local/template"
)

// startAll starts the whole service, with its site on the port, or on any for 0.
func (r *runner) startAll(ctx context.Context, sitePort int) error {
	listeners, err := openSite(sitePort)
	if err != nil {
		return err
	}
	site := fmt.Sprintf("http://localhost:%d", process.Port(listeners[0]))
	remote, err := r.useRealStripe(site)
	if err != nil {
		return err
	}
	shop := newWorkshop(r.project, r.starter, r.say)
	group, building := errgroup.WithContext(ctx)
	group.Go(func() error {
		return r.step("building functions", func() error {
			if err := shop.buildAll(building, "./"+stripeSetup); err != nil || r.played == nil {
				return err
			}
			return shop.freeze(building, filepath.Join(r.data, "functions"), r.played.overlay)
		})
	})
	group.Go(func() error { return r.startParts(building, parts, site) })
	if err := group.Wait(); err != nil {
		return err
	}
	prices, err := r.setUpStripe(ctx, filepath.Join(shop.folder(), filepath.Base(stripeSetup)), site, remote)
	if err != nil {
		return err
	}
	functions, logs, plan, err := r.startFunctions(shop, site, prices)
	if err != nil {
		return err
	}
	r.functions, r.logs, r.plan = functions, logs, plan
	if err := r.step("migrating the database", func() error { return migrate(ctx, functions, r.clock.now()) }); err != nil {
		return err
	}
	schedules, err := schedule.New(schedule.Config{Schedules: plan.Schedules, Invoke: functions.Invoke,
		InvokeAsync: functions.InvokeAsync, Now: r.clock.now, Log: r})
	if err != nil {
		return err
	}
	if r.played == nil {
		go schedules.Run(ctx)
	}
	if err := r.startControl(functions, schedules, logs, plan); err != nil {
		return err
	}
	r.answer(gateway.New(gateway.Config{Routes: plan.Routes, Invoke: functions.Invoke, Now: r.clock.now}), listeners...)
	r.at.Site = site
	return nil
}

// openSite listens where browsers look for localhost: on both loopback addresses, where the machine has both.
func openSite(wish int) ([]net.Listener, error) {
	taken := fmt.Errorf("port %d is taken by another program; end that one, or choose another port: PORT=%d make run", wish, wish+1)
	first, err := net.Listen("tcp4", process.Address(wish))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, taken
	}
	if err != nil {
		return nil, fmt.Errorf("port %d cannot be opened (%w); choose another one: PORT=8080 make run", wish, err)
	}
	second, err := net.Listen("tcp6", fmt.Sprintf("[::1]:%d", process.Port(first)))
	if errors.Is(err, syscall.EADDRINUSE) && wish != 0 {
		first.Close()
		return nil, taken
	}
	listeners := []net.Listener{first}
	if err == nil { // or the machine has no IPv6
		listeners = append(listeners, second)
	}
	return listeners, nil
}

// startFunctions reads the template and makes its functions ready to be invoked.
func (r *runner) startFunctions(shop *workshop, site, prices string) (*lambda.Service, *cloudwatch.Service, *template.Template, error) {
	plan, err := template.Read(filepath.Join(r.project, "template.yaml"), r.parameters(site, prices), r.secret)
	if err != nil {
		return nil, nil, nil, err
	}
	r.keepPurgesHere(plan)
	listener, err := process.Listen(0)
	if err != nil {
		return nil, nil, nil, err
	}
	r.at.Lambda = origin(listener)
	log, err := os.Create(r.log("functions"))
	if err != nil {
		return nil, nil, nil, err
	}
	r.onStop(func() { log.Close() })
	var functions *lambda.Service
	logs, err := cloudwatch.New(cloudwatch.Config{
		Subscriptions: plan.Subscriptions, Now: r.clock.now, Log: r, Drain: func() { functions.Drain() },
		Deliver: func(function string, event []byte, settled func(bool)) error {
			return functions.InvokeAsyncThen(function, event, settled)
		},
	})
	if err != nil {
		return nil, nil, nil, err
	}
	functions = lambda.New(lambda.Config{
		Functions: plan.Functions,
		Binary:    shop.Binary,
		Start:     func(cmd *exec.Cmd) error { return r.starter.Spawn(cmd, syscall.SIGKILL) },
		Log:       io.MultiWriter(log, r),
		Printed:   logs.Put,
		Endpoint:  r.at.Lambda,

		RetryDelay: r.retryDelay(),
	})
	r.onStop(functions.Close)
	r.onStop(logs.Close)
	r.answer(functions, listener)
	return functions, logs, plan, nil
}

// parameters are the template's parameters on this machine; the others keep their defaults.
func (r *runner) parameters(site, prices string) map[string]string {
	options := "/" + postgres.Database + "?sslmode=disable"
	local := map[string]string{
		"Region":              template.Region,
		"SiteUrl":             site,
		"SiteDomain":          "localhost",
		"DatabasePooler":      r.at.Pooler + options,
		"DatabaseDirect":      process.Address(port(r.at.Postgres)) + options,
		"GoogleIssuer":        r.at.Google,
		"GoogleClientId":      googleClientID,
		"BucketEndpoint":      r.at.Bucket,
		"BucketName":          bucketName,
		"CdnUrl":              r.at.CDN,
		"CloudflareApiUrl":    r.at.Models + "/client/v4",
		"CloudflareAccountId": "local",
		"CloudflareZoneId":    "local",
		"GeminiUrl":           r.at.Models,
		"StripeUrl":           r.at.Stripe,
		"StripePrices":        prices,
	}
	r.useRealProviders(local)
	return local
}

// useRealProviders replaces the stand-in by the image providers whose keys are in the environment.
func (r *runner) useRealProviders(parameters map[string]string) {
	if r.ephemeral {
		return // a test pays nobody
	}
	var providers []string // in the order in which they are asked
	if key := os.Getenv("GEMINI_API_KEY"); key != "" {
		providers = append(providers, "gemini")
		delete(parameters, "GeminiUrl")
		parameters["GeminiZeroRetention"] = "agreed"
		r.secrets["GEMINI_API_KEY"] = key
		r.say("using the real Gemini, since GEMINI_API_KEY is set; this takes zero retention as agreed with Google")
	}
	account, token := os.Getenv("CLOUDFLARE_ACCOUNT_ID"), os.Getenv("CLOUDFLARE_API_TOKEN")
	if account != "" && token != "" {
		providers = append([]string{"workers-ai"}, providers...)
		delete(parameters, "CloudflareApiUrl")
		parameters["CloudflareAccountId"] = account
		r.secrets["WORKERS_AI_TOKEN"] = token
		r.say("using the real Workers AI, since CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN are set")
	}
	if len(providers) > 0 {
		parameters["ImageProviders"] = strings.Join(providers, ",")
	}
}

// keepPurgesHere points purges at the local CDN even where the rest of Cloudflare's API is the real one.
func (r *runner) keepPurgesHere(plan *template.Template) {
	for _, function := range plan.Functions {
		if _, purges := function.Environment["CDN_PURGE_URL"]; purges {
			function.Environment["CDN_PURGE_URL"] = r.at.CDN + "/client/v4/zones/local/purge_cache"
		}
	}
}

// secret gives one key of the one secret.
func (r *runner) secret(_, name string) (string, error) {
	value, found := r.secrets[name]
	if !found {
		return "", fmt.Errorf("the local cloud has no secret %s; add it to freshSecrets in infra/local/secrets.go", name)
	}
	return value, nil
}

// migrate brings the schema up to date, as every deployment does.
func migrate(ctx context.Context, functions *lambda.Service, at time.Time) error {
	event := fmt.Appendf(nil, `{"at": %q}`, at.UTC().Format(time.RFC3339))
	result, err := functions.Invoke(ctx, "Migrate", event)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if result.FunctionError == "" {
		return nil
	}
	var failure struct{ ErrorMessage string }
	if json.Unmarshal(result.Payload, &failure) != nil || failure.ErrorMessage == "" {
		failure.ErrorMessage = string(result.Payload)
	}
	return fmt.Errorf("migrate: %s", failure.ErrorMessage)
}
