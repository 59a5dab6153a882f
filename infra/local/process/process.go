// Package process starts child processes that end when this one does.
package process

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A Starter starts child processes from one operating system thread.
//
// Linux sends a child its parent-death signal when the thread that started it ends, not the process
// (prctl(2), PR_SET_PDEATHSIG). Go ends threads as it likes, so one thread is kept for nothing else.
type Starter struct {
	starts chan start
}

type start struct {
	cmd  *exec.Cmd
	done chan error
}

// NewStarter returns a Starter whose thread lives as long as this process.
func NewStarter() *Starter {
	s := &Starter{starts: make(chan start)}
	go func() {
		runtime.LockOSThread()
		for next := range s.starts {
			next.done <- next.cmd.Start()
		}
	}()
	return s
}

// A Child is a process that was started.
type Child struct {
	cmd    *exec.Cmd
	ending syscall.Signal
	done   chan struct{}
	err    error
}

// Start starts cmd in a process group of its own, so that Ctrl-C in the terminal reaches only this process, which then
// ends its children in order. The child gets the signal ending from Stop, and on Linux also when this process dies
// without a word (kill -9).
func (s *Starter) Start(cmd *exec.Cmd, ending syscall.Signal) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	return s.StartInGroup(cmd, ending)
}

// StartInGroup is Start for a command that shares this process's group, for example because it reads the terminal.
func (s *Starter) StartInGroup(cmd *exec.Cmd, ending syscall.Signal) (*Child, error) {
	if err := s.Spawn(cmd, ending); err != nil {
		return nil, err
	}
	child := &Child{cmd: cmd, ending: ending, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// Spawn only starts cmd and leaves the waiting to the caller; on Linux it gets the signal ending when this process dies.
func (s *Starter) Spawn(cmd *exec.Cmd, ending syscall.Signal) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithParent(cmd.SysProcAttr, ending)
	request := start{cmd: cmd, done: make(chan error)}
	s.starts <- request
	if err := <-request.done; err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return nil
}

// Pid is the child's process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how the child ended; nil means exit code 0. It may be called after Done is closed.
func (c *Child) Err() error { return c.err }

// Stop asks the child to end, waits for at most grace, then kills what is left of its process group.
func (c *Child) Stop(grace time.Duration) {
	select {
	case <-c.done:
		return
	default:
	}
	_ = c.cmd.Process.Signal(c.ending)
	select {
	case <-c.done:
	case <-time.After(grace):
		c.kill()
		<-c.done
	}
}

func (c *Child) kill() {
	if c.cmd.SysProcAttr.Setpgid {
		_ = syscall.Kill(-c.Pid(), syscall.SIGKILL)
	}
	_ = c.cmd.Process.Kill()
}
