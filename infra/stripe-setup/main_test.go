package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/testbed"
)

func TestAMissingOrWrongVariableIsNamedBeforeAnythingIsAsked(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want error
	}{
		{map[string]string{}, errNoKey},
		{map[string]string{"STRIPE_SECRET_KEY": "pk_test_123"}, errKey},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_test_"}, errKey},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_live_123"}, errLive},
		{map[string]string{"STRIPE_SECRET_KEY": "rk_live_123", "LIVE": "y"}, errLive},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_live_123", "LIVE": "yes"}, errNoSite},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_test_123"}, errNoSite},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_test_123", "SITE": "nanoflux.ai"}, errSite},
		{map[string]string{"STRIPE_SECRET_KEY": "sk_test_123", "SITE": "https://nanoflux.ai/webhooks"}, errSite},
	} {
		if _, err := read(func(name string) string { return c.env[name] }); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.env, err, c.want)
		}
	}
}

func TestItSaysWhatItDidThenWhatToDoWithIt(t *testing.T) {
	at := testbed.Stripe(t)
	env := map[string]string{"STRIPE_SECRET_KEY": at.Key, "STRIPE_URL": at.URL, "SITE": "http://localhost:8080/"}
	for _, parts := range [][]string{
		{"created    price plus-monthly", "StripePrices: plus-monthly=price_", "STRIPE_WEBHOOK_SECRETS", "\nwhsec_"},
		{"unchanged  price plus-monthly", "StripePrices: plus-monthly=price_", "dashboard: Developers, Webhooks, we_"},
	} {
		said := call(t, env, false)
		for _, part := range parts {
			if !strings.Contains(said, part) {
				t.Errorf("%s lacks %q", said, part)
			}
		}
	}
	var made payment.Installation
	if err := json.Unmarshal([]byte(call(t, env, true)), &made); err != nil || made.Portal == "" || len(made.Steps) == 0 {
		t.Error(made, err)
	}
	env["SITE"] = "none"
	if said := call(t, env, false); strings.Contains(said, "ebhook") {
		t.Error(said)
	}
}

func call(t *testing.T, env map[string]string, asJSON bool) string {
	t.Helper()
	var said bytes.Buffer
	if err := run(context.Background(), func(name string) string { return env[name] }, asJSON, &said); err != nil {
		t.Fatal(err)
	}
	return said.String()
}
