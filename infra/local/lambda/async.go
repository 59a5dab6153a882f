package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"nanoflux.ai/backend/infra/local/lambda/sandbox"
)

// Faults make asynchronous events behave as badly as AWS lets them. A share is from 0 to 1.
type Faults struct {
	Drop      float64       `json:"drop"`      // share of events that vanish
	Duplicate float64       `json:"duplicate"` // share of events delivered Copies times
	Copies    int           `json:"copies"`    // deliveries in all; less than 2 means 2
	Delay     float64       `json:"delay"`     // share of events that wait before their first delivery
	Wait      time.Duration `json:"wait"`      // how long those wait, in nanoseconds
}

// Failure is an event that was given up, as a failure destination gets it.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type Failure struct {
	At          time.Time
	Function    string // logical id
	RequestID   string
	Condition   string // RetriesExhausted or EventAgeExceeded
	Attempts    int
	Destination string // "" where the template names none
	Payload     []byte
	Response    []byte // the last error document; nil where the function never ran
}

// failuresKept bounds the list that Failed gives.
const failuresKept = 1000

// event is one delivery of an asynchronous request.
type event struct {
	id      string
	payload []byte
	born    time.Time
	wait    time.Duration
	settled func(answered bool)
}

// Faults replaces the faults from the next event on.
func (s *Service) Faults(faults Faults) { s.faults.Store(&faults) }

// Failed lists the events that were given up, oldest first.
func (s *Service) Failed() []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Failure{}, s.failed...)
}

// Pending counts the deliveries of events that wait, run, or will be repeated.
func (s *Service) Pending() int { return int(s.pending.Load()) }

// InvokeAsync queues an event and returns at once; errors are ErrNotFound, ErrTooLarge and ErrClosed.
func (s *Service) InvokeAsync(name string, payload []byte) error {
	return s.InvokeAsyncThen(name, payload, func(bool) {})
}

// InvokeAsyncThen is InvokeAsync for who wants to know what becomes of the event: settled is told once for each delivery,
// whether it was answered.
func (s *Service) InvokeAsyncThen(name string, payload []byte, settled func(answered bool)) error {
	_, err := s.enqueue(name, payload, settled)
	return err
}

func (s *Service) enqueue(name string, payload []byte, settled func(bool)) (id string, err error) {
	p, err := s.find(name)
	if err != nil {
		return "", err
	}
	if len(payload) > AsyncLimit {
		return "", ErrTooLarge
	}
	e := event{id: sandbox.NewID(), payload: payload, born: time.Now(), settled: settled}
	faults := s.faults.Load()
	if rand.Float64() < faults.Drop {
		p.note("event %s dropped, as told", e.id)
		settled(false)
		return e.id, nil
	}
	if rand.Float64() < faults.Delay {
		e.wait = faults.Wait
	}
	copies := 1
	if rand.Float64() < faults.Duplicate {
		copies = max(2, faults.Copies)
	}
	s.mu.Lock() // so that nothing is queued while Close waits
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return "", ErrClosed
	}
	for range copies {
		s.pending.Add(1)
		s.work.Go(func() {
			defer s.pending.Add(-1)
			e.settled(s.deliver(p, e))
		})
	}
	return e.id, nil
}

// deliver repeats an event until it is answered, too old, or out of attempts.
func (s *Service) deliver(p *pool, e event) (answered bool) {
	config := p.function.Async
	tooOld := e.born.Add(config.MaximumAge)
	if !s.sleep(e.wait) {
		return false
	}
	for attempt := 1; ; attempt++ {
		young, done := context.WithDeadline(s.life, tooOld)
		result, err := p.invoke(young, s.life, e.id, e.payload, true)
		done()
		switch {
		case s.life.Err() != nil || errors.Is(err, ErrClosed):
			return false
		case err != nil: // no instance was free in time
			s.giveUp(p, e, "EventAgeExceeded", attempt-1, nil)
			return false
		case result.FunctionError == "":
			return true
		case attempt > config.Retries:
			s.giveUp(p, e, "RetriesExhausted", attempt, result.Payload)
			return false
		}
		delay := time.Duration(attempt) * s.config.RetryDelay
		if time.Now().Add(delay).After(tooOld) {
			s.giveUp(p, e, "EventAgeExceeded", attempt, result.Payload)
			return false
		}
		p.note("event %s is repeated in %v", e.id, delay)
		if !s.sleep(delay) {
			return false
		}
	}
}

func (s *Service) giveUp(p *pool, e event, condition string, attempts int, response []byte) {
	f := Failure{
		At: time.Now(), Function: p.function.ID, RequestID: e.id, Condition: condition, Attempts: attempts,
		Destination: p.function.Async.Destination, Payload: e.payload, Response: response,
	}
	s.mu.Lock()
	s.failed = append(s.failed, f)
	s.failed = s.failed[max(0, len(s.failed)-failuresKept):]
	s.mu.Unlock()
	where := f.Destination
	if where == "" {
		where = "nowhere"
	}
	p.note("event %s given up after %d attempts (%s), sent to %s", e.id, attempts, condition, where)
}

// sleep reports false where the service closes meanwhile.
func (s *Service) sleep(span time.Duration) bool {
	select {
	case <-time.After(span):
		return true
	case <-s.life.Done():
		return false
	}
}

// note writes a line of the runner's own about a function.
func (p *pool) note(format string, values ...any) {
	_, _ = io.WriteString(p.service.log, p.function.Folder+": "+fmt.Sprintf(format, values...)+"\n")
}
