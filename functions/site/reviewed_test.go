package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/policy"
)

var reviewed = flag.Bool("reviewed", false, "write what /privacy says now into shared/policy/clauses.json")

// words gives what the page says of each clause: the text of its section, then that of table rows elsewhere that belong to it. How
// a clause is kept is not among what is promised.
func words(t *testing.T, page string) map[string]string {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	said, within := map[string]string{}, []string{""} // the clause of every open element; "-" is left out
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			clause := within[len(within)-1]
			switch {
			case attribute(token, "class") == "how":
				clause = "-"
			case token.Name.Local == "section":
				clause = attribute(token, "id")
			case attribute(token, "data-clause") != "":
				clause = attribute(token, "data-clause")
			}
			within = append(within, clause)
		case xml.EndElement:
			within = within[:len(within)-1]
		case xml.CharData:
			if clause := within[len(within)-1]; clause != "-" {
				said[clause] = strings.Join(strings.Fields(said[clause]+" "+string(token)), " ")
			}
		}
	}
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Whoever changes what is promised looks again at what keeps it.
func TestNoSentenceOfThePolicyChangesUnlooked(t *testing.T) {
	said := words(t, call(t, "GET", "/privacy").Body)
	clauses, err := policy.Clauses()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"": true, "-": true}
	for i, c := range clauses {
		known[c.ID] = true
		if len(said[c.ID]) < 50 {
			t.Errorf("/privacy says next to nothing of %s: give it a <section id=%q>", c.ID, c.ID)
		}
		if now := digestOf(said[c.ID]); *reviewed {
			clauses[i].Page = now
		} else if c.Page != now {
			t.Errorf("What /privacy says of %s has changed. Look again at its code (%s), its tests (%s) and its measures (%s): do they still keep, "+
				"prove and watch what the page says now? Correct them, the date on the page and shared/policy/clauses.json, then run "+
				"`make policy-reviewed`.\nIt says now: %s", c.ID, strings.Join(c.KeptBy, ", "), strings.Join(c.ProvedBy, ", "),
				strings.Join(append(c.WatchedBy, c.Unwatched), ", "), said[c.ID])
		}
	}
	for clause := range said {
		if !known[clause] {
			t.Errorf("/privacy speaks of %s, which is not in shared/policy/clauses.json", clause)
		}
	}
	if *reviewed && !t.Failed() {
		write(t, clauses)
	}
}

func write(t *testing.T, clauses []policy.Clause) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(clauses); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../shared/policy/clauses.json", text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What is not built yet is said where it is promised, and everything that was to be filled in is.
func TestThePolicySaysWhatIsNotBuilt(t *testing.T) {
	page := call(t, "GET", "/privacy").Body
	if strings.ContainsAny(page, "{}") {
		t.Errorf("something was not filled in: %.80s", page[strings.IndexAny(page, "{}"):])
	}
	said := words(t, page)
	clauses, err := policy.Clauses()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clauses {
		if c.Open != "" && !strings.Contains(said[c.ID], "Not built yet. "+c.Open) {
			t.Errorf("of %s is not said: %s", c.ID, c.Open)
		}
	}
}
