package credit_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

var seed = flag.Uint64("ledger.seed", 0, "what the instances draw from; 0 is another each time")

// crowd is several instances at the same few accounts.
type crowd struct {
	t        *testing.T
	accounts []string
	ticks    atomic.Int64
	mu       sync.Mutex
	holds    []string
	granted  map[string]int // how often a lot's grant said that it was done
	closed   map[string]int
}

// instance is one of the crowd, with a connection of its own.
type instance struct {
	*crowd
	*rand.Rand
	db *postgres.Database
}

// now is a time of its own for each that asks.
func (c *crowd) now() time.Time { return people.Now().Add(time.Duration(c.ticks.Add(1)) * time.Second) }

// lot is what the k-th delivery grants to an account, whoever delivers it. Some end while the crowd is at work.
func (c *crowd) lot(account string, k int) credit.Lot {
	l := credit.Lot{Account: account, Source: credit.Pack, Reference: fmt.Sprintf("%s-%d", account, k), Amount: int64(1 + k%7), ExpiresAt: people.Now().AddDate(0, 0, 10+k%3)}
	if fleeting(k) {
		l.ExpiresAt = people.Now().Add(time.Duration(10*k) * time.Second)
	}
	return l
}

func fleeting(k int) bool { return k%3 == 2 }

// do runs verbs in one transaction until its connection lives, and sometimes once more, as if the answer had been lost.
func (i instance) do(verbs func(tx postgres.Querier, again bool) error) error {
	ctx, again := context.Background(), false
	for {
		before := max(0, i.IntN(20)-10)
		err := i.db.Transaction(ctx, func(tx postgres.Querier) error {
			if _, err := tx.Exec(ctx, `select set_config('crash.before', $1, true)`, strconv.Itoa(before)); err != nil {
				return err
			}
			return verbs(tx, again)
		})
		if !died(err) && (err != nil || again || i.IntN(5) > 0) {
			return err
		}
		again = again || err == nil
	}
}

func (c *crowd) count(times map[string]int, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	times[what]++
}

// pay delivers a payment, of which part may have been returned; others may deliver it, too.
func (i instance) pay(account string) error {
	ctx, k, at, done := context.Background(), i.IntN(40), i.now(), false
	lot, target := i.lot(account, k), int64(0)
	if !fleeting(k) {
		target = i.Int64N(lot.Amount + 1)
	}
	err := i.do(func(tx postgres.Querier, again bool) error {
		first, err := credit.Grant(ctx, tx, lot, at)
		done = first || again && done
		if err != nil {
			return err
		}
		_, err = credit.Reverse(ctx, tx, account, lot.Source, lot.Reference, target, strconv.FormatInt(target, 10), at)
		return err
	})
	if done {
		i.count(i.granted, lot.Reference)
	}
	return err
}

func (i instance) hold(account string) error {
	id, amount, at := uuid.NewString(), 1+i.Int64N(5), i.now()
	err := i.do(func(tx postgres.Querier, again bool) error {
		_, err := tx.Exec(context.Background(), `select app.hold_credits($1, $2, $3, $4)`, account, id, amount, at)
		if again && err != nil { // it is held already, or there are too few for a second time
			return errHeld
		}
		return err
	})
	if credit.Insufficient(err) || credit.Owed(err) {
		return nil
	}
	if err == nil || errors.Is(err, errHeld) {
		i.mu.Lock()
		i.holds = append(i.holds, id)
		i.mu.Unlock()
		return nil
	}
	return err
}

var errHeld = errors.New("held already")

// close settles or releases any of the holds, also one that was closed or that another closes at this moment.
func (i instance) close() error {
	i.mu.Lock()
	holds := slices.Clone(i.holds)
	i.mu.Unlock()
	if len(holds) == 0 {
		return nil
	}
	id, at, done := holds[max(0, len(holds)-1-i.IntN(12))], i.now(), false
	verb := []closing{credit.Settle, credit.Release}[i.IntN(2)]
	err := i.do(func(tx postgres.Querier, again bool) error {
		first, err := verb(context.Background(), tx, id, at)
		done = first || again && done
		return err
	})
	if done {
		i.count(i.closed, id)
	}
	return err
}

func (i instance) work(steps int) {
	for range steps {
		account, err := i.accounts[i.IntN(len(i.accounts))], error(nil)
		switch n := i.IntN(10); {
		case n < 4:
			err = i.pay(account)
		case n < 7:
			err = i.hold(account)
		case n < 9:
			err = i.close()
		default:
			at := i.now()
			err = i.do(func(tx postgres.Querier, _ bool) error {
				_, err := credit.Expire(context.Background(), tx, at, 1+i.IntN(10))
				return err
			})
		}
		if err != nil {
			i.t.Errorf("an instance was refused: %v", err)
		}
	}
}

// replay lets a model do what an account's ledger says was done, one after the other: it must say the same.
func (c *crowd) replay(db people.Database, account string) {
	type step struct {
		Kind, Reference, Cause string
		At                     time.Time
		Change                 []int64
	}
	steps := people.Ask[[]step](c.t, db, `
		select coalesce(json_agg(json_build_object('kind', kind, 'reference', reference, 'cause', cause, 'at', at,
			'change', array[available, held, debt]) order by number), '[]') from app.credit_entry where account_id = $1`, account)
	m, lots := model{}, map[string]int{}
	for n, s := range steps {
		if n < len(m.entries) {
			continue // several lots ended at once
		}
		m.at = s.At
		switch s.Kind {
		case "grant":
			var k int
			_, _ = fmt.Sscanf(s.Reference[len("pack:"+account):], "-%d", &k)
			lot := c.lot(account, k)
			lots[s.Reference] = len(m.lots)
			m.grant(lot.Amount, lot.ExpiresAt)
		case "hold":
			m.hold(s.Reference, s.Change[1])
		case "settle":
			m.settle(s.Reference)
		case "release":
			m.release(s.Reference)
		case "expire":
			m.expire()
		default:
			target, _ := strconv.ParseInt(s.Cause, 10, 64)
			m.reverse(lots[s.Reference], target)
		}
		if n >= len(m.entries) || !slices.Equal(m.entries[n][:], s.Change) {
			c.t.Fatalf("the ledger's step %d is %v, the model's are %v", n, s, m.entries[min(n, len(m.entries)):])
		}
	}
	for reference, i := range lots {
		got := people.Ask[[]int64](c.t, db, `select array[remaining, reversed, expired] from app.credit_grant where source || ':' || reference = $1`, reference)
		if l := m.lots[i]; !slices.Equal(got, []int64{l.left, l.reversed, l.expired}) {
			c.t.Errorf("%s is %v, want %v", reference, got, l)
		}
	}
}

func TestManyAtOnceAreAsIfTheyHadComeOneAfterTheOtherAlsoWhereTheyDie(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	crashable(t, db)
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: go test -run %s -args -ledger.seed=%d", t.Name(), *seed)
		}
	})
	c := &crowd{t: t, granted: map[string]int{}, closed: map[string]int{}}
	for _, name := range []string{"ada", "grace"} {
		c.accounts = append(c.accounts, db.SignIn(t, name, 0).ID)
	}
	var all sync.WaitGroup
	for n := range uint64(6) {
		own := postgres.Open(db.Address.Owner)
		defer own.Close()
		all.Go(func() { instance{c, rand.New(rand.NewPCG(*seed, n)), own}.work(60) })
	}
	all.Wait()
	for _, account := range c.accounts {
		c.replay(db, account)
	}
	for what, times := range map[string]map[string]int{"granted": c.granted, "closed": c.closed} {
		for reference, n := range times {
			if n != 1 {
				t.Errorf("%s was %s %d times", reference, what, n)
			}
		}
	}
	if n := people.Ask[int](t, db, `select count(*) from app.credit_grant`); n != len(c.granted) || n < 20 || len(c.closed) < 10 {
		t.Errorf("%d lots stand, %d were granted, %d holds closed", n, len(c.granted), len(c.closed))
	}
}
