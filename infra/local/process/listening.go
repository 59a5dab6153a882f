package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// FreePort returns wish if nobody listens there on 127.0.0.1, else a port that is free now.
func FreePort(wish int) (int, error) {
	listener, err := Listen(wish)
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return Port(listener), nil
}

// Listen listens on 127.0.0.1 at wish, or at a free port where that one is taken.
func Listen(wish int) (net.Listener, error) {
	listener, err := net.Listen("tcp4", Address(wish))
	if err != nil {
		listener, err = net.Listen("tcp4", Address(0))
	}
	return listener, err
}

// Port is where the listener listens.
func Port(listener net.Listener) int { return listener.Addr().(*net.TCPAddr).Port }

// Address is 127.0.0.1 with the port.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Hopeless is the error of a ready function that will not become ready by waiting.
type Hopeless struct{ Err error }

func (h Hopeless) Error() string { return h.Err.Error() }
func (h Hopeless) Unwrap() error { return h.Err }

// A Listening is a command that listens on a port of 127.0.0.1.
type Listening struct {
	// Port is the wished port, 0 for any.
	Port int
	// Command makes the command for a port.
	Command func(port int) *exec.Cmd
	// Ready returns nil once the command serves the port.
	Ready func(ctx context.Context, port int) error
	// Ending is the signal that ends the command.
	Ending syscall.Signal
	// Folder is one that the command's arguments mention and no others' do. The process id is noted in it, so that the next
	// start ends a command that outlived its runner. It may be empty for a command that has its own way.
	Folder string
}

// StartListening starts a command and returns once it is ready, with its port. Between finding a free port and listening on
// it somebody else may take it, so a command that ends at once is tried on another port.
func (s *Starter) StartListening(ctx context.Context, l Listening) (*Child, int, error) {
	if err := l.endLeftover(); err != nil {
		return nil, 0, err
	}
	for attempt, wish := 1, l.Port; ; attempt, wish = attempt+1, 0 {
		port, err := FreePort(wish)
		if err != nil {
			return nil, 0, err
		}
		child, err := s.Start(l.Command(port), l.Ending)
		if err != nil {
			return nil, 0, err
		}
		if err = errors.Join(l.note(child.Pid()), child.await(ctx, port, l.Ready)); err == nil {
			return child, port, nil
		}
		child.Stop(time.Second)
		if attempt == 3 || ctx.Err() != nil || errors.As(err, new(Hopeless)) {
			return nil, 0, err
		}
	}
}

func (l Listening) noteFile() string { return filepath.Join(l.Folder, "process-id") }

func (l Listening) note(pid int) error {
	if l.Folder == "" {
		return nil
	}
	return os.WriteFile(l.noteFile(), []byte(strconv.Itoa(pid)), 0o600)
}

func (l Listening) endLeftover() error {
	if l.Folder == "" {
		return nil
	}
	noted, err := os.ReadFile(l.noteFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	pid, _ := strconv.Atoi(string(noted))
	if err == nil && !EndLeftover(pid, l.Folder, l.Ending, 5*time.Second) {
		err = fmt.Errorf("process %d of an earlier run does not end; end it and start again", pid)
	}
	return err
}

func (c *Child) await(ctx context.Context, port int, ready func(context.Context, int) error) error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		err = ready(ctx, port)
		select {
		case <-c.done:
			return fmt.Errorf("%s ended at once: %v", c.cmd.Path, c.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if err == nil || errors.As(err, new(Hopeless)) {
			return err
		}
	}
	return fmt.Errorf("%s is not ready after 30 s: %w", c.cmd.Path, err)
}

// Accepts is a ready function: something accepts connections on the port.
func Accepts(ctx context.Context, port int) error {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp4", Address(port))
	if err != nil {
		return err
	}
	return connection.Close()
}

// Tail returns the last lines of a log, at most 1,000 bytes.
func Tail(log string) string {
	content, _ := os.ReadFile(log)
	if len(content) > 1000 {
		content = content[len(content)-1000:]
	}
	return string(bytes.TrimSpace(content))
}
