package main

import (
	"io"
	"strings"
	"testing"
)

func TestTheRealStripeIsUsedInTestModeOnly(t *testing.T) {
	for _, c := range []struct {
		key, signing string
		ephemeral    bool
		remote       bool
		says         string
	}{
		{"", "", false, false, ""},
		{"sk_test_1", "whsec_1", false, true, ""},
		{"rk_test_1", "whsec_1", false, true, ""},
		{"sk_test_1", "whsec_1", true, false, ""},
		{"sk_live_1", "whsec_1", false, false, "test mode"},
		{"sk_test_1", "", false, false, "stripe listen --forward-to localhost:9000/webhooks/stripe"},
	} {
		t.Setenv("STRIPE_SECRET_KEY", c.key)
		t.Setenv("STRIPE_WEBHOOK_SECRET", c.signing)
		r := &runner{out: io.Discard, ephemeral: c.ephemeral, secrets: secrets{"STRIPE_SECRET_KEY": "local"}}
		remote, err := r.useRealStripe("http://localhost:9000")
		if remote != c.remote || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, %v", c, remote, err)
		}
		if used := r.secrets["STRIPE_SECRET_KEY"] != "local"; used != c.remote {
			t.Errorf("%+v: the key in use is %s", c, r.secrets["STRIPE_SECRET_KEY"])
		}
	}
}
