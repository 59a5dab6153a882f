package retention_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/schema"
)

func TestEveryClassSaysWhatWhenHowLongAndByWhom(t *testing.T) {
	names := map[string]bool{}
	for _, c := range retention.Matrix() {
		if c.Name == "" || names[c.Name] || !strings.HasSuffix(c.Holds, ".") || c.Clock == "" || c.Period == "" || !strings.HasPrefix(c.Clause, "P") {
			t.Errorf("%+v leaves something open", c)
		}
		names[c.Name] = true
		if _, err := os.Stat("../../functions/" + c.Owner); err != nil && c.Name != "log-lines" { // those are CloudWatch's to remove
			t.Errorf("%s are removed by nobody: %v", c.Name, err)
		}
		if (c.Table == "") != (c.Seen == "") && c.Name != "erasure-ledger" {
			t.Errorf("%s: what is in a table can be counted", c.Name)
		}
	}
}

// What the data map gives an end date has a clock here, so that nothing waits for a sweep that does not exist.
func TestEveryTableWithAnEndIsInTheMatrix(t *testing.T) {
	const parts = "payment_return unclaimed_payment" // they go with their payment
	var listed []string
	for _, c := range retention.Matrix() {
		listed = append(listed, c.Table)
	}
	known, ends := map[string]bool{"": true}, 0
	for _, c := range schema.Catalogue() {
		table, _, _ := strings.Cut(c.Name, ".")
		known[table] = true
		if c.Erase != schema.AtItsEnd || strings.Contains(parts, table) {
			continue
		}
		ends++
		if !slices.Contains(listed, table) {
			t.Errorf("%s ends, and is in no class of shared/retention", c.Name)
		}
	}
	if ends < 20 {
		t.Errorf("only %d columns end: the search itself is broken", ends)
	}
	for _, table := range listed {
		if !known[table] {
			t.Errorf("%s is a table of the matrix, and of nothing else", table)
		}
	}
}
