package lambda

import (
	"maps"
	"slices"
	"time"

	"nanoflux.ai/backend/infra/local/lambda/sandbox"
)

// state is what an instance does, seen from its pool.
type state int

const (
	busy     state = iota // starting, or with a request
	settling              // has answered, and has not yet asked for the next request
	idle
	left // ended, or about to
)

// instance is a sandbox in a pool, whose lock guards state and idleSince.
type instance struct {
	*sandbox.Sandbox
	version   string // path and time of the binary it runs
	booted    bool   // belongs to the request that holds the instance
	state     state
	idleSince time.Time
}

// add makes an instance for the request at hand; its process is yet to be started.
func (p *pool) add(path, version string) *instance {
	i := &instance{version: version}
	config := p.service.config
	i.Sandbox = sandbox.New(sandbox.Config{
		Function: p.function, Path: path, Endpoint: config.Endpoint, Start: config.Start, Log: p.service.log,
		Printed:  func(line string) { config.Printed(p.function, line) },
		Answered: func() { p.settle(i) },
		Asks:     func() { p.asks(i) },
		Gone:     func() { p.leave(i) },
	})
	p.all[i] = struct{}{}
	return i
}

// take gives an idle instance, a new one, or a turn to wait for.
func (p *pool) take(path, version string, queue, patient bool) (*instance, *turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	for len(p.idle) > 0 {
		i := p.idle[len(p.idle)-1]
		if i.version == version {
			p.idle = p.idle[:len(p.idle)-1]
			i.state = busy
			return i, nil, nil
		}
		p.retire(i)
	}
	limit, reserved := p.function.Concurrency, true
	if limit == 0 {
		limit, reserved = p.service.config.Instances, false
	}
	full := len(p.all) >= limit
	refuses := full && reserved && !queue
	settles := patient && (refuses || !full) && p.settles()
	switch {
	case refuses && !settles:
		return nil, nil, ErrThrottled
	case full || settles:
		t := &turn{make(chan *instance, 1), settles}
		p.waiting = append(p.waiting, t)
		return nil, t, nil
	}
	return p.add(path, version), nil, nil
}

func (p *pool) settles() bool {
	for i := range p.all {
		if i.state == settling {
			return true
		}
	}
	return false
}

// giveUp takes a turn back; where an instance was handed over meanwhile, it is returned.
func (p *pool) giveUp(t *turn) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiting, t); at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
		return nil
	}
	i := <-t.instances
	if i == nil {
		p.wake(nil) // the call to look again was meant for someone who still waits
	}
	return i
}

// settle notes that the request in hand is answered.
func (p *pool) settle(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.state == busy {
		i.state = settling
	}
}

// asks takes an instance back from its function; one that still has a request stays with it.
func (p *pool) asks(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.state == settling {
		p.free(i)
	}
}

// park takes an instance back from a request that has no use for it.
func (p *pool) park(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i != nil && i.state == busy {
		p.free(i)
	}
}

// free gives an instance to whoever waits longest, or makes it idle.
func (p *pool) free(i *instance) {
	i.state = busy
	if !p.wake(i) {
		i.state, i.idleSince = idle, time.Now()
		p.idle = append(p.idle, i)
	}
}

func (p *pool) wake(i *instance) bool {
	if len(p.waiting) == 0 {
		return false
	}
	p.waiting[0].instances <- i
	p.waiting = p.waiting[1:]
	return true
}

func (p *pool) lives(i *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return i.state != left
}

// leave forgets an instance that has ended.
func (p *pool) leave(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(i)
}

// forget lets the next request start another instance.
func (p *pool) forget(i *instance) {
	if i.state == left {
		return
	}
	i.state = left
	delete(p.all, i)
	if at := slices.Index(p.idle, i); at >= 0 {
		p.idle = slices.Delete(p.idle, at, at+1)
	}
	p.wake(nil)
}

// retire forgets an instance and ends it; after close, Close does so.
func (p *pool) retire(i *instance) {
	p.forget(i)
	if !p.closed {
		p.service.work.Go(i.Stop)
	}
}

// discard ends an instance that nobody else holds.
func (p *pool) discard(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retire(i)
}

// retireUnused ends what has been idle for too long.
func (p *pool) retireUnused(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 && p.idle[0].idleSince.Before(since) {
		p.retire(p.idle[0])
	}
}

// close lets no instance start any more and gives those that live.
func (p *pool) close() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return slices.Collect(maps.Keys(p.all))
}

func (p *pool) living() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.all))
}
