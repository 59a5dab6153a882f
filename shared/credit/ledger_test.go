package credit_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// bench is the ledger of one account beside its model.
type bench struct {
	*rapid.T
	t  *testing.T
	db people.Database
	id string // of the account
	m  model
}

// reference names a lot, so that they sort as they were granted.
func (b *bench) reference(i int) string { return fmt.Sprintf("%s-%03d", b.id, i) }

// crashable lets a connection die before the n-th statement that writes to the ledger, in whichever function that is.
func crashable(t *testing.T, db people.Database) {
	t.Helper()
	db.Do(t, `
		create function app.crash() returns trigger language plpgsql as $$
		declare
		  n integer := coalesce(nullif(current_setting('crash.before', true), ''), '0');
		begin
		  if n = 1 then
		    perform pg_terminate_backend(pg_backend_pid()), pg_sleep(10);
		  end if;
		  perform set_config('crash.before', (n - 1)::text, true);
		  return null;
		end $$`)
	for _, table := range []string{"credit_balance", "credit_grant", "credit_hold", "credit_hold_lot", "credit_entry"} {
		db.Do(t, `create trigger crash before insert or update on app.`+table+` for each statement execute function app.crash()`)
	}
}

func died(err error) bool { return postgres.Raised(err, "57P01") }

// do runs verbs in one transaction. It may be told to die on the way: that must leave nothing, and then it is run again.
func (b *bench) do(verbs func(tx postgres.Querier) error) error {
	run := func(before int) error {
		return b.db.Owner.Transaction(context.Background(), func(tx postgres.Querier) error {
			if _, err := tx.Exec(context.Background(), `select set_config('crash.before', $1, true)`, strconv.Itoa(before)); err != nil {
				return err
			}
			return verbs(tx)
		})
	}
	err := run(max(0, rapid.IntRange(-10, 10).Draw(b.T, "crash")))
	if died(err) {
		// The dead may keep their locks for a moment, and Expire passes over what is locked.
		b.db.Do(b.t, `select from app.credit_balance where account_id = $1 for update`, b.id)
		b.compare()
		err = run(0)
	}
	return err
}

// compare wants the database to say what the model says.
func (b *bench) compare() {
	b.db.Books(b)
	if len(b.m.lots) == 0 {
		return // there is no balance before the first grant
	}
	sums := b.m.balance()
	wanted := append(sums[:], int64(len(b.m.entries)))
	for _, e := range b.m.entries {
		wanted = append(wanted, e[:]...)
	}
	for _, l := range b.m.lots {
		wanted = append(wanted, l.left, l.reversed, l.expired, l.excused, l.expires.UnixMilli())
	}
	got := people.Ask[[]int64](b.t, b.db, `
		select array[b.available, b.held, b.debt, b.entries]
			|| (select array_agg(v order by e.number, i) from app.credit_entry e, unnest(array[e.available, e.held, e.debt]) with ordinality u (v, i)
				where e.account_id = b.account_id)
			|| (select array_agg(v order by g.reference, i) from app.credit_grant g,
				unnest(array[remaining, reversed, expired, excused, (extract(epoch from expires_at) * 1000)::bigint]) with ordinality u (v, i)
				where g.account_id = b.account_id)
		from app.credit_balance b where b.account_id = $1`, b.id)
	if !slices.Equal(got, wanted) {
		b.Fatalf("balance, entries and lots are\n%v, want\n%v", got, wanted)
	}
}

// enter grants a lot of which so much is taken back at once.
func (b *bench) enter(r *rapid.T, reversed int64) {
	b.m.at = b.m.at.Add(1e6) // no two lots are granted together, so the order in which they are spent is certain
	amount, expires := max(reversed, rapid.Int64Range(1, 6).Draw(r, "amount")), b.m.at.AddDate(0, 0, rapid.IntRange(-2, 50).Draw(r, "days"))
	reference := b.reference(len(b.m.lots))
	err := b.do(func(tx postgres.Querier) error {
		done, err := credit.Grant(context.Background(), tx, credit.Lot{Account: b.id, Source: credit.Pack, Reference: reference, Amount: amount, ExpiresAt: expires}, b.m.at)
		if err != nil || !done {
			return fmt.Errorf("granting: %v, %w", done, err)
		}
		_, err = credit.Reverse(context.Background(), tx, b.id, credit.Pack, reference, reversed, reference, b.m.at)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	b.m.grant(amount, expires)
	b.m.reverse(len(b.m.lots)-1, reversed)
}

func (b *bench) hold(r *rapid.T) {
	id, amount, owing := uuid.NewString(), rapid.Int64Range(1, 8).Draw(r, "amount"), b.m.debt > 0
	err := b.do(func(tx postgres.Querier) error {
		_, err := tx.Exec(context.Background(), `select app.hold_credits($1, $2, $3, $4)`, b.id, id, amount, b.m.at)
		return err
	})
	if held := b.m.hold(id, amount); held != (err == nil) || !held && owing != credit.Owed(err) || !held && owing == credit.Insufficient(err) {
		r.Fatalf("holding %d: %v, want %v", amount, err, held)
	}
}

// closes makes a verb that ends a hold an action; the second time it does nothing.
func (b *bench) closes(verb closing, model func(id string)) func(*rapid.T) {
	return func(r *rapid.T) {
		if len(b.m.holds) == 0 {
			r.Skip("no hold is open")
		}
		id := rapid.SampledFrom(b.m.holds).Draw(r, "hold").id
		for _, wanted := range []bool{true, false} {
			if err := b.do(func(tx postgres.Querier) error {
				done, err := verb(context.Background(), tx, id, b.m.at)
				if err == nil && done != wanted {
					r.Errorf("closing a hold did something: %v, want %v", done, wanted)
				}
				return err
			}); err != nil {
				r.Fatal(err)
			}
			if wanted {
				model(id)
			}
			b.compare()
		}
	}
}

func (b *bench) expire(r *rapid.T) {
	if err := b.do(func(tx postgres.Querier) error {
		_, err := credit.Expire(context.Background(), tx, b.m.at, 1000)
		return err
	}); err != nil {
		r.Fatal(err)
	}
	b.m.expire()
}

func (b *bench) reverse(r *rapid.T) {
	if len(b.m.lots) == 0 {
		r.Skip("nothing was granted")
	}
	i := rapid.IntRange(0, len(b.m.lots)-1).Draw(r, "lot")
	target := rapid.Int64Range(0, b.m.lots[i].amount).Draw(r, "target")
	before := b.m.balance()
	var delta int64
	if err := b.do(func(tx postgres.Querier) (err error) {
		delta, err = credit.Reverse(context.Background(), tx, b.id, credit.Pack, b.reference(i), target, "test", b.m.at)
		return err
	}); err != nil {
		r.Fatal(err)
	}
	expired := b.m
	expired.lots = slices.Clone(b.m.lots)
	if target != b.m.lots[i].reversed {
		expired.expire()
		before = expired.balance()
	}
	b.m.reverse(i, target)
	if after := b.m.balance(); delta != (after[0]-after[2])-(before[0]-before[2]) {
		r.Errorf("the reversal says that it changed %d", delta)
	}
}

// A failing sequence is made small and written to testdata/rapid; the test's output says how to run it again.
func TestTheLedgerAgreesWithItsModelWhateverHappensInWhateverOrder(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	crashable(t, db)
	// Each check takes a second; go test -rapid.checks=1000 looks longer.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set("10")
	}
	account := 0
	rapid.Check(t, func(r *rapid.T) {
		account++
		b := &bench{T: r, t: t, db: db, id: db.SignIn(t, fmt.Sprint("person", account), 0).ID, m: model{at: people.Now()}}
		r.Repeat(map[string]func(*rapid.T){
			"grant":   func(r *rapid.T) { b.enter(r, 0) },
			"refund":  func(r *rapid.T) { b.enter(r, rapid.Int64Range(1, 6).Draw(r, "reversed")) },
			"hold":    b.hold,
			"settle":  b.closes(credit.Settle, func(id string) { b.m.settle(id) }),
			"release": b.closes(credit.Release, func(id string) { b.m.release(id) }),
			"expire":  b.expire,
			"reverse": b.reverse,
			"wait":    func(r *rapid.T) { b.m.at = b.m.at.AddDate(0, 0, rapid.IntRange(1, 12).Draw(r, "days")) },
			"":        func(*rapid.T) { b.compare() },
		})
	})
}
