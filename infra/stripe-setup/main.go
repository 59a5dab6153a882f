// Command stripe-setup creates or checks at Stripe what this service sells with: products, prices, the billing portal, the
// webhook endpoint.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
)

const usage = `stripe-setup creates or checks what Nanoflux needs at Stripe; run again, it changes nothing.

  STRIPE_SECRET_KEY=sk_test_… SITE=https://nanoflux.ai make stripe-setup

  STRIPE_SECRET_KEY   a secret key, or a restricted one that may write products, prices, the customer portal and webhook endpoints
  SITE                origin of the site; Stripe sends events to SITE/webhooks/stripe. "none" makes no webhook endpoint
  LIVE=yes            is asked for with a live key
  STRIPE_URL          Stripe's API, if not https://api.stripe.com

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("stripe-setup", flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage); flags.PrintDefaults() }
	asJSON := flags.Bool("json", false, "print the result as one JSON object, for programs")
	_ = flags.Parse(os.Args[1:]) // it exits by itself
	if err := run(ctx, os.Getenv, *asJSON, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stripe-setup:", err)
		os.Exit(1)
	}
}

// run reads the environment, sees to everything at Stripe and says what was done.
func run(ctx context.Context, env func(string) string, asJSON bool, out io.Writer) error {
	asked, err := read(env)
	if err != nil {
		return err
	}
	made, err := payment.Open(asked.api, asked.key).Setup(ctx, asked.endpoint)
	if err != nil {
		return err
	}
	if _, err := offer.Parse(made.Prices); err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(out).Encode(made)
	}
	tell(out, made)
	return nil
}

// order is what the environment asks for.
type order struct{ api, key, endpoint string }

var (
	errNoKey  = errors.New("STRIPE_SECRET_KEY is missing: take it from Stripe's dashboard (Developers, API keys)")
	errKey    = errors.New("STRIPE_SECRET_KEY is not a secret key: it begins with sk_test_, rk_test_, sk_live_ or rk_live_")
	errLive   = errors.New("this is a live key, with which real customers pay: add LIVE=yes to go on")
	errNoSite = errors.New("SITE is missing: give the site's origin, as in SITE=https://nanoflux.ai, so that Stripe knows where to send events (SITE=none for no webhook endpoint)")
	errSite   = errors.New("SITE is not an origin such as https://nanoflux.ai")
)

func read(env func(string) string) (order, error) {
	asked := order{api: "https://api.stripe.com", key: env("STRIPE_SECRET_KEY")}
	if other := env("STRIPE_URL"); other != "" {
		asked.api = other
	}
	switch mode := regexp.MustCompile(`^[sr]k_(test|live)_\w+$`).FindStringSubmatch(asked.key); {
	case asked.key == "":
		return order{}, errNoKey
	case mode == nil:
		return order{}, errKey
	case mode[1] == "live" && env("LIVE") != "yes":
		return order{}, errLive
	}
	site := strings.TrimSuffix(env("SITE"), "/")
	if site == "none" {
		return asked, nil
	}
	if site == "" {
		return order{}, errNoSite
	}
	u, err := url.Parse(site)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Scheme+"://"+u.Host != site {
		return order{}, errSite
	}
	asked.endpoint = site + "/webhooks/stripe"
	return asked, nil
}

// tell says what was done, then what to do with it.
func tell(out io.Writer, made payment.Installation) {
	for _, step := range made.Steps {
		fmt.Fprintf(out, "%-10s %-30s %s\n", step.Outcome, step.What, step.ID)
	}
	fmt.Fprintf(out, "\nPut this into parameters.yaml:\n\nStripePrices: %s\n", made.Prices)
	switch {
	case made.Secret != "":
		fmt.Fprintf(out, "\nPut this into the secret as STRIPE_WEBHOOK_SECRETS; Stripe's API tells it only now:\n\n%s\n", made.Secret)
	case made.Endpoint != "":
		fmt.Fprintf(out, "\nThe webhook endpoint's signing secret is in Stripe's dashboard: Developers, Webhooks, %s, Reveal.\n", made.Endpoint)
	}
}
