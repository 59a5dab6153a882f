package task

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

type order struct{ ID string }

type job func(context.Context, Clock, order) (string, error)

// bench is a runner whose log lines and stacks can be read.
type bench struct {
	*runner[order, string]
	t            *testing.T
	logs, stacks bytes.Buffer
}

func newBench(t *testing.T, job job) *bench {
	b := &bench{t: t}
	b.runner = newRunner(job, &b.logs, &b.stacks)
	b.name = func() logline.Function { return "sweep-stalled" }
	return b
}

func (b *bench) send(payload string) (string, error) {
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "8c6f7a10-51c0-4d1e-9a57-0d7a1f3f2b11"})
	return b.handle(ctx, json.RawMessage(payload))
}

func (b *bench) line() (l map[string]any) {
	b.t.Helper()
	lines := bytes.Split(bytes.TrimSpace(b.logs.Bytes()), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &l); err != nil {
		b.t.Fatalf("no line of JSON: %s", b.logs.String())
	}
	return l
}

const asked = `{"at": "2033-03-12T19:03:58.5+02:00", "id": "o-1"}`

func idle(context.Context, Clock, order) (string, error) { return "done", nil }

func TestTheClockIsTheEventsAndGoesOn(t *testing.T) {
	want := time.Date(2033, 3, 12, 17, 3, 58, 5e8, time.UTC)
	for _, payload := range []string{asked, strings.Replace(asked, "at", "time", 1)} {
		b := newBench(t, func(_ context.Context, clock Clock, o order) (string, error) {
			first := clock.Now()
			if late := first.Sub(want); late < 0 || late > time.Second || first.Location() != time.UTC || o.ID != "o-1" {
				t.Errorf("it is %s, the event %+v", first, o)
			}
			time.Sleep(20 * time.Millisecond)
			if passed := clock.Now().Sub(first); passed < 20*time.Millisecond || passed > time.Second {
				t.Errorf("%s passed", passed)
			}
			return "done", nil
		})
		if got, err := b.send(payload); got != "done" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestAnEventWithoutATimeIsRefused(t *testing.T) {
	for payload, class := range map[string]string{
		`{}`: "event_without_time", `{"at":""}`: "event_without_time", `{"at":"yesterday"}`: "malformed_time", `{"time":"<aws.scheduler.scheduled-time>"}`: "malformed_time",
		`[]`: "malformed_event", `{"at":7}`: "malformed_event", ``: "malformed_event", `{"at":"2033-03-12T19:03:58Z","id":7}`: "malformed_event",
	} {
		b := newBench(t, func(context.Context, Clock, order) (string, error) {
			t.Errorf("%s was carried out", payload)
			return "", nil
		})
		_, err := b.send(payload)
		if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || failed.Type != class || failed.Message == "" {
			t.Errorf("%s: %v", payload, err)
		}
		if l := b.line(); l["ok"] != false || l["code"] != class {
			t.Errorf("logged %v", l)
		}
	}
}

func TestOneLineAJobWithItsCounts(t *testing.T) {
	b := newBench(t, func(ctx context.Context, _ Clock, _ order) (string, error) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { Count(ctx, "swept", 2) })
		}
		all.Wait()
		Count(ctx, "rung", 0)
		Count(ctx, "ann@example.com", 1)
		Alarm(ctx, "books_repaired")
		return "", nil
	})
	if _, err := b.send(asked); err != nil {
		t.Fatal(err)
	}
	l := b.line()
	for name, want := range map[string]any{"time": "2033-03-12T17:03:58.500Z", "level": "INFO", "msg": "job", "function": "sweep-stalled", "requestId": "8c6f7a10-51c0-4d1e-9a57-0d7a1f3f2b11", "cold": true, "ok": true} {
		if l[name] != want {
			t.Errorf("%s is %v", name, l[name])
		}
	}
	if alarms := fmt.Sprint(l["alarms"]); alarms != "[books_repaired]" {
		t.Errorf("alarms %s", alarms)
	}
	if counts := fmt.Sprint(l["counts"]); counts != "map[rung:0 swept:20 withheld:1]" {
		t.Errorf("counts %s", counts)
	}
	if _, err := b.send(asked); err != nil {
		t.Fatal(err)
	}
	if l := b.line(); l["cold"] != false || strings.Count(b.logs.String(), "\n") != 2 {
		t.Errorf("logged %s", b.logs.String())
	}
	Count(context.Background(), "nobody listens", 1)
	Alarm(context.Background(), "nobody_listens")
}

func TestAFailedJobTellsItsClassOnly(t *testing.T) {
	secret := "ann@example.com"
	for class, fail := range map[string]func() error{
		"internal_error": func() error { return fmt.Errorf("%s: %w", secret, errors.New(secret)) },
		"too_slow":       func() error { return fmt.Errorf("%s: %w", secret, context.DeadlineExceeded) },
		"refused_config": func() error {
			return problem.New(problem.Conflict, "refused_config", "Shorten the backups.").Because(errors.New(secret))
		},
		"panicked": func() error { panic(secret) },
	} {
		b := newBench(t, func(context.Context, Clock, order) (string, error) { return secret, fail() })
		_, err := b.send(asked)
		failed, ok := errors.AsType[messages.InvokeResponse_Error](err)
		if want := strings.Replace(class, "panicked", "internal_error", 1); !ok || failed.Type != want {
			t.Errorf("%s: %#v", class, err)
		}
		if class == "refused_config" && failed.Message != "Shorten the backups." {
			t.Errorf("said %s", failed.Message)
		}
		if all := err.Error() + b.logs.String() + b.stacks.String(); strings.Contains(all, "ann") {
			t.Errorf("%s: logged %s", class, all)
		}
		if l := b.line(); l["ok"] != false || l["level"] != "ERROR" || l["error"] == "" {
			t.Errorf("%s: logged %v", class, l)
		}
	}
}

func TestAPanicShowsItsPlaceAndTheNextEventIsServed(t *testing.T) {
	first := true
	b := newBench(t, func(context.Context, Clock, order) (string, error) {
		if first {
			first = false
			panic("ann@example.com")
		}
		return "done", nil
	})
	if _, err := b.send(asked); err == nil || !strings.Contains(b.stacks.String(), "task_test.go") || b.line()["error"] != "panic:string" {
		t.Errorf("%v, %s, %s", err, b.stacks.String(), b.logs.String())
	}
	if got, err := b.send(asked); got != "done" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAJobEndsBeforeLambdaEndsIt(t *testing.T) {
	b := newBench(t, func(ctx context.Context, _ Clock, _ order) (string, error) { <-ctx.Done(); return "", ctx.Err() })
	deadline := time.Now().Add(margin + 50*time.Millisecond)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if _, err := b.handle(ctx, json.RawMessage(asked)); err == nil || time.Now().After(deadline) {
		t.Errorf("it ended with %v at %s of %s", err, time.Now(), deadline)
	}
}

// TestLambdaTakesTheHandler runs the handler as aws-lambda-go does, bytes in and bytes out.
func TestLambdaTakesTheHandler(t *testing.T) {
	out, err := lambda.NewHandler(newBench(t, idle).handle).Invoke(context.Background(), []byte(asked))
	if err != nil || strings.TrimSpace(string(out)) != `"done"` {
		t.Errorf("got %s, %v", out, err)
	}
	failing := func(context.Context, Clock, order) (string, error) { return "", errors.New("secret") }
	if _, err := lambda.NewHandler(Handler(failing)).Invoke(context.Background(), []byte(asked)); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
