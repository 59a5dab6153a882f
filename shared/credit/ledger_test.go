package credit_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/testbed/people"
)

// A model is what the ledger of one account should say, in the plainest way to write it: each credit is worth remembering
// only by its lot.
type model struct {
	lots  []lot
	holds []openHold
	at    time.Time
}

type lot struct {
	left    int64
	expires time.Time
}

type openHold struct {
	id    string
	parts map[int]int64 // by lot
}

func (m *model) available() (sum int64) {
	for _, l := range m.lots {
		sum += l.left
	}
	return sum
}

func (m *model) held() (sum int64) {
	for _, h := range m.holds {
		for _, part := range h.parts {
			sum += part
		}
	}
	return sum
}

// take gives what a hold of an amount takes from which lot; nil where the spendable ones do not reach.
func (m *model) take(amount int64) map[int]int64 {
	var order []int
	for i, l := range m.lots {
		if l.left > 0 && l.expires.After(m.at) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return m.lots[a].expires.Compare(m.lots[b].expires) })
	parts := map[int]int64{}
	for _, i := range order {
		if part := min(amount, m.lots[i].left); part > 0 {
			parts[i], amount = part, amount-part
		}
	}
	if amount > 0 {
		return nil
	}
	return parts
}

func TestTheLedgerAgreesWithItsModelWhateverHappensInWhateverOrder(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	// Each check takes a third of a second; go test -rapid.checks=1000 looks longer.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set("10")
	}
	account := 0
	rapid.Check(t, func(r *rapid.T) {
		account++
		id := db.SignIn(t, fmt.Sprint("person", account), 0).ID
		m := model{at: people.Now()}
		closing := func(verb func(context.Context, string) (bool, error), back bool) func(*rapid.T) {
			return func(r *rapid.T) {
				if len(m.holds) == 0 {
					r.Skip("no hold is open")
				}
				i := rapid.IntRange(0, len(m.holds)-1).Draw(r, "hold")
				if done, err := verb(ctx, m.holds[i].id); !done || err != nil {
					r.Fatal(done, err)
				}
				for lot, part := range m.holds[i].parts {
					if back {
						m.lots[lot].left += part
					}
				}
				m.holds = slices.Delete(m.holds, i, i+1)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"grant": func(r *rapid.T) {
				// No two lots expire together, so the order in which they are spent is certain.
				days := rapid.IntRange(1, 12).Filter(func(n int) bool {
					return !slices.ContainsFunc(m.lots, func(l lot) bool { return l.expires.Equal(m.at.AddDate(0, 0, n)) })
				}).Draw(r, "days")
				l := lot{rapid.Int64Range(1, 6).Draw(r, "amount"), m.at.AddDate(0, 0, days)}
				if !people.Ask[bool](t, db, `select app.grant_credits($1, 'pack', $2, $3, $4, $5)`,
					id, fmt.Sprintf("%d-%02d", account, len(m.lots)), l.left, m.at, l.expires) {
					r.Fatal("not granted")
				}
				m.lots = append(m.lots, l)
			},
			"hold": func(r *rapid.T) {
				amount := rapid.Int64Range(1, 8).Draw(r, "amount")
				parts := m.take(amount)
				held, err := hold(db.Web, id, amount, m.at)
				if (err == nil) != (parts != nil) || (err != nil && !credit.Insufficient(err)) {
					r.Fatalf("holding %d: %v, want %v", amount, err, parts)
				}
				if parts != nil {
					for lot, part := range parts {
						m.lots[lot].left -= part
					}
					m.holds = append(m.holds, openHold{held, parts})
				}
			},
			"settle":  closing(func(ctx context.Context, id string) (bool, error) { return credit.Settle(ctx, db.Worker, id, m.at) }, false),
			"release": closing(func(ctx context.Context, id string) (bool, error) { return credit.Release(ctx, db.Sweeper, id, m.at) }, true),
			"wait":    func(r *rapid.T) { m.at = m.at.AddDate(0, 0, rapid.IntRange(1, 6).Draw(r, "days")) },
			"": func(r *rapid.T) {
				db.Books(r)
				if len(m.lots) == 0 {
					return // there is no balance before the first grant
				}
				wanted := []int64{m.available(), m.held()}
				for _, l := range m.lots {
					wanted = append(wanted, l.left)
				}
				got := people.Ask[[]int64](t, db, `
					select array[available, held] || (select array_agg(remaining order by reference) from app.credit_grant where account_id = $1)
					from app.credit_balance where account_id = $1`, id)
				if !slices.Equal(got, wanted) {
					r.Fatalf("balance, held and lots are %v, want %v", got, wanted)
				}
			},
		})
	})
}
