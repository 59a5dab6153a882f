package erasure

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/schema"
)

// Stay is something that outlives the account, with its end.
type Stay = receipt.Stay

// Counted is how much of a class there is.
type Counted struct {
	Class    string
	Count    int64
	Sentence string
}

// Inventory counts what an account has, by class, in the order of schema.Classes; classes without anything are left out.
func Inventory(ctx context.Context, db postgres.Querier, account string) ([]Counted, error) {
	rows, err := db.Query(ctx, `select name, rows from app.inventory($1)`, account)
	if err != nil {
		return nil, wrap("counting what an account has", err)
	}
	tables := map[string]int64{}
	var name string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { tables[name] += n; return nil }); err != nil {
		return nil, wrap("counting what an account has", err)
	}
	byClass := byClass(tables)
	byClass["account"] = 1
	var counted []Counted
	for _, class := range schema.Classes() {
		if byClass[class.Name] > 0 {
			counted = append(counted, Counted{class.Name, byClass[class.Name], class.Sentence})
		}
	}
	return counted, nil
}

// counted says whether people would count the rows of a table: an order is one, however often a provider was asked.
func counted(table string) bool {
	switch table {
	case "account", "account_key", "session", "image", "upload", "generation", "credit_entry", "customer", "subscription",
		"payment_owner", "archive":
		return true
	}
	return false
}

// objects is what the counts of objects begin with, one of each pass over the bucket.
const objects = "object "

// byClass adds up rows of tables, and objects, by class.
func byClass(tables map[string]int64) map[string]int64 {
	sums := map[string]int64{}
	for table, n := range tables {
		if strings.HasPrefix(table, objects) {
			sums["objects"] += n
		} else if counted(table) {
			sums[schema.ClassOf(table)] += n
		}
	}
	return sums
}

const (
	paymentsKept = 7  // years, policy P4.2c
	guardKept    = 2  // years, see package credit
	logsKept     = 90 // days, policy P4.2b
)

// Stays says what of an account outlives it, why and until when (policy P4.2a).
func Stays(ctx context.Context, db postgres.Querier, account string, at time.Time) ([]Stay, error) {
	var payments int64
	var last, free *time.Time
	if err := db.QueryRow(ctx, `select payments, last_payment, free_credits_at from app.stays($1)`, account).Scan(&payments, &last, &free); err != nil {
		return nil, wrap("finding what outlives an account", err)
	}
	var stays []Stay
	if payments > 0 {
		stays = append(stays, Stay{What: "payments", Count: payments, Until: last.UTC().AddDate(paymentsKept, 0, 0),
			Why: "The law wants payments kept for seven years: amount, date, country of tax and Stripe's numbers, without name, e-mail address or account."})
	}
	if free != nil {
		stays = append(stays, Stay{What: "free_credits_guard", Count: 1, Until: free.UTC().AddDate(guardKept, 0, 0),
			Why: "A keyed hash remembers that free credits were given to this Google identity, so that they are given once."})
	}
	return append(stays, Stay{What: "logs", Until: at.UTC().AddDate(0, 0, logsKept),
		Why: "Log lines of the last ninety days carry a random name whose link to you is erased with your key."}), nil
}

// Hold keeps one item of an account from being erased.
type Hold struct {
	Item   string
	EndsAt time.Time
}

// Holds of an account that have not ended.
func Holds(ctx context.Context, db postgres.Querier, account string, at time.Time) ([]Hold, error) {
	rows, err := db.Query(ctx, `select item, ends_at from app.legal_hold where account_id = $1 and ends_at > $2 order by ends_at`, account, at)
	if err != nil {
		return nil, wrap("reading holds", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Hold])
}

func encode(v any) string {
	var text strings.Builder
	if err := json.NewEncoder(&text).Encode(v); err != nil {
		panic("erasure: " + err.Error()) // only for what cannot be JSON
	}
	return text.String()
}
