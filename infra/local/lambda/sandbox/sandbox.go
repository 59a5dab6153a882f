// Package sandbox runs one process of a function through the Lambda runtime API.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// Lambda gives a function this long to start, and one that asked for it this long to end.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const (
	initLimit = 10 * time.Second
	stopLimit = 500 * time.Millisecond
)

// Config says what to run and whom to tell. The three calls come from different goroutines.
type Config struct {
	Function template.Function
	Path     string                // of the binary, absolute
	Endpoint string                // URL of the Invoke API
	Start    func(*exec.Cmd) error // starts the process
	Log      io.Writer             // gets whole lines
	Printed  func(line string)     // gets the lines of the process alone; it must not wait
	Answered func()                // the request in hand is answered
	Asks     func()                // the process asks for a further request
	Gone     func()                // the process has ended, or about to; perhaps told twice
}

// Sandbox is one process; it handles one request at a time.
type Sandbox struct {
	Config
	output *output
	api    *runtimeAPI
	ready  chan struct{} // closed when the function asks for its first request
	gone   chan struct{} // closed when the process has ended
	exit   string        // why it ended; read after gone
	init   atomic.Int64  // nanoseconds that starting took, until they are reported

	mu      sync.Mutex
	stopped bool
	command *exec.Cmd
	pipe    *os.File // what the process prints into
}

// New prepares a sandbox without a process.
func New(config Config) *Sandbox {
	s := &Sandbox{
		Config: config, ready: make(chan struct{}), gone: make(chan struct{}),
		output: &output{to: config.Log, prefix: config.Function.Folder + ": ", printed: config.Printed},
	}
	s.api = &runtimeAPI{sandbox: s, events: make(chan []byte, 16)}
	return s
}

// Boot starts the process and returns when it asks for its first request; a failure is an *InitError.
func (s *Sandbox) Boot() error {
	began, folder := time.Now(), s.Function.Folder
	if err := s.launch(); err != nil {
		close(s.gone)
		s.Gone()
		return NewInitError("Runtime.InvalidEntrypoint", "%s does not start: %v", folder, err)
	}
	tooLong := time.NewTimer(initLimit)
	defer tooLong.Stop()
	select {
	case <-s.ready:
		s.init.Store(int64(time.Since(began)))
		return nil
	case <-s.gone:
		if own := s.api.initFailure(); own != nil {
			return &InitError{document: own}
		}
		return NewInitError("Runtime.ExitError", "%s stopped before its first request (%s)%s", folder, s.exit, s.output.tail())
	case <-tooLong.C:
		s.Stop()
		return NewInitError("Sandbox.Timedout", "%s did not ask for a request within %v of its start%s", folder, initLimit, s.output.tail())
	}
}

func (s *Sandbox) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errors.New("the local cloud is shutting down")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	command := exec.Command(s.Path)
	command.Dir = filepath.Dir(s.Path)
	command.Env = s.environment(listener.Addr().String())
	printed, pipe, err := os.Pipe()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	command.Stdout, command.Stderr = pipe, pipe
	if err := s.Start(command); err != nil {
		return errors.Join(err, listener.Close(), printed.Close(), pipe.Close())
	}
	s.command, s.pipe = command, pipe
	go s.api.serve(listener)
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(s.output, printed)
		close(read)
	}()
	go func() {
		err := command.Wait()
		s.exit = "exit status 0"
		if err != nil {
			s.exit = err.Error()
		}
		_ = pipe.Close()
		select {
		case <-read:
		case <-time.After(time.Second): // a child of the process still holds the pipe
		}
		_ = printed.Close()
		s.output.flush()
		s.Gone()
		close(s.gone)
		_ = listener.Close()
	}()
	return nil
}

// Run hands a request to the function and waits for what comes of it. The end of ctx, the only
// error, ends the waiting and not the function.
func (s *Sandbox) Run(ctx context.Context, request *Invocation) (Result, error) {
	tooLong := time.NewTimer(time.Until(request.deadline))
	s.api.hand(request)
	result, err := s.await(ctx, request, tooLong)
	if err != nil {
		go func() { _, _ = s.await(context.Background(), request, tooLong) }()
	}
	return result, err
}

func (s *Sandbox) await(ctx context.Context, request *Invocation, tooLong *time.Timer) (result Result, err error) {
	select {
	case result = <-request.answer:
	case <-ctx.Done():
		return result, ctx.Err()
	case <-s.gone:
		select {
		case result = <-request.answer: // it answered, and ended before we looked
		default:
			result = request.failure("Runtime.ExitError", "Runtime exited with error: "+s.exit)
		}
	case <-tooLong.C:
		s.Gone()
		s.signal(syscall.SIGKILL)
		result = request.failure("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", s.Function.Timeout.Seconds()))
	}
	tooLong.Stop()
	s.report(request, result)
	return result, nil
}

func (s *Sandbox) report(request *Invocation, result Result) {
	milliseconds := func(span time.Duration) float64 { return float64(span.Microseconds()) / 1000 }
	line := fmt.Sprintf("REPORT %s %.2f ms", request.id, milliseconds(time.Since(request.began)))
	if init := s.init.Swap(0); init > 0 {
		line += fmt.Sprintf(", init %.2f ms", milliseconds(time.Duration(init)))
	}
	if result.FunctionError != "" {
		line += ", failed: " + result.summary()
	}
	s.output.note(line)
}

// Drain returns when the log has every line that the process has printed.
func (s *Sandbox) Drain() {
	s.mu.Lock()
	pipe := s.pipe
	s.mu.Unlock()
	if pipe == nil {
		return // it is not running yet
	}
	marked := s.output.marked()
	_, _ = pipe.Write([]byte{mark}) // an error says that the process has ended
	select {
	case <-marked:
	case <-s.gone:
	}
}

// Stop ends the process and waits for its end: SIGTERM reaches it only where it registered an
// extension, as in Lambda.
func (s *Sandbox) Stop() {
	if s.api.extended() {
		s.api.shutdown()
		s.signal(syscall.SIGTERM)
		select {
		case <-s.gone:
			return
		case <-time.After(stopLimit):
		}
	}
	s.signal(syscall.SIGKILL)
	<-s.gone
}

func (s *Sandbox) signal(signal syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.command != nil {
		_ = s.command.Process.Signal(signal) // an error says that it has ended already
	}
}
