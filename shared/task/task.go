// Package task is the edge of every function that is not asked over HTTP: it runs one job for one event.
package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

// margin is kept of Lambda's deadline, so that a job ends itself and its transactions before Lambda ends it.
const margin = 2 * time.Second

// Serve runs a job as a Lambda function and never returns. An error makes Lambda invoke it again, as template.yaml says.
func Serve[E any](job func(ctx context.Context, clock Clock, event E) error) {
	Answer(unanswered(job))
}

func unanswered[E any](job func(ctx context.Context, clock Clock, event E) error) func(context.Context, Clock, E) (struct{}, error) {
	return func(ctx context.Context, clock Clock, event E) (struct{}, error) {
		return struct{}{}, job(ctx, clock, event)
	}
}

// Answer is Serve for a job whose caller waits for a result.
func Answer[E, R any](job func(ctx context.Context, clock Clock, event E) (R, error)) {
	start(Handler(job))
}

func start[R any](handler func(context.Context, json.RawMessage) (R, error)) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		fmt.Fprintln(os.Stderr, "This program is a Lambda function: start it with `make run`, or deploy it.")
		os.Exit(1)
	}
	logline.QuietLibraries(os.Stderr)
	lambda.Start(handler)
}

// Handler is what Serve and Answer run: one event in, the job's result out. Its error carries no text but a problem's
// sentence, because Lambda logs it and keeps it with lost events.
func Handler[E, R any](job func(ctx context.Context, clock Clock, event E) (R, error)) func(context.Context, json.RawMessage) (R, error) {
	return newRunner(job, os.Stdout, os.Stderr).handle
}

// runner runs one job, event by event.
type runner[E, R any] struct {
	job    func(ctx context.Context, clock Clock, event E) (R, error)
	read   func(payload json.RawMessage) (Clock, E, error)
	warm   atomic.Bool
	name   func() logline.Function
	logs   io.Writer
	stacks io.Writer
}

func newRunner[E, R any](job func(context.Context, Clock, E) (R, error), logs, stacks io.Writer) *runner[E, R] {
	return &runner[E, R]{job: job, read: readTimed[E], name: sync.OnceValue(logline.Running), logs: logs, stacks: stacks}
}

func (n *runner[E, R]) handle(ctx context.Context, payload json.RawMessage) (result R, err error) {
	run := &run{began: time.Now(), cold: !n.warm.Swap(true), counts: map[string]int{}}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		run.requestID = lc.AwsRequestID
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	result, err = n.work(context.WithValue(ctx, runKey{}, run), run, payload)
	logline.Write(n.logs, withMetrics{run.record(n.name(), err), run.metrics, run.began})
	return result, outcome(err)
}

// work reads the event and does the job; a panic becomes its error, so that the process stays for the next event.
func (n *runner[E, R]) work(ctx context.Context, run *run, payload json.RawMessage) (result R, err error) {
	defer func() {
		if value := recover(); value != nil {
			p := logline.Recovered(value)
			p.Report(n.stacks, run.requestID)
			err = p
		}
	}()
	clock, event, err := n.read(payload)
	run.clock = clock
	if err != nil {
		return result, err
	}
	return n.job(ctx, clock, event)
}

// readTimed reads an event that says what time it is.
func readTimed[E any](payload json.RawMessage) (clock Clock, event E, err error) {
	if clock, err = clockOf(payload); err != nil {
		return clock, event, err
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return clock, event, problem.New(problem.Invalid, "malformed_event", "The event does not have the fields that this function reads.").Because(err)
	}
	return clock, event, nil
}

// outcome is an error as Lambda may see it: the class, and a sentence only where we wrote it for others to read.
func outcome(err error) error {
	if err == nil {
		return nil
	}
	if told := problem.Of(err); told != nil {
		return messages.InvokeResponse_Error{Type: told.Code, Message: told.Sentence}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return messages.InvokeResponse_Error{Type: "too_slow", Message: "The job did not end in time."}
	}
	return messages.InvokeResponse_Error{Type: "internal_error", Message: "The job failed: its log line says how."}
}
