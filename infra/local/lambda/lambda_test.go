package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// probe is the path of the built test function.
var probe string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "probe")
	if err != nil {
		panic(err)
	}
	probe = filepath.Join(folder, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", probe, "./probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// journal is a log that tests can read while functions write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(text []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(text)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func probeFunction(change func(*template.Function)) template.Function {
	f := template.Function{
		ID: "Probe", Folder: "probe", ARN: "arn:aws:lambda:us-east-1:123456789012:function:Probe",
		Timeout: 5 * time.Second, Memory: 256, Environment: map[string]string{}, Async: template.Async{Retries: 2},
	}
	if change != nil {
		change(&f)
	}
	return f
}

func run(t testing.TB, config Config, change func(*template.Function)) (*Service, *journal) {
	t.Helper()
	log := &journal{}
	config.Functions = []template.Function{probeFunction(change)}
	config.Log = log
	if config.Binary == nil {
		config.Binary = func(string) (string, error) { return probe, nil }
	}
	if config.RetryDelay == 0 {
		config.RetryDelay = 10 * time.Millisecond
	}
	s := New(config)
	t.Cleanup(s.Close)
	return s, log
}

type report struct {
	PID                         int
	Value, ARN, RequestID, Fill string
	Left                        int64
	Type                        string `json:"errorType"`
	Message                     string `json:"errorMessage"`
}

func ask(t testing.TB, s *Service, event string) (report, Result) {
	t.Helper()
	result, err := s.Invoke(context.Background(), "Probe", []byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	var r report
	if err := json.Unmarshal(result.Payload, &r); err != nil {
		t.Fatalf("%s: answer %s", event, result.Payload)
	}
	return r, result
}

// calm waits until every instance has asked for more work.
func calm(t testing.TB, s *Service) {
	t.Helper()
	p := s.pools["Probe"]
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		resting := len(p.idle) == len(p.all)
		p.mu.Unlock()
		if resting {
			return
		}
		if time.Now().After(end) {
			t.Fatal("an instance never asked for more work")
		}
	}
}

func TestAnInstanceIsUsedAgain(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	first, _ := ask(t, s, `{}`)
	for range 50 {
		calm(t, s)
		if again, _ := ask(t, s, `{}`); again.PID != first.PID {
			t.Fatalf("process %d, then %d", first.PID, again.PID)
		}
	}
}

func TestAFunctionSeesOnlyLambdasEnvironmentAndItsOwn(t *testing.T) {
	t.Setenv("RUNNER_SECRET", "x")
	s, _ := run(t, Config{Endpoint: "http://127.0.0.1:1"}, func(f *template.Function) { f.Environment["SITE_URL"] = "http://localhost" })
	for name, want := range map[string]string{
		"SITE_URL": "http://localhost", "RUNNER_SECRET": "", "HOME": "", "PATH": os.Getenv("PATH"), "TZ": ":UTC",
		"AWS_LAMBDA_FUNCTION_NAME": "Probe", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_FORMAT": "JSON",
		"AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1", "LAMBDA_TASK_ROOT": filepath.Dir(probe), "AWS_REGION": "us-east-1",
	} {
		if got, _ := ask(t, s, `{"getenv":"`+name+`"}`); got.Value != want {
			t.Errorf("%s is %q, want %q", name, got.Value, want)
		}
	}
}

func TestARequestCarriesItsDeadlineAndARN(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	got, _ := ask(t, s, `{}`)
	if got.Left < 3000 || got.Left > 5000 || !strings.HasSuffix(got.ARN, ":function:Probe") {
		t.Errorf("%d ms left for %s", got.Left, got.ARN)
	}
}

func TestAfterACrashTheNextRequestGetsAFreshInstance(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	for _, c := range []struct{ event, want string }{
		{`{"exit":true}`, "Runtime exited with error: exit status 7"},
		{`{"panic":true}`, "as told"},
	} {
		before, _ := ask(t, s, `{}`)
		failed, result := ask(t, s, c.event)
		if result.FunctionError != "Unhandled" || !strings.Contains(failed.Message, c.want) {
			t.Errorf("%s: %q, %s", c.event, result.FunctionError, result.Payload)
		}
		if after, _ := ask(t, s, `{}`); after.PID == before.PID {
			t.Errorf("%s: process %d lives on", c.event, after.PID)
		}
	}
}

func TestAFunctionErrorKeepsTheInstance(t *testing.T) {
	s, log := run(t, Config{}, nil)
	before, _ := ask(t, s, `{}`)
	failed, result := ask(t, s, `{"fail":"out of paint"}`)
	if result.FunctionError != "Unhandled" || failed.Message != "out of paint" {
		t.Errorf("%q: %s", result.FunctionError, result.Payload)
	}
	calm(t, s)
	if after, _ := ask(t, s, `{}`); after.PID != before.PID {
		t.Error("the process was replaced")
	}
	if !strings.Contains(log.String(), "failed: errorString: out of paint") {
		t.Errorf("log:\n%s", log)
	}
}

func TestManyCallersGetEveryAnswerWhileInstancesCrash(t *testing.T) {
	s, _ := run(t, Config{Instances: 4}, nil)
	var all sync.WaitGroup
	for caller := range 64 {
		all.Go(func() {
			for round := range 5 {
				if (caller+round)%16 == 0 {
					if _, crashed := ask(t, s, `{"exit":true}`); crashed.FunctionError == "" {
						t.Error("a crash was answered")
					}
					continue
				}
				event := fmt.Sprintf(`{"weight":%d}`, caller*5+round)
				if got, result := ask(t, s, event); len(got.Fill) != caller*5+round || result.FunctionError != "" {
					t.Errorf("%s: %s", event, result.Payload)
				}
			}
		})
	}
	all.Wait()
}

func TestRequestsAtTheSameTimeGetInstancesOfTheirOwn(t *testing.T) {
	s, _ := run(t, Config{Instances: 4}, nil)
	var all sync.WaitGroup
	answers := make(chan int, 12)
	for range 12 {
		all.Go(func() {
			got, _ := ask(t, s, `{"sleep":100}`)
			answers <- got.PID
		})
	}
	all.Wait()
	close(answers)
	processes := map[int]int{}
	for pid := range answers {
		processes[pid]++
	}
	if len(processes) != 4 {
		t.Errorf("requests by process: %v, want 4 processes", processes)
	}
}

func TestReservedConcurrencyThrottlesAndThenAdmits(t *testing.T) {
	s, _ := run(t, Config{}, func(f *template.Function) { f.Concurrency = 1 })
	ask(t, s, `{}`)
	slow := make(chan error)
	go func() {
		_, err := s.Invoke(context.Background(), "Probe", []byte(`{"sleep":400}`))
		slow <- err
	}()
	time.Sleep(100 * time.Millisecond)
	if _, err := s.Invoke(context.Background(), "Probe", []byte(`{}`)); !errors.Is(err, ErrThrottled) {
		t.Errorf("while the only execution is in use: %v", err)
	}
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	ask(t, s, `{}`)
}

func TestTheEndOfWaitingIsNotTheEndOfTheFunction(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	file := filepath.Join(t.TempDir(), "notes")
	ask(t, s, `{}`)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Invoke(ctx, "Probe", fmt.Appendf(nil, `{"sleep":300,"note":%q}`, file)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if notes(t, file) != 1 {
		t.Error("the function did not start")
	}
}

func TestAnIdleInstanceEndsAndIsToldWhereItAsked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes")
	s, _ := run(t, Config{IdleTime: 100 * time.Millisecond}, func(f *template.Function) { f.Environment["PROBE_SIGTERM"] = file })
	before, _ := ask(t, s, `{}`)
	time.Sleep(400 * time.Millisecond)
	if after, _ := ask(t, s, `{}`); after.PID == before.PID {
		t.Error("the idle process lives on")
	}
	if text, _ := os.ReadFile(file); string(text) != "SIGTERM\n" {
		t.Errorf("notes: %q", text)
	}
}

func TestOutputIsLoggedLineByLineWithRequestIDs(t *testing.T) {
	s, log := run(t, Config{}, nil)
	_, result := ask(t, s, `{"print":"one\ntwo"}`)
	s.Close()
	for _, want := range []string{"probe: one\n", "probe: two\n", "probe: REPORT " + result.RequestID} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}

func notes(t testing.TB, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestDrainReturnsWhenEveryPrintedLineWasTaken(t *testing.T) {
	var mu sync.Mutex
	lines := 0
	s, _ := run(t, Config{Printed: func(f template.Function, line string) {
		time.Sleep(time.Millisecond) // lines are printed faster than they are taken
		mu.Lock()
		defer mu.Unlock()
		if f.ID == "Probe" && line == "line" {
			lines++
		}
	}}, nil)
	event := []byte(`{"print":"` + strings.Repeat(`line\n`, 200) + `line"}`)
	for want := 201; want <= 603; want += 201 {
		if _, err := s.Invoke(t.Context(), "Probe", event); err != nil {
			t.Fatal(err)
		}
		s.Drain()
		mu.Lock()
		if lines != want {
			t.Errorf("%d lines of %d", lines, want)
		}
		mu.Unlock()
	}
}
