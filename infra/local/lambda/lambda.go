// Package lambda runs functions as unmodified binaries through the Lambda runtime API.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nanoflux.ai/backend/infra/local/lambda/sandbox"
	"nanoflux.ai/backend/infra/local/template"
)

// Payload limits in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	SyncLimit  = 6 << 20
	AsyncLimit = 1 << 20
)

// What Invoke and InvokeAsync refuse; everything that goes wrong inside a function is in its Result.
var (
	ErrNotFound  = errors.New("the template has no such function")
	ErrThrottled = errors.New("every reserved execution of the function is in use; try again later")
	ErrTooLarge  = errors.New("the payload is larger than Lambda takes (6 MB, for an event 1 MB)")
	ErrClosed    = errors.New("the local cloud is shutting down")
)

// Config says what to run and how.
type Config struct {
	Functions []template.Function
	// Binary gives the path of a folder's current binary and builds it where it is out of date. It
	// is asked at every request, from many goroutines; an error fails the request with its text.
	Binary func(folder string) (string, error)
	Start  func(*exec.Cmd) error // starts a child; nil for a plain start
	Log    io.Writer             // gets whole lines, prefixed by the folder; nil for none
	// Printed gets each line that a function prints; it must not wait. Nil for nobody.
	Printed    func(function template.Function, line string)
	Endpoint   string        // URL of the Invoke API, for AWS_ENDPOINT_URL_LAMBDA
	RetryDelay time.Duration // before the first repetition of an event; 0 for AWS's minute
	IdleTime   time.Duration // after which an unused instance ends; 0 for five minutes
	Instances  int           // at most, of a function without reserved concurrency; 0 for 16
}

// Service runs the functions of one template.
type Service struct {
	config  Config
	log     io.Writer
	pools   map[string]*pool // by logical id
	life    context.Context
	end     context.CancelFunc
	work    sync.WaitGroup // deliveries of events, the reaper
	pending atomic.Int64
	faults  atomic.Pointer[Faults]
	mu      sync.Mutex
	failed  []Failure
}

// Result is a function's answer. FunctionError is "" where the function succeeded; else Payload is
// AWS's error document {"errorType", "errorMessage"}.
type Result = sandbox.Result

// New prepares the functions; the first request of each starts its process.
func New(config Config) *Service {
	if config.Start == nil {
		config.Start = (*exec.Cmd).Start
	}
	if config.Printed == nil {
		config.Printed = func(template.Function, string) {}
	}
	if config.RetryDelay == 0 {
		config.RetryDelay = time.Minute
	}
	if config.IdleTime == 0 {
		config.IdleTime = 5 * time.Minute
	}
	if config.Instances == 0 {
		config.Instances = 16
	}
	s := &Service{config: config, pools: map[string]*pool{}, log: io.Discard}
	if config.Log != nil {
		s.log = &wholeWrites{to: config.Log}
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.faults.Store(&Faults{})
	for _, function := range config.Functions {
		s.pools[function.ID] = newPool(s, function)
	}
	s.work.Go(s.reap)
	return s
}

// Invoke runs a function and waits for its answer. The name is a logical id or an ARN, either with
// or without a qualifier. The end of ctx ends the waiting, not the function, as in AWS.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	p, err := s.find(name)
	if err != nil {
		return Result{}, err
	}
	if len(payload) > SyncLimit {
		return Result{}, ErrTooLarge
	}
	return p.invoke(ctx, ctx, sandbox.NewID(), payload, false)
}

// Drain returns when Printed has had every line that the running instances have printed.
func (s *Service) Drain() {
	for _, p := range s.pools {
		for _, i := range p.living() {
			i.Drain()
		}
	}
}

// Close ends every instance and forgets the events that still wait.
func (s *Service) Close() {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	var ending sync.WaitGroup
	for _, p := range s.pools {
		for _, i := range p.close() {
			ending.Go(i.Stop)
		}
	}
	ending.Wait()
	s.work.Wait()
}

// find takes NAME, NAME:QUALIFIER, ACCOUNT:function:NAME and ARNs.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Service) find(name string) (*pool, error) {
	id := name
	if _, after, long := strings.Cut(id, "function:"); long {
		id = after
	}
	id, _, _ = strings.Cut(id, ":")
	if p := s.pools[id]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
}

// reap ends instances that nobody used for a while.
func (s *Service) reap() {
	ticker := time.NewTicker(s.config.IdleTime / 4)
	defer ticker.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case now := <-ticker.C:
			for _, p := range s.pools {
				p.retireUnused(now.Add(-s.config.IdleTime))
			}
		}
	}
}

// wholeWrites lets many writers share one.
type wholeWrites struct {
	mu sync.Mutex
	to io.Writer
}

func (w *wholeWrites) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}
