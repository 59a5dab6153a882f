package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/stripe"
)

const (
	// stripeSetup is the program behind `make stripe-setup`.
	stripeSetup = "infra/stripe-setup"
	realStripe  = "https://api.stripe.com"
	stripeFile  = "stripe.json"
)

func (r *runner) startStripe() error {
	listener, err := process.Listen(port(r.wished.Stripe))
	if err != nil {
		return err
	}
	r.at.Stripe = origin(listener)
	server := stripe.New(stripe.Config{Origin: r.at.Stripe, Now: r.clock.now})
	r.till = server
	r.onStop(server.Close)
	if !r.ephemeral {
		if err := r.keepStripe(server); err != nil {
			return err
		}
	}
	r.answer(server, listener)
	return nil
}

// keepStripe gives the stand-in what was bought in earlier runs, and writes down now and then, and at the end, what there is.
func (r *runner) keepStripe(server *stripe.Server) error {
	path := filepath.Join(r.data, stripeFile)
	before, err := os.ReadFile(path)
	if err == nil {
		err = server.Load(bytes.NewReader(before))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is damaged (%v); repair it, or wipe everything with make reset", path, err)
	}
	save := func() {
		var now bytes.Buffer
		err := server.Save(&now)
		if err == nil && !bytes.Equal(before, now.Bytes()) {
			before = now.Bytes()
			err = writeFile(path, before)
		}
		if err != nil {
			r.say("what was bought cannot be kept: " + err.Error())
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-time.After(5 * time.Second):
				save()
			case <-stop:
				save()
				return
			}
		}
	}()
	r.onStop(func() { close(stop); <-stopped })
	return nil
}

// useRealStripe takes the real Stripe's test mode where its key is in the environment. Its events cannot reach this machine, so
// a tool of Stripe's forwards them, and signs them with a secret of its own.
func (r *runner) useRealStripe(site string) (bool, error) {
	key, signing := os.Getenv("STRIPE_SECRET_KEY"), os.Getenv("STRIPE_WEBHOOK_SECRET")
	switch {
	case key == "" || r.ephemeral: // a test pays nobody
		return false, nil
	case !strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_"):
		return false, errors.New("STRIPE_SECRET_KEY is not a key of Stripe's test mode: use one that begins with sk_test_, or unset it")
	case signing == "":
		return false, fmt.Errorf("STRIPE_WEBHOOK_SECRET is missing, so no event of Stripe's could be believed: run "+
			"`stripe listen --forward-to %s/webhooks/stripe` beside this, and set the variable to the whsec_… that it prints",
			strings.TrimPrefix(site, "http://"))
	}
	r.secrets["STRIPE_SECRET_KEY"], r.secrets["STRIPE_WEBHOOK_SECRETS"] = key, signing
	r.say("using the real Stripe in test mode, since STRIPE_SECRET_KEY is set")
	return true, nil
}

// setUpStripe runs the program behind `make stripe-setup`, as operators do, and gives the prices for the functions.
func (r *runner) setUpStripe(ctx context.Context, program, site string, remote bool) (prices string, err error) {
	if remote {
		r.at.Stripe, site = realStripe, "none"
	} else if err := r.forgetEndpoints(ctx); err != nil {
		return "", err
	}
	var made struct{ Prices, Secret string }
	err = r.step("products at Stripe", func() error {
		return r.runSetup(ctx, program, site, &made)
	})
	if made.Secret != "" {
		r.secrets["STRIPE_WEBHOOK_SECRETS"] = made.Secret
	}
	return made.Prices, err
}

func (r *runner) runSetup(ctx context.Context, program, site string, made any) error {
	var out, said bytes.Buffer
	cmd := exec.Command(program, "-json")
	cmd.Env = append(os.Environ(), "STRIPE_SECRET_KEY="+r.secrets["STRIPE_SECRET_KEY"], "STRIPE_URL="+r.at.Stripe, "SITE="+site)
	cmd.Stdout, cmd.Stderr = &out, &said
	child, err := r.starter.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(time.Second)
		return ctx.Err()
	}
	if child.Err() != nil {
		return errors.New(strings.TrimSpace(said.String()))
	}
	return json.Unmarshal(out.Bytes(), made)
}

// forgetEndpoints takes the webhook endpoints of earlier starts from the stand-in: their port may be another's by now, and
// their secret is told only once.
func (r *runner) forgetEndpoints(ctx context.Context) error {
	var list struct{ Data []struct{ ID string } }
	if err := r.askStripe(ctx, http.MethodGet, "/v1/webhook_endpoints?limit=100", &list); err != nil {
		return err
	}
	for _, endpoint := range list.Data {
		if err := r.askStripe(ctx, http.MethodDelete, "/v1/webhook_endpoints/"+endpoint.ID, &struct{}{}); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) askStripe(ctx context.Context, method, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.at.Stripe+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.secrets["STRIPE_SECRET_KEY"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s at the local Stripe: %s", method, path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
