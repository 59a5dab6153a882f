package main

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// read gives what a page holds: its ids, the ids that it refers to, its headings' levels, where it leads, its entry module.
func read(t *testing.T, path string) (ids, wanted, headings, links []string, entry string) {
	t.Helper()
	elements(t, call(t, "GET", path).Body, func(element xml.StartElement) {
		if id := attribute(element, "id"); id != "" {
			ids = append(ids, id)
		}
		for _, name := range []string{"for", "aria-labelledby", "aria-describedby"} {
			wanted = append(wanted, strings.Fields(attribute(element, name))...)
		}
		switch name := element.Name.Local; name {
		case "h1", "h2", "h3":
			headings = append(headings, name)
		case "a":
			links = append(links, attribute(element, "href"))
		case "script":
			if attribute(element, "type") == "module" {
				entry = attribute(element, "src")
			}
		}
	})
	return ids, wanted, headings, links, entry
}

func TestAPageHasEveryIDThatItRefersToOnce(t *testing.T) {
	for _, path := range pages {
		ids, wanted, _, links, _ := read(t, path)
		for _, link := range links {
			if id, inside := strings.CutPrefix(link, "#"); inside {
				wanted = append(wanted, id)
			}
		}
		for _, id := range wanted {
			if !slices.Contains(ids, id) {
				t.Errorf("%s has nothing called %q", path, id)
			}
		}
		slices.Sort(ids)
		if once := slices.Compact(slices.Clone(ids)); len(once) != len(ids) {
			t.Errorf("%s has an id twice: %v", path, ids)
		}
	}
}

var byID = regexp.MustCompile(`byId\("([^"]+)"\)`)

func TestAPageHasWhatItsModuleFillsIn(t *testing.T) {
	for _, path := range pages {
		ids, _, _, _, entry := read(t, path)
		if entry == "" { // a page of text
			continue
		}
		found := byID.FindAllStringSubmatch(call(t, "GET", entry).Body, -1)
		if len(found) == 0 {
			t.Errorf("%s fills nothing in", entry)
		}
		for _, id := range found {
			if !slices.Contains(ids, id[1]) {
				t.Errorf("%s has nothing called %q, which %s looks for", path, id[1], entry)
			}
		}
	}
}

func TestEveryPageBeginsWithItsOneTitle(t *testing.T) {
	for _, path := range pages {
		if _, _, headings, _, _ := read(t, path); len(headings) == 0 || headings[0] != "h1" || slices.Contains(headings[1:], "h1") {
			t.Errorf("%s has the headings %v", path, headings)
		}
	}
}

func TestFromEveryPageOfOnesOwnMoneyAndAccountAreOneStepAway(t *testing.T) {
	for _, path := range []string{"/studio", "/library", "/pricing", "/checkout/return", "/billing", "/credits",
		"/account", "/dashboard", "/exports", "/deletion"} {
		_, _, _, links, _ := read(t, path)
		for _, to := range []string{"/studio", "/library", "/pricing", "/billing", "/credits", "/account", "/dashboard", "/exports", "/receipt"} {
			if !slices.Contains(links, to) {
				t.Errorf("%s does not lead to %s", path, to)
			}
		}
	}
}

func TestAThemeIsPutOnBeforeAPageIsDrawn(t *testing.T) {
	for _, path := range pages {
		body := call(t, "GET", path).Body
		theme, style := strings.Index(body, "/theme.js\"></script>"), strings.Index(body, `rel="stylesheet"`)
		if theme < 0 || theme > style {
			t.Errorf("%s is drawn before its theme is known", path)
		}
	}
}

func TestStripeSendsPeopleBackWithWhatTheyDid(t *testing.T) {
	for _, path := range []string{"/checkout/return?session_id=cs_test_a1", "/checkout/return?canceled=1", "/pricing?interval=year&choose=plus-yearly"} {
		if reply := call(t, "GET", path); reply.StatusCode != 200 {
			t.Errorf("%s answers %d", path, reply.StatusCode)
		}
	}
}

func TestThePolicyHasNoPlaceForStripe(t *testing.T) {
	// Pages go to Stripe by an address only: nothing of Stripe's runs, is framed or is filled in here.
	for _, path := range pages {
		if policy := header(call(t, "GET", path), "Content-Security-Policy"); strings.Contains(policy, "stripe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
}

func TestCrawlersMayReadThePrices(t *testing.T) {
	if robots := call(t, "GET", "/robots.txt").Body; !strings.Contains(robots, "Allow: /pricing\n") {
		t.Errorf("they may read\n%s", robots)
	}
}
