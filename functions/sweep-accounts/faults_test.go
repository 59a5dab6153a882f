package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// every is how far apart the requests are that go wrong; `make test-erasure` asks for 1.
var every = flag.Int("every", 15, "which request of an erasure goes wrong: every n-th, each in all ways")

// way in which a request to another part goes wrong.
type way int

const (
	refused  way = iota // it never arrives
	unheard             // it is done, but nobody hears so
	hanging             // it is never answered
	shotDead            // the function's process is killed when it sends it
)

func (w way) String() string { return []string{"refused", "done unheard", "hanging", "killed"}[w] }

// fault lets the nth thing that the function says to any other part go wrong. The parts are behind proxies, and the things that it
// says are counted in the order in which they come: requests to bucket, edge and Stripe, and pieces of the conversation with the
// database, each of which is a statement, a begin or a commit.
type fault struct {
	mu      sync.Mutex
	way     way
	nth     int
	said    int
	unheard bool // what the database answers next is lost
	fired   chan struct{}
	dead    chan struct{} // closed when the process is
	end     chan struct{} // closed when whatever hangs is let go
}

// strikes counts, and says whether this is the one.
func (f *fault) strikes() bool {
	f.mu.Lock()
	f.said++
	hit := f.said == f.nth
	f.unheard = hit && f.way == unheard
	f.mu.Unlock()
	if !hit {
		return false
	}
	close(f.fired)
	if f.way == shotDead {
		<-f.dead
	}
	return true
}

func (f *fault) over() bool {
	select {
	case <-f.fired:
		return true
	default:
		return false
	}
}

// before puts the fault before a part that speaks HTTP.
func (f *fault) before(t *testing.T, part string) string {
	var struck sync.Map
	return testbed.Between(t, part, func(w http.ResponseWriter, r *http.Request) bool {
		if !f.strikes() {
			return true
		}
		switch f.way {
		case unheard:
			struck.Store(r.Header.Get("Amz-Sdk-Invocation-Id")+r.URL.String(), true)
			return true
		case hanging:
			select {
			case <-r.Context().Done():
			case <-f.end:
			}
		}
		panic(http.ErrAbortHandler)
	}, func(r *http.Response) {
		if _, hit := struck.LoadAndDelete(r.Request.Header.Get("Amz-Sdk-Invocation-Id") + r.Request.URL.String()); hit {
			panic(http.ErrAbortHandler)
		}
	})
}

// wire puts the fault before the database.
func (f *fault) wire(t *testing.T, database string) string {
	return testbed.Wire{
		Sent: func([]byte) bool {
			if !f.strikes() || f.way == unheard {
				return true
			}
			if f.way == hanging {
				<-f.end
			}
			return false
		},
		Got: func([]byte) bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			lost := f.unheard
			f.unheard = false
			return !lost
		},
	}.Before(t, database)
}

const purgePath = "/client/v4/zones/local/purge_cache"

// behind is the world as the function sees it through the fault.
func (f *fault) behind(t *testing.T, w world) (sweep, parts) {
	t.Helper()
	real := w.parts()
	at := parts{f.wire(t, real.database), f.before(t, real.bucket), f.before(t, w.cdn.URL) + purgePath, f.before(t, real.stripe)}
	s := w.sweep
	s.db = postgres.Open(at.database)
	t.Cleanup(s.db.Close)
	s.objects = bucket.Open(at.bucket, w.cdn.Bucket.Name, w.cdn.Bucket.AccessKeyID, w.cdn.Bucket.SecretAccessKey)
	s.edge = cdn.NewPurger(w.cdn.URL, at.edge, w.cdn.PurgeToken)
	s.stripe = payment.Open(at.stripe, w.till.Key)
	s.ledger.Objects = s.objects
	return s, at
}

func TestAnErasureEndsTheSameWhateverGoesWrong(t *testing.T) {
	t.Parallel()
	for way := refused; way <= shotDead; way++ {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			w := open(t)
			bob := w.settle(t, "wintersmith")
			w.spend(t, &bob)
			w.hour(t, people.Now().Add(2*time.Hour)) // forgets the neighbour's hold
			struck := 0
			for nth := 1 + int(way)%*every; ; nth += *every {
				if !w.endsTheSame(t, way, nth) {
					break
				}
				struck++
			}
			if struck < 60 / *every {
				t.Errorf("only %d requests went wrong", struck)
			}
		})
	}
}

// endsTheSame lets somebody come and leave while the nth request goes wrong; false if there is no nth.
func (w world) endsTheSame(t *testing.T, way way, nth int) (struck bool) {
	t.Helper()
	before := w.rows(t)
	ada := w.settle(t, fmt.Sprintf("quillfeather%d", nth))
	ada.customer = w.till.Customer(ada.ID)
	asked := w.leave(t, ada.ID, false, people.Now())
	want := w.expects(t, ada)

	f := &fault{way: way, nth: nth, fired: make(chan struct{}), dead: make(chan struct{}), end: make(chan struct{})}
	through, at := f.behind(t, w)
	when := people.Now()
	for hours := 0; w.at(t, ada.ID) != ""; hours++ {
		if hours > 6 {
			t.Fatalf("request %d was %s: it does not come to its end, it is %q", nth, way, w.at(t, ada.ID))
		}
		when = people.Now().Add(time.Duration(hours) * time.Hour)
		switch {
		case f.over():
			w.hour(t, when)
		case way == shotDead:
			w.killed(t, f, at, when)
		default:
			patience := time.Minute
			if way == hanging {
				patience = 700 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			_, _ = through.run(ctx, task.Starting(when), rung{}) // an error is for the log; what counts is the end
			cancel()
			if f.over() {
				close(f.end)
			}
		}
		// What a connection that was cut held is free as soon as Postgres has noticed.
		people.Ask[int](t, w.people, `select count(*) from (select from app.erasure for update) x`)
	}
	what := fmt.Sprintf("request %d was %s", nth, way)
	if got := w.counts(t, asked.ID, when); !maps.Equal(got, want) {
		t.Errorf("%s: the receipt counts %v, there was %v", what, got, want)
	}
	w.nothingIn(t, ada)
	if w.till.Get("/v1/customers/" + ada.customer)["deleted"] != true {
		t.Errorf("%s: the customer is at Stripe still", what)
	}
	same(t, what, before, w.rows(t))
	return f.over()
}

// expects counts what a receipt of somebody shows, by asking rows and bucket.
func (w world) expects(t *testing.T, p person) map[string]int64 {
	t.Helper()
	want := map[string]int64{"objects": int64(len(w.objectsOf(t, p.Prefix)))}
	told, err := erasure.Inventory(t.Context(), w.people.Web, p.ID)
	must(t, err)
	for _, counted := range told {
		want[counted.Class] = counted.Count
	}
	return want
}

// killed runs the function as a process of its own, and kills it when the fault strikes.
func (w world) killed(t *testing.T, f *fault, at parts, when time.Time) {
	t.Helper()
	event, _ := json.Marshal(map[string]time.Time{"time": when})
	p := testbed.Start(t, os.Args[0], event, w.environment(at)...)
	ended := make(chan struct{})
	go func() {
		select {
		case <-f.fired:
			p.Kill()
			close(f.dead)
		case <-ended:
		}
	}()
	p.Wait(t)
	close(ended)
}
