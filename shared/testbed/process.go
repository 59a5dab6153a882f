package testbed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Build makes the binary of a function, in a folder of the test's, from another function's folder.
func Build(t testing.TB, folder, name string) {
	t.Helper()
	said, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(folder, name), "../"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, said)
	}
}

// Process is a function's binary with one event, under a Lambda runtime of its own
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type Process struct {
	Logs bytes.Buffer // what it printed, to be read when it has ended

	peak    atomic.Int64
	command *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	outcome chan string   // "response", or "error" with its text
}

// Start hands the event to a new process of a binary. environment is added to the test's own.
func Start(t testing.TB, binary string, event []byte, environment ...string) *Process {
	t.Helper()
	p := &Process{ended: make(chan struct{}), outcome: make(chan string, 1)}
	events := make(chan []byte, 1)
	events <- event
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "0b6f5c9e-5a51-4d0e-9d60-0f2f4f9e0a1b")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:local")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{outcome}", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		outcome := r.PathValue("outcome")
		if outcome == "error" {
			outcome += " " + string(text)
		}
		p.outcome <- outcome
	})
	runtime := httptest.NewServer(mux)
	p.command = exec.Command(binary)
	p.command.Env = append(append(os.Environ(), environment...), "AWS_LAMBDA_RUNTIME_API="+runtime.Listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=local")
	p.command.Stdout, p.command.Stderr = &p.Logs, &p.Logs
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Kill()
		runtime.CloseClientConnections()
		runtime.Close()
	})
	return p
}

// Kill ends the process as the machine's power would, and returns when it is no more.
func (p *Process) Kill() {
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid)); err == nil {
		if _, peak, found := strings.Cut(string(status), "VmHWM:"); found {
			var kilobytes int64
			_, _ = fmt.Sscan(peak, &kilobytes)
			p.peak.Store(max(p.peak.Load(), kilobytes<<10))
		}
	}
	_ = p.command.Process.Kill()
	<-p.ended
}

// Peak is how many bytes of memory it had at once at most; known when it was killed, 0 where the system does not say it.
func (p *Process) Peak() int64 { return p.peak.Load() }

// Wait returns how the event ended, "" where the process was killed before.
func (p *Process) Wait(t testing.TB) string {
	t.Helper()
	return p.WaitFor(t, 20*time.Second)
}

// WaitFor is Wait with another patience.
func (p *Process) WaitFor(t testing.TB, patience time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case outcome := <-p.outcome:
		p.Kill()
		return outcome
	case <-p.ended:
		return ""
	case <-ctx.Done():
		t.Fatal("the event never ends")
		return ""
	}
}
