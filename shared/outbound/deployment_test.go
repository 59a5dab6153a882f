package outbound

import (
	"strings"
	"testing"
)

// policy P9
func TestADeploymentIsWhereItSays(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	if region, err := ParseRegion("eu-central-1"); err != nil || region != "eu-central-1" {
		t.Errorf("%s, %v", region, err)
	}
	for _, elsewhere := range []string{"us-east-1", "", "EU-Central-1"} {
		if _, err := ParseRegion(elsewhere); err == nil {
			t.Errorf("%q is taken", elsewhere)
		}
	}
}

// policy P5.1
func TestADeploymentToAStrangerIsRefused(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	const good = "https://accounts.google.com https://0123.r2.cloudflarestorage.com https://api.stripe.com http://127.0.0.1:8080"
	if addresses, err := ParseAddresses(good); err != nil || len(addresses) != 4 {
		t.Errorf("%v, %v", addresses, err)
	}
	for _, bad := range []string{"https://evil.example", "http://api.stripe.com", "api.stripe.com", "https://%zz/secret", "https://api.stripe.com.evil.example/secret"} {
		if _, err := ParseAddresses(good + " " + bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
