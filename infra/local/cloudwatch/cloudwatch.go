// Package cloudwatch sends the lines that functions print to the functions that subscribe to them, as CloudWatch Logs does.
package cloudwatch

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// A batch is sent when it has been open for so long, or has so many lines or bytes.
const (
	openFor   = 500 * time.Millisecond
	mostLines = 256
	mostBytes = 256 << 10
)

// Config says who gets what, and how.
type Config struct {
	Subscriptions []template.Subscription
	// Deliver queues an event; settled is told what became of it, perhaps twice.
	Deliver func(function string, event []byte, settled func(answered bool)) error
	Drain   func()           // returns when Put has had everything that is printed
	Now     func() time.Time // the time that lines get
	Log     io.Writer        // gets a line for an event that could not be queued
}

// Service is the log groups of one template.
type Service struct {
	config  Config
	streams []*stream

	mu      sync.Mutex
	closed  bool
	last    uint64 // number of the last line
	begun   int64  // nanoseconds; makes ids of this run different from another's
	sent    map[*batch]struct{}
	outcome Delivered
}

// Delivered counts lines.
type Delivered struct {
	Delivered int `json:"delivered"`
	Lost      int `json:"lost"` // in events that were given up
}

// stream is what one subscription is yet to send.
type stream struct {
	template.Subscription
	filter filter
	open   *batch // nil where there is nothing
}

// batch is lines on their way.
type batch struct {
	lines   []line
	bytes   int
	settled chan struct{}
}

// New reads every filter, and names the subscription of one that it does not understand.
func New(config Config) (*Service, error) {
	s := &Service{config: config, begun: time.Now().UnixNano(), sent: map[*batch]struct{}{}}
	for _, subscription := range config.Subscriptions {
		f, err := parseFilter(subscription.Filter)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", subscription.Name, err)
		}
		s.streams = append(s.streams, &stream{Subscription: subscription, filter: f})
	}
	return s, nil
}

// Put takes a line that a function has printed into its log group. It does not wait.
func (s *Service) Put(function template.Function, text string) {
	group := function.LogGroup
	if group == "" {
		group = "/aws/lambda/" + function.ID
	}
	for _, to := range s.streams {
		if to.LogGroup == group && to.filter.matches(text) {
			s.add(to, text)
		}
	}
}

func (s *Service) add(to *stream, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if to.open == nil {
		begun := &batch{settled: make(chan struct{})}
		to.open = begun
		time.AfterFunc(openFor, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if to.open == begun {
				s.send(to)
			}
		})
	}
	s.last++
	to.open.lines = append(to.open.lines, line{ID: fmt.Sprintf("%019d%037d", s.begun, s.last), Timestamp: s.config.Now().UnixMilli(), Message: text})
	if to.open.bytes += len(text); len(to.open.lines) == mostLines || to.open.bytes >= mostBytes {
		s.send(to)
	}
}

// send queues what is open; s.mu is held.
func (s *Service) send(to *stream) {
	b := to.open
	if to.open = nil; b == nil || s.closed {
		return
	}
	s.sent[b] = struct{}{}
	err := s.config.Deliver(to.Function, event(to.Subscription, b.lines), func(answered bool) { go s.settle(b, answered) })
	if err != nil {
		fmt.Fprintf(s.config.Log, "%d lines for %s are lost: %v\n", len(b.lines), to.Function, err)
		go s.settle(b, false)
	}
}

// settle notes what became of a batch; the first of two answers counts.
func (s *Service) settle(b *batch, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, first := s.sent[b]; !first {
		return
	}
	delete(s.sent, b)
	if answered {
		s.outcome.Delivered += len(b.lines)
	} else {
		s.outcome.Lost += len(b.lines)
	}
	close(b.settled)
}

// Flush returns when everything that was printed before is delivered, or given up, which can take minutes. It counts all lines
// since the start.
func (s *Service) Flush(ctx context.Context) (Delivered, error) {
	s.config.Drain()
	for _, b := range s.sendAll() {
		select {
		case <-b.settled:
		case <-ctx.Done():
			return Delivered{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outcome, nil
}

// sendAll sends what is open and gives all that is on its way.
func (s *Service) sendAll() (all []*batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range s.streams {
		s.send(to)
	}
	for b := range s.sent {
		all = append(all, b)
	}
	return all
}

// Close takes no more lines and forgets those that wait.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
