package process

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes this binary listen on a port when a test asks for that.
func TestMain(m *testing.M) {
	if address := os.Getenv("LISTEN_ON"); address != "" {
		if _, err := net.Listen("tcp", address); err != nil {
			os.Exit(1)
		}
		select {}
	}
	os.Exit(m.Run())
}

func listening(folder string) Listening {
	return Listening{
		Command: func(port int) *exec.Cmd {
			cmd := exec.Command(os.Args[0], folder)
			cmd.Env = append(os.Environ(), "LISTEN_ON="+Address(port))
			return cmd
		},
		Ready: Accepts, Ending: syscall.SIGTERM, Folder: folder,
	}
}

func TestTheNextStartEndsAProcessThatOutlivedItsRunner(t *testing.T) {
	folder := t.TempDir()
	first, _, err := NewStarter().StartListening(t.Context(), listening(folder))
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := NewStarter().StartListening(t.Context(), listening(folder))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop(time.Second)
	select {
	case <-first.Done():
	case <-time.After(5 * time.Second):
		t.Error("both run")
	}
}

func TestAStrangersProcessIsNotEnded(t *testing.T) {
	folder := t.TempDir()
	stranger, _, err := NewStarter().StartListening(t.Context(), listening(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Stop(time.Second)
	// The number of a process of ours that ended is now somebody else's.
	if err := listening(folder).note(stranger.Pid()); err != nil {
		t.Fatal(err)
	}
	ours, _, err := NewStarter().StartListening(t.Context(), listening(folder))
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Stop(time.Second)
	select {
	case <-stranger.Done():
		t.Error("a process of somebody else was ended")
	case <-time.After(100 * time.Millisecond):
	}
}

func TestAWishedPortIsTakenIfItIsFree(t *testing.T) {
	folder := t.TempDir()
	wish, err := FreePort(0)
	if err != nil {
		t.Fatal(err)
	}
	l := listening(folder)
	l.Port = wish
	child, port, err := NewStarter().StartListening(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Stop(time.Second)
	l = listening(t.TempDir())
	l.Port = wish
	other, elsewhere, err := NewStarter().StartListening(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop(time.Second)
	if port != wish || elsewhere == wish {
		t.Errorf("wished %d, got %d, then %d", wish, port, elsewhere)
	}
}

func TestACommandThatEndsAtOnceIsAnError(t *testing.T) {
	l := listening(t.TempDir())
	l.Command = func(int) *exec.Cmd { return exec.Command("false") }
	if _, _, err := NewStarter().StartListening(t.Context(), l); err == nil || !strings.Contains(err.Error(), "ended at once") {
		t.Errorf("err = %v", err)
	}
}

func TestAChildThatIgnoresItsSignalIsKilled(t *testing.T) {
	child, err := NewStarter().Start(exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 1; done"), syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // until the trap is set
	begun := time.Now()
	child.Stop(200 * time.Millisecond)
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTheEndOfTheContextEndsTheWaiting(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	l := listening(t.TempDir())
	l.Command = func(int) *exec.Cmd { return exec.Command("sleep", "30") }
	if _, _, err := NewStarter().StartListening(ctx, l); err == nil {
		t.Error("no error")
	}
}

func TestALockIsHeldOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, _, err := Lock(path)
	if err != nil || first == nil {
		t.Fatal(err)
	}
	if _, err := first.WriteString("process 7"); err != nil {
		t.Fatal(err)
	}
	if second, holder, err := Lock(path); err != nil || second != nil || holder != "process 7" {
		t.Errorf("%v, %q, %v", second, holder, err)
	}
	first.Close()
	if third, _, err := Lock(path); err != nil || third == nil {
		t.Errorf("%v, %v", third, err)
	}
}
