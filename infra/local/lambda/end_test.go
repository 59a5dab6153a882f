package lambda

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

func TestATimeoutKillsTheInstance(t *testing.T) {
	s, _ := run(t, Config{}, func(f *template.Function) { f.Timeout = 300 * time.Millisecond })
	before, _ := ask(t, s, `{}`)
	failed, _ := ask(t, s, `{"sleep":10000}`)
	if failed.Type != "Sandbox.Timedout" || !strings.HasSuffix(failed.Message, "Task timed out after 0.30 seconds") {
		t.Errorf("%+v", failed)
	}
	if after, _ := ask(t, s, `{}`); after.PID == before.PID {
		t.Error("the process is used again")
	}
	for end := time.Now().Add(2 * time.Second); lives(before.PID); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d lives on", before.PID)
		}
	}
}

func lives(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestCloseEndsEveryProcess(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	got, _ := ask(t, s, `{}`)
	s.Close()
	if lives(got.PID) {
		t.Errorf("process %d lives on", got.PID)
	}
	if _, err := s.Invoke(context.Background(), "Probe", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
