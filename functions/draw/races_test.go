package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestFiveEventsAtOnceAreOneImageAndOnePayment(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		wrapped(small(t))(w, r)
	})
	id := s.order(t, ada, text)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := s.ring(t, id, s.begun); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s.drawn(t, id) // and one that comes late
	s.succeeded(t, id)
	if s.calls.Load() != 1 {
		t.Errorf("the provider was called %d times", s.calls.Load())
	}
}

func TestTwoEventsAtOnceDrawTwoOrders(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(wrapped(small(t)))
	first, second := s.order(t, ada, text), s.order(t, ada, text)
	var all sync.WaitGroup
	for _, id := range []string{first, second} {
		all.Go(func() {
			if err := s.ring(t, id, s.begun); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s.succeeded(t, first)
	s.succeeded(t, second)
	// The bell of an order that is done already wakes draw for another one.
	third := s.order(t, ada, text)
	s.drawn(t, first)
	s.succeeded(t, third)
}

func TestAClaimerWhoseLeaseRanOutChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.order(t, ada, text)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		if s.calls.Load() == 1 { // meanwhile, and after the lease, somebody else carries the order out
			if err := s.ring(t, id, s.begun.Add(generation.Lease+time.Second)); err != nil {
				t.Error(err)
			}
		}
		wrapped(small(t))(w, r)
	})
	s.drawn(t, id)
	s.succeeded(t, id)
	if pending := testbed.One[int64](t, s.testbed, "select count(*) from app.image where state = 'pending'"); pending != 1 {
		t.Errorf("the loser left %d pending rows, by which its objects are found", pending)
	}
}

func TestAClaimerWhoseLeaseRanOutDoesNotFinishForItsSuccessor(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.order(t, ada, text)
	later := s.begun.Add(generation.Lease + time.Second)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		if s.calls.Load() == 1 {
			if _, found, err := generation.Claim(t.Context(), s.db, s.service, id, later); err != nil || !found {
				t.Errorf("the successor gets nothing: %v", err)
			}
		}
		wrapped(small(t))(w, r)
	})
	s.drawn(t, id)
	if got := s.state(t, id); got.Status != "running" {
		t.Errorf("the order is %v", got)
	}
	if err := s.ring(t, id, later.Add(generation.Lease)); err != nil {
		t.Fatal(err)
	}
	s.succeeded(t, id)
}

func TestAClosedAccountsOrderIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	before, during := s.order(t, ada, text), s.order(t, ada, text)
	closing := func() {
		testbed.Column[string](t, s.testbed, "update app.account set closed_at = now() returning id::text")
	}
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		closing()
		wrapped(small(t))(w, r)
	})
	if err := s.ring(t, during, s.begun); err != nil {
		t.Errorf("an order that was cancelled under way is a failure: %v", err)
	}
	s.drawn(t, before)
	if s.calls.Load() != 1 || len(s.at.Keys(t)) != 0 {
		t.Errorf("%d calls, and the bucket holds %v", s.calls.Load(), s.at.Keys(t))
	}
}
