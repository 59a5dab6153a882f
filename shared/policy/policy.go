// Package policy lists the clauses of the privacy policy with what keeps, proves and watches each.
package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Contact is where people write to (policy P12).
const Contact = "support@nanoflux.ai"

//go:embed clauses.json
var list []byte

// Clause is one promise of the policy.
type Clause struct {
	ID        string   `json:"id"`                  // as the page, code and tests write it: "P4.2b"
	Says      string   `json:"says"`                // what is promised, in a line
	KeptBy    []string `json:"kept_by"`             // files or folders in which its id stands
	ProvedBy  []string `json:"proved_by"`           // tests in which its id stands
	WatchedBy []string `json:"watched_by"`          // measures of functions/watch-promises, or metrics of template.yaml
	Unwatched string   `json:"unwatched,omitempty"` // why nothing of it can be measured while the service runs
	Open      string   `json:"open,omitempty"`      // what of it is not built yet, as a sentence that the page shows
	Page      string   `json:"page"`                // digest of what /privacy says of it; `make policy-reviewed` writes it
}

// Clauses gives all of them, in the order of the policy.
func Clauses() ([]Clause, error) {
	var all []Clause
	if err := json.Unmarshal(list, &all); err != nil {
		return nil, fmt.Errorf("clauses.json: %w", err)
	}
	return all, nil
}
