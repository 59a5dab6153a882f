package retention_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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
		if c.Owner != retention.CloudWatchItself && c.Owner != retention.Nobody {
			if _, err := os.Stat("../../functions/" + c.Owner + "/main.go"); c.Owner == "" || err != nil {
				t.Errorf("%s are removed by nobody: %v", c.Name, err)
			}
		}
		if c.Table != "" && (c.Seen == "") != (c.Owner == retention.Nobody) {
			t.Errorf("%s: what is in a table can be counted, unless it stays", c.Name)
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

// The words beside a class, and those of the data map, say the number that the code goes by.
func TestWordsSayTheNumbersThatTheCodeGoesBy(t *testing.T) {
	const year = 365 * day
	classes, columns := map[string]string{}, map[string]string{}
	for _, c := range retention.Matrix() {
		classes[c.Name] = c.Period
	}
	for _, c := range schema.Catalogue() {
		columns[c.Name] = c.Kept
	}
	for name, c := range map[string]struct {
		kept   time.Duration
		column string
	}{
		"sign-in":          {retention.SignIn, ""},
		"uploads":          {retention.Upload, "upload.key"},
		"idempotency-keys": {retention.IdempotencyKey, "generation.idempotency_key"},
		"archives":         {retention.Archive, "archive.folder"},
		"sessions":         {retention.Session, "session.address"},
		"addresses":        {retention.Address, "account_lookup.hash"},
		"accounts":         {retention.Deleted, ""},
		"log-lines":        {retention.CloudWatch, ""},
		"stripe-events":    {retention.StripeEvent, "stripe_event.id"},
		"logs":             {retention.Logs, "log_record.network"},
		"free-credits":     {retention.FreeCredits, "free_grant_guard.hash"},
		"receipts":         {retention.Receipt, "receipt.jws"},
		"payments":         {retention.PaymentYears * year, "payment.amount"},
	} {
		if !says(classes[name], c.kept) {
			t.Errorf("%s are kept for %q, and the code goes by %s", name, classes[name], c.kept)
		}
		if c.column != "" && !says(columns[c.column], c.kept) {
			t.Errorf("%s is kept for %q in the data map, and the code goes by %s", c.column, columns[c.column], c.kept)
		}
	}
}

// policy P4.2b: what is printed goes with the log group that it is printed to.
func TestTheTemplatesLogGroupsKeepWhatTheMatrixSays(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("RetentionInDays: %d\n", retention.CloudWatch/day)
	if all, right := strings.Count(string(template), "RetentionInDays:"), strings.Count(string(template), want); all == 0 || all != right {
		t.Errorf("of %d log groups %d say %s", all, right, want)
	}
}

const day = 24 * time.Hour

// says tells whether a text has a period in its own words: "sixty days", "a day", "7 years".
func says(text string, period time.Duration) bool {
	text = strings.NewReplacer("an hour", "1 hours", "a day", "1 days", "two ", "2 ", "seven ", "7 ", "sixty ", "60 ", "ninety ", "90 ").Replace(text)
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{365 * day, "years"}, {day, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if period%unit.length == 0 {
			return strings.Contains(" "+text, fmt.Sprintf(" %d %s", period/unit.length, unit.name))
		}
	}
	return false
}
