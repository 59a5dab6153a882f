package main

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/policy"
)

// scripts gives the text of every script that pages load, by its name.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	assets, err := files.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, asset := range assets {
		if strings.HasSuffix(asset.Name(), ".js") {
			text, _ := files.ReadFile("assets/" + asset.Name())
			all[asset.Name()] = string(text)
		}
	}
	return all
}

// leading are all ways in which a script makes a link or leaves, with the first word of what they lead to.
var leading = regexp.MustCompile(`(?:\bhref: |\.href = |location\.(?:assign|replace)\(|location = |window\.open\()(["\x60][/#]|[^\s,;()]+)`)

// ours says of whatever a script leads to, where no path stands there, why it needs no mark.
var ours = map[string]string{
	"api.js navigator.cookieEnabled": "our sign-in, or the start page",
	"offer.js about.signInFor":       "our sign-in",
	"pricing.js signInAddress":       "our sign-in",
	"return.js signInAddress":        "our sign-in",
	"deletion.js address":            "a receipt of ours",
	"receipt.js address":             "a file that the page makes itself",
	"exportcard.js url":              "an archive of one's own, by signed link",
	"exportcard.js fresh.links":      "the same, renewed",
	"selection.js url":               "an archive of one's own, by signed link",
	"image.js address.href":          "a picture of one's own, by signed link",
	"image.js address":               "a picture of one's own, as a file",
	"stage.js image.url":             "a picture of one's own, by signed link",
	"leave.js url":                   "Stripe's checkout and portal: a click on a button that says so",
	"outside.js address":             "every link to another site",
}

// policy P10: whoever adds a link decides whether it leads to another site, and then makes it with outside.js.
func TestEveryLinkOfAScriptStaysHereOrIsMarked(t *testing.T) {
	used := map[string]bool{}
	for name, text := range scripts(t) {
		for _, found := range leading.FindAllStringSubmatch(text, -1) {
			to := name + " " + found[1]
			if strings.ContainsAny(to, "\"`") { // a path or a place on the page
				continue
			}
			if used[to] = true; ours[to] == "" {
				t.Errorf("%s: make the link with outside.js, or say here why it leads to no other site", to)
			}
		}
		if strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), "://") {
			t.Errorf("%s names the address of another site", name)
		}
	}
	for to := range ours {
		if !used[to] {
			t.Errorf("%s leads nowhere any more", to)
		}
	}
}

// policy P10: another site is told neither where somebody comes from nor given a hold of the page.
func TestALinkToAnotherSiteIsMarkedAndTellsNothing(t *testing.T) {
	for name, text := range scripts(t) {
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, `target: "_blank"`) && !strings.Contains(line, `rel: "noopener noreferrer"`) {
				t.Errorf("%s opens something apart and gives it a hold of the page: %s", name, strings.TrimSpace(line))
			}
		}
	}
	made := scripts(t)["outside.js"]
	for _, want := range []string{`className: "outside"`, `rel: "noopener noreferrer"`, `referrerPolicy: "no-referrer"`, `className: "unseen"`} {
		if !strings.Contains(made, want) {
			t.Errorf("outside.js lacks %s", want)
		}
	}
	if style := call(t, "GET", "/assets/x/style.css").Body; !strings.Contains(style, `a.outside::after { content: " ↗" / "";`) {
		t.Error("nobody sees that a link leads to another site")
	}
	for _, path := range pages {
		if got := header(call(t, "GET", path), "Referrer-Policy"); got != "same-origin" {
			t.Errorf("%s has the Referrer-Policy %q", path, got)
		}
	}
}

// policy P12: the address stands in one place and is shown on every page.
func TestEveryPageSaysWhereToWriteTo(t *testing.T) {
	for _, path := range pages {
		var found bool
		elements(t, call(t, "GET", path).Body, func(element xml.StartElement) {
			found = found || attribute(element, "href") == "mailto:"+policy.Contact
		})
		if !found {
			t.Errorf("%s does not say where to write to: its footer lacks mailto:{contact}", path)
		}
	}
}

// policy P2.4, policy P6.4: pages set one cookie, of preferences, and keep nothing else beyond the tab.
func TestPagesSetOneCookieAndKeepNothingElse(t *testing.T) {
	keeping := []string{"localStorage", "indexedDB", "caches.", "cookieStore", "serviceWorker"}
	for name, text := range scripts(t) {
		for _, word := range keeping {
			if strings.Contains(text, word) {
				t.Errorf("%s uses %s: what a browser keeps is said on /privacy", name, word)
			}
		}
		if strings.Contains(text, "document.cookie") && !slices.Contains([]string{"preferences.js", "theme.js"}, name) {
			t.Errorf("%s has to do with cookies: only preferences.js and theme.js may", name)
		}
	}
	if text := scripts(t)["preferences.js"]; !strings.Contains(text, "const name = \"__Host-preferences\";") ||
		!strings.Contains(text, "document.cookie = `${name}=${theme}; Path=/; Max-Age=${age}; Secure; SameSite=Lax`") || strings.Count(text, "document.cookie =") != 1 {
		t.Errorf("preferences.js sets another cookie than it should:\n%s", text)
	}
	if text := scripts(t)["theme.js"]; strings.Contains(text, "document.cookie =") {
		t.Error("theme.js sets a cookie")
	}
}
