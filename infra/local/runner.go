package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nanoflux.ai/backend/infra/local/cdn"
	"nanoflux.ai/backend/infra/local/cloudwatch"
	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/stripe"
	"nanoflux.ai/backend/infra/local/template"
)

// A runner holds what was started, and stops it in reverse order.
type runner struct {
	project   string // folder of template.yaml
	data      string // folder where everything is kept
	ephemeral bool   // the data is wiped at exit
	out       io.Writer
	starter   *process.Starter
	user      *process.User
	secrets   secrets
	clock     clock
	front     *cdn.Front
	till      *stripe.Server
	played    *played // where time is played, nil where it passes
	functions *lambda.Service
	logs      *cloudwatch.Service
	plan      *template.Template

	wished addresses // of the run before, taken again where they are free
	at     addresses

	mu    sync.Mutex
	stops []func()
	fail  context.CancelCauseFunc
}

// newRunner prepares the data folder: data, made where it is missing, or for "" one that stop wipes.
func newRunner(out io.Writer, data string) (*runner, error) {
	root, err := project()
	if err != nil {
		return nil, err
	}
	user, err := process.Unprivileged()
	if err != nil {
		return nil, err
	}
	r := &runner{project: root, ephemeral: data == "", out: out, starter: process.NewStarter(), user: user}
	if r.ephemeral {
		var wipe func()
		if r.data, wipe, err = temporary(user); err != nil {
			return nil, err
		}
		r.onStop(wipe)
		r.secrets = freshSecrets()
	} else if err := r.keep(data); err != nil {
		return nil, err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(r.data, "logs"), 0o700), checkDisk(r.data)); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// keep uses the data folder of earlier runs, alone.
func (r *runner) keep(data string) error {
	r.data = data
	if err := os.MkdirAll(data, 0o711); err != nil {
		return err
	}
	lock, holder, err := process.Lock(filepath.Join(data, "lock"))
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("another run uses %s (%s); stop it first, or start a second one with run --ephemeral", data, holder)
	}
	r.onStop(func() { lock.Close() })
	_ = lock.Truncate(0)
	fmt.Fprintf(lock, "process %d", os.Getpid())
	r.wished, _ = readAddresses(data)
	r.secrets, err = keptSecrets(filepath.Join(data, "secrets.json"))
	return err
}

// watch ends the whole run when a part ends that should not.
func (r *runner) watch(name string, done <-chan struct{}) {
	go func() {
		<-done
		r.fail(fmt.Errorf("%s ended by itself; its last words are in %s", name, r.log(name)))
	}()
}

func (r *runner) log(name string) string { return filepath.Join(r.data, "logs", name+".log") }

func (r *runner) onStop(stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stops = append(r.stops, stop)
}

// stop ends everything, the last started first.
func (r *runner) stop() {
	r.mu.Lock()
	stops := r.stops
	r.stops = nil
	r.mu.Unlock()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
}

// say prints one line of what is going on.
func (r *runner) say(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out, line)
}

// Write prints whole lines that others compose.
func (r *runner) Write(lines []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(lines)
}

// step does one thing and says how long it took; what takes long is also named while it goes on.
func (r *runner) step(name string, work func() error) error {
	begun := time.Now()
	naming := time.AfterFunc(1500*time.Millisecond, func() { r.say(name + " …") })
	err := work()
	naming.Stop()
	if err != nil {
		return err
	}
	r.say(fmt.Sprintf("%-24s %.1f s", name+" …", time.Since(begun).Seconds()))
	return nil
}

func origin(listener net.Listener) string { return "http://" + listener.Addr().String() }

// answer serves HTTP on the listeners until the runner stops.
func (r *runner) answer(handler http.Handler, listeners ...net.Listener) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	for _, listener := range listeners {
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				r.fail(err)
			}
		}()
	}
	r.onStop(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	})
}

// A clock is the wall clock moved by an offset, so that tests can let time pass for schedules and stand-ins.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// travel makes it be a time.
func (c *clock) travel(to time.Time) { c.move(time.Until(to)) }

func (c *clock) move(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
}
