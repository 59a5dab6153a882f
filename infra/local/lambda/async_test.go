package lambda

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// settle waits until no event waits or runs.
func settle(t *testing.T, s *Service) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.Pending() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events are still pending", s.Pending())
		}
	}
}

func send(t *testing.T, s *Service, event string) {
	t.Helper()
	if err := s.InvokeAsync("Probe", []byte(event)); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
}

func TestAFailingEventIsRepeatedAndThenSentToTheDestination(t *testing.T) {
	s, log := run(t, Config{}, func(f *template.Function) { f.Async.Destination = "arn:aws:sqs:us-east-1:123456789012:Lost" })
	file := filepath.Join(t.TempDir(), "notes")
	event := fmt.Sprintf(`{"note":%q,"fail":"no"}`, file)
	send(t, s, event)
	if got := notes(t, file); got != 3 {
		t.Errorf("%d attempts, want 3", got)
	}
	failed := s.Failed()
	if len(failed) != 1 || failed[0].Condition != "RetriesExhausted" || failed[0].Attempts != 3 || string(failed[0].Payload) != event ||
		failed[0].Destination == "" || !strings.Contains(string(failed[0].Response), `"no"`) {
		t.Errorf("%+v", failed)
	}
	if strings.Count(log.String(), "given up after 3 attempts") != 1 {
		t.Errorf("log:\n%s", log)
	}
}

func TestWhoWantsToKnowIsToldWhatBecameOfAnEvent(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	for event, want := range map[string]bool{`{}`: true, `{"fail":"no"}`: false} {
		told := make(chan bool, 1)
		if err := s.InvokeAsyncThen("Probe", []byte(event), func(answered bool) { told <- answered }); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != want {
			t.Errorf("%s: told %v", event, got)
		}
	}
}

func TestAnEventTooOldIsGivenUp(t *testing.T) {
	s, _ := run(t, Config{RetryDelay: time.Minute}, func(f *template.Function) { f.Async.MaximumAge = time.Second })
	send(t, s, `{"fail":"no"}`)
	if failed := s.Failed(); len(failed) != 1 || failed[0].Condition != "EventAgeExceeded" || failed[0].Attempts != 1 {
		t.Errorf("%+v", failed)
	}
}

func TestEventsWaitForAReservedExecution(t *testing.T) {
	s, _ := run(t, Config{}, func(f *template.Function) { f.Concurrency = 1 })
	file := filepath.Join(t.TempDir(), "notes")
	for range 5 {
		if err := s.InvokeAsync("Probe", fmt.Appendf(nil, `{"note":%q,"sleep":50}`, file)); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, s)
	if got := notes(t, file); got != 5 || len(s.Failed()) != 0 {
		t.Errorf("%d of 5 delivered, %d failed", got, len(s.Failed()))
	}
}

func TestEventsAreDroppedDuplicatedAndDelayedAsTold(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	file := filepath.Join(t.TempDir(), "notes")
	event := fmt.Sprintf(`{"note":%q}`, file)
	s.Faults(Faults{Drop: 1})
	send(t, s, event)
	if got := notes(t, file); got != 0 {
		t.Errorf("dropped, but delivered %d times", got)
	}
	s.Faults(Faults{Duplicate: 1, Copies: 5})
	send(t, s, event)
	if got := notes(t, file); got != 5 {
		t.Errorf("delivered %d times, want 5", got)
	}
	s.Faults(Faults{Delay: 1, Wait: 300 * time.Millisecond})
	began := time.Now()
	send(t, s, event)
	if waited := time.Since(began); waited < 300*time.Millisecond || notes(t, file) != 6 {
		t.Errorf("delivered after %v, %d in all", waited, notes(t, file))
	}
}

func TestCloseForgetsEventsThatWait(t *testing.T) {
	s, _ := run(t, Config{RetryDelay: time.Hour}, nil)
	if err := s.InvokeAsync("Probe", []byte(`{"fail":"no"}`)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	s.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Close took %v", took)
	}
}
