package relay

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A pool holds the connections to one database as one role.
type pool struct {
	dial  func(context.Context) (*server, error)
	slots chan struct{} // one for each connection in use

	mu         sync.Mutex
	idle       []*server
	parameters []message // what Postgres tells every client at the start
}

// idleTime is how long an unused connection is kept.
const idleTime = time.Minute

func newPool(size int, dial func(context.Context) (*server, error)) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, size)}
}

// acquire waits for a connection. The one that waited longest is taken, so that transactions change connections as often
// as they can.
func (p *pool) acquire(ctx context.Context) (*server, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	if len(p.idle) > 0 {
		s := p.idle[0]
		p.idle = p.idle[1:]
		s.used = true
		p.mu.Unlock()
		if !s.idle.Stop() {
			return p.acquire(ctx) // it is being closed, and gives its slot back
		}
		return s, nil
	}
	p.mu.Unlock()
	s, err := p.dial(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	s.pool, s.used = p, true
	p.mu.Lock()
	p.parameters = s.parameters
	p.mu.Unlock()
	go s.relay()
	return s, nil
}

// release puts a clean connection back.
func (p *pool) release(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.used {
		return
	}
	s.used = false
	s.idle = time.AfterFunc(idleTime, func() { s.conn.Close() })
	p.idle = append(p.idle, s)
	<-p.slots
}

// forget drops a connection that has ended.
func (p *pool) forget(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.used {
		s.used = false
		<-p.slots
		return
	}
	p.idle = slices.DeleteFunc(p.idle, func(other *server) bool { return other == s })
}

// welcome returns what Postgres tells every client at the start. It connects for that if nobody has before, so that a client
// hears at login that its database is not there.
func (p *pool) welcome(ctx context.Context) ([]message, error) {
	p.mu.Lock()
	known := p.parameters
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	s, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release(s)
	return s.parameters, nil
}
