package lambda

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// settleTime is how long a request waits for an instance that has answered but not yet asked for
// more: it takes a tenth of a millisecond, and starting another one takes several.
const settleTime = 3 * time.Millisecond

// state is what an instance does, seen from its pool.
type state int

const (
	starting state = iota
	busy
	settling // has answered, and has not yet asked for the next request
	idle
	left // ended, or about to
)

// pool holds the instances of one function.
type pool struct {
	service  *Service
	function template.Function

	mu      sync.Mutex
	closed  bool
	all     map[*instance]struct{}
	idle    []*instance // the last one was used last
	waiting []*turn     // requests in the order they came
}

func newPool(s *Service, function template.Function) *pool {
	if function.Async.MaximumAge == 0 {
		function.Async.MaximumAge = 6 * time.Hour
	}
	return &pool{service: s, function: function, all: map[*instance]struct{}{}}
}

// invoke runs one request. Waiting for an instance ends with the first context, waiting for its
// answer with the second; queue says to wait for a reserved execution rather than be throttled.
func (p *pool) invoke(acquiring, answering context.Context, id string, payload []byte, queue bool) (Result, error) {
	i, err := p.acquire(acquiring, queue)
	if failed, ok := err.(*initError); ok {
		return failed.result(id), nil
	}
	if err != nil {
		return Result{}, err
	}
	answer := make(chan Result, 1)
	go func() { answer <- i.run(newInvocation(id, payload, p.function)) }()
	select {
	case result := <-answer:
		return result, nil
	case <-answering.Done():
		return Result{}, answering.Err()
	}
}

// acquire gives an idle instance of the current binary, or starts one.
func (p *pool) acquire(ctx context.Context, queue bool) (*instance, error) {
	for patient := true; ; {
		path, version, err := p.binary()
		if err != nil {
			return nil, err
		}
		i, turn, err := p.take(version, queue, patient)
		switch {
		case err != nil:
			return nil, err
		case i != nil && i.is(starting):
			return i, i.start(path)
		case i != nil:
			return i, nil
		}
		if i, err = p.wait(ctx, turn); err != nil {
			return nil, err
		}
		if i == nil {
			patient = !turn.settles
			continue
		}
		if _, now, err := p.binary(); err == nil && i.version == now {
			return i, nil
		}
		p.leave(i)
		go i.stop()
	}
}

// turn is a request's place in the queue of its pool.
type turn struct {
	instances chan *instance // takes one; nil means "look again"
	settles   bool           // worth only a short wait
}

// wait gives the instance that was handed over, or nil when it is time to look again.
func (p *pool) wait(ctx context.Context, t *turn) (*instance, error) {
	var soon <-chan time.Time
	if t.settles {
		soon = time.After(settleTime)
	}
	select {
	case i := <-t.instances:
		return i, nil
	case <-soon:
		return p.giveUp(t), nil
	case <-ctx.Done():
		p.park(p.giveUp(t))
		return nil, ctx.Err()
	case <-p.service.life.Done():
		return nil, ErrClosed
	}
}

// binary asks for the function's binary and names its version.
func (p *pool) binary() (path, version string, err error) {
	path, err = p.service.config.Binary(p.function.Folder)
	if err == nil {
		var info os.FileInfo
		if info, err = os.Stat(path); err == nil {
			return path, fmt.Sprint(path, info.ModTime().UnixNano()), nil
		}
	}
	return "", "", &initError{kind: "Runtime.InvalidEntrypoint", message: fmt.Sprintf("%s cannot be built: %v", p.function.Folder, err)}
}

// take gives an idle instance, a new one that is yet to be started, or a turn to wait for.
func (p *pool) take(version string, queue, patient bool) (*instance, *turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	for len(p.idle) > 0 {
		i := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if i.version == version {
			i.state = busy
			return i, nil, nil
		}
		p.remove(i)
		go i.stop()
	}
	limit, reserved := p.function.Concurrency, true
	if limit == 0 {
		limit, reserved = p.service.config.Instances, false
	}
	full := len(p.all) >= limit
	refuses := full && reserved && !queue
	settles := patient && (refuses || !full) && p.settles()
	if refuses && !settles {
		return nil, nil, ErrThrottled
	}
	if full || settles {
		t := &turn{make(chan *instance, 1), settles}
		p.waiting = append(p.waiting, t)
		return nil, t, nil
	}
	i := newInstance(p, version)
	p.all[i] = struct{}{}
	return i, nil, nil
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

// park makes an instance ready for the next request.
func (p *pool) park(i *instance) {
	if i == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.state == left || i.state == idle {
		return
	}
	i.state = busy
	if p.wake(i) {
		return
	}
	i.state, i.idleSince = idle, time.Now()
	p.idle = append(p.idle, i)
}

// wake hands an instance to whoever waits longest.
func (p *pool) wake(i *instance) bool {
	if len(p.waiting) == 0 {
		return false
	}
	p.waiting[0].instances <- i
	p.waiting = p.waiting[1:]
	return true
}

// leave forgets an instance and lets the next request start another.
func (p *pool) leave(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.state != left {
		p.remove(i)
	}
}

func (p *pool) remove(i *instance) {
	i.state = left
	delete(p.all, i)
	if at := slices.Index(p.idle, i); at >= 0 {
		p.idle = slices.Delete(p.idle, at, at+1)
	}
	p.wake(nil)
}

// retire ends the idle instances that are due.
func (p *pool) retire(due func(*instance) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range slices.Clone(p.idle) {
		if due(i) {
			p.remove(i)
			go i.stop()
		}
	}
}

// close lets no instance start any more and gives those that live.
func (p *pool) close() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var living []*instance
	for i := range p.all {
		living = append(living, i)
	}
	return living
}
