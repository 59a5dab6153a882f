package schema_test

import (
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/schema"
)

func TestEveryPlaceIsDecidedAbout(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range schema.Places() {
		if p.Pattern == "" || p.Holds == "" || p.Whose == "" || p.Erase == "" || p.Kept == "" || seen[p.Pattern] {
			t.Errorf("%q: something is undecided, or it is listed twice", p.Pattern)
		}
		seen[p.Pattern] = true
		if p.Erase == schema.Never || (strings.HasPrefix(p.Pattern, "<account>/") && p.Erase != schema.WithAccount) {
			t.Errorf("%s is erased %s", p.Pattern, p.Erase)
		}
	}
}

func TestAKeyLiesInOnePlaceOrInNone(t *testing.T) {
	t.Parallel()
	const account, id = "k3v9q2m7x1c8b5n0z4w6r3t8y2", "0d9f4a52-6a1e-4c1b-9a53-2f1f6a6d7c11"
	for key, pattern := range map[string]string{
		account + "/" + id + "/abc-thumbnail.jpg":      "<account>/<id>/<name>",
		account + "/incoming/" + id:                    "<account>/incoming/<id>",
		account + "/exports/" + id + "/nanoflux-1.zip": "<account>/exports/<id>/<name>",
		"revoked/" + account:                           "revoked/<account>",
		"erasures/2026-03-01":                          "erasures/<more>",
		"erasures/2026/03/ab_-.json":                   "erasures/<more>",

		"": "", "/": "", account: "", account + "/": "", account + "/" + id: "", account + "/" + id + "/": "",
		account + "/" + id + "/a/b":                  "",
		account + "/" + id + "/../x":                 "",
		account + "/" + id + "/a b":                  "",
		account + "/" + strings.ToUpper(id) + "/a":   "",
		account + "/drafts/" + id:                    "",
		account + "/incoming/" + id + "/a":           "",
		account[1:] + "/" + id + "/a.png":            "",
		strings.ToUpper(account) + "/" + id + "/a":   "",
		"drafts/" + account:                          "",
		"revoked/somebody":                           "",
		"revoked/" + account + "/a":                  "",
		"erasures":                                   "",
		"erasures/":                                  "",
		"erasures//a":                                "",
		"erasures/a/":                                "",
		"erasures/a/.":                               "",
		"erasures/../" + account + "/incoming/" + id: "",
		"/" + account + "/" + id + "/a.png":          "",
		account + "/exports/" + id + "/.":            "",
		account + "/exports/" + id + "/wool\x00.zip": "",
		account + "/exports/" + id + "/грибы.zip":    "",
	} {
		place, known := schema.PlaceOf(key)
		if place.Pattern != pattern || known != (pattern != "") {
			t.Errorf("%q is said to lie at %q, not %q", key, place.Pattern, pattern)
		}
	}
}
