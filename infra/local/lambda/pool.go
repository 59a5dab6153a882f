package lambda

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"nanoflux.ai/backend/infra/local/lambda/sandbox"
	"nanoflux.ai/backend/infra/local/template"
)

// settleTime is how long a request waits for an instance that has answered but not yet asked for
// more. That mostly takes a tenth of a millisecond, and starting another one takes several.
const settleTime = 25 * time.Millisecond

// pool runs the requests of one function.
type pool struct {
	service  *Service
	function template.Function

	mu      sync.Mutex
	closed  bool
	all     map[*instance]struct{}
	idle    []*instance // the last one was used last
	waiting []*turn     // requests in the order they came
}

// turn is a request's place in the queue of its pool.
type turn struct {
	instances chan *instance // takes one; nil means "look again"
	settles   bool           // worth only a short wait
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
	var failed *sandbox.InitError
	if errors.As(err, &failed) {
		p.note("%v", err)
		return failed.Result(id), nil
	}
	if err != nil {
		return Result{}, err
	}
	return i.Run(answering, sandbox.NewInvocation(id, payload, p.function))
}

// acquire gives an idle instance of the current binary, or starts one.
func (p *pool) acquire(ctx context.Context, queue bool) (*instance, error) {
	for patient := true; ; {
		path, version, err := p.binary()
		if err != nil {
			return nil, err
		}
		i, turn, err := p.take(path, version, queue, patient)
		switch {
		case err != nil:
			return nil, err
		case i != nil && !i.booted:
			i.booted = true
			return i, i.Boot()
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
		if _, now, err := p.binary(); err == nil && i.version == now && p.lives(i) {
			return i, nil
		}
		p.discard(i)
	}
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
		path, err = filepath.Abs(path)
	}
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(path)
	}
	if err != nil {
		return "", "", sandbox.NewInitError("Runtime.InvalidEntrypoint", "%s cannot be built: %v", p.function.Folder, err)
	}
	return path, path + " " + strconv.FormatInt(info.ModTime().UnixNano(), 10), nil
}
