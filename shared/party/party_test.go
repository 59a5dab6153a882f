package party

import (
	"regexp"
	"strings"
	"testing"
)

func TestTheRegisterSaysOfEachWhatItGetsAndKeeps(t *testing.T) {
	host := regexp.MustCompile(`^[a-z0-9*-]+(\.[a-z0-9-]+){2,}$`) // a * in the first name alone, below a domain that somebody owns
	names := map[string]bool{}
	for _, p := range Register("us-east-1") {
		if p.Name == "" || names[p.Name] || len(p.Services) == 0 || len(p.Clauses) == 0 {
			t.Errorf("%+v", p)
		}
		names[p.Name] = true
		for _, s := range p.Services {
			for _, words := range []string{s.For, s.Gets, s.Keeps, s.Where} {
				if words == "" || strings.TrimSpace(words) != words || strings.HasSuffix(words, ".") {
					t.Errorf("%s: %q", p.Name, words)
				}
			}
			for _, pattern := range s.Hosts {
				if !host.MatchString(pattern) || strings.Count(pattern, "*") > 1 {
					t.Errorf("%s: %s", p.Name, pattern)
				}
			}
		}
	}
	for _, named := range []string{"Supabase", "Cloudflare", "Stripe", "Google"} { // by the policy's text, 5.1
		if !names[named] {
			t.Errorf("%s is missing", named)
		}
	}
}

func TestAHostIsTheOneWhoseItIs(t *testing.T) {
	register := Register("eu-central-1")
	for host, wanted := range map[string]string{
		"api.stripe.com": "Stripe", "api.cloudflare.com": "Cloudflare", "0123.r2.cloudflarestorage.com": "Cloudflare",
		"generativelanguage.googleapis.com": "Google", "lambda.eu-central-1.amazonaws.com": "Amazon Web Services",
		"aws-0-eu-central-1.pooler.supabase.com": "Supabase",
		"":                                       "", ".": "", "*": "", "stripe.com": "", "xapi.stripe.com": "", "api.stripe.com.": "", "api.stripe.comx": "",
		"r2.cloudflarestorage.com": "", ".r2.cloudflarestorage.com": "", "a.b.r2.cloudflarestorage.com": "", "*.r2.cloudflarestorage.com": "",
		"aws-0-us-east-1.pooler.supabase.com": "", "aws-eu-central-1.pooler.supabase.com": "",
	} {
		if p, known := Of(register, host); p.Name != wanted || known != (wanted != "") {
			t.Errorf("%q is %q's", host, p.Name)
		}
	}
}

func TestLoopbackIsWrittenInThreeWays(t *testing.T) {
	for host, wanted := range map[string]bool{
		"127.0.0.1": true, "::1": true, "localhost": true,
		"": false, "127.0.0.2": false, "127.1": false, "::ffff:127.0.0.1": false, "localhost.": false, "localhost.example": false, "0.0.0.0": false,
	} {
		if Loopback(host) != wanted {
			t.Errorf("%q", host)
		}
	}
}
