package schedule

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/template"
)

// Config says what is fired and how.
type Config struct {
	Schedules   []template.Schedule
	Invoke      func(ctx context.Context, name string, payload []byte) (lambda.Result, error)
	InvokeAsync func(name string, payload []byte) error
	Now         func() time.Time // tells functions the time, where that is not the real one; nil for the real one
	Log         io.Writer        // gets a line for an event that could not be queued; nil for none
}

// Runner fires the schedules of one template.
type Runner struct {
	config      Config
	expressions []Expression // in the order of the schedules
}

// New reads every expression, and names the schedule of one that is malformed.
func New(config Config) (*Runner, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	r := &Runner{config: config}
	for _, s := range config.Schedules {
		expression, err := Parse(s.Expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		r.expressions = append(r.expressions, expression)
	}
	return r, nil
}

// Run fires every schedule at its real times until ctx ends, and tells functions the time by Now.
// Times that pass while the machine sleeps are left out but for the last one.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i, s := range r.config.Schedules {
		all.Go(func() { r.repeat(ctx, s, r.expressions[i]) })
	}
	all.Wait()
}

func (r *Runner) repeat(ctx context.Context, s template.Schedule, expression Expression) {
	for {
		at := expression.Next(time.Now())
		if at.IsZero() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(at)):
		}
		shift := time.Until(r.config.Now()).Round(time.Minute) // scheduled times are full minutes
		if err := r.config.InvokeAsync(s.Function, Event(s, at.Add(shift))); err != nil {
			_, _ = fmt.Fprintf(r.config.Log, "schedule %s could not fire: %v\n", s.Name, err)
		}
	}
}

// Fire runs a schedule now as if it were at, and gives the function's answer. More fields come into the event, over its own.
func (r *Runner) Fire(ctx context.Context, name string, at time.Time, more map[string]json.RawMessage) (lambda.Result, error) {
	var names []string
	for _, s := range r.config.Schedules {
		if s.Name == name {
			event, err := extend(Event(s, at), more)
			if err != nil {
				return lambda.Result{}, fmt.Errorf("the event of %s takes no fields: %w", name, err)
			}
			return r.config.Invoke(ctx, s.Function, event)
		}
		names = append(names, s.Name)
	}
	return lambda.Result{}, fmt.Errorf("no schedule is called %q; the template has %s", name, strings.Join(names, ", "))
}

func extend(event []byte, more map[string]json.RawMessage) ([]byte, error) {
	if len(more) == 0 {
		return event, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(event, &fields); err != nil {
		return nil, err
	}
	maps.Copy(fields, more)
	return json.Marshal(fields)
}

// Event is what the function gets: the schedule's input with its context attributes filled in, else
// the scheduler's own event.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-events.html
func Event(s template.Schedule, at time.Time) []byte {
	moment, id := at.UTC().Format(time.RFC3339), strings.ToLower(rand.Text())
	source, arn := "aws.events", "arn:aws:events:"+template.Region+":"+template.Account+":rule/"+s.Name
	var detail any = struct{}{}
	if s.V2 {
		source, arn = "aws.scheduler", "arn:aws:scheduler:"+template.Region+":"+template.Account+":schedule/default/"+s.Name
		detail = "{}"
	}
	if s.Input != "" && !s.V2 {
		return []byte(s.Input)
	}
	if s.Input != "" {
		return []byte(strings.NewReplacer(
			"<aws.scheduler.scheduled-time>", moment, "<aws.scheduler.schedule-arn>", arn,
			"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1",
		).Replace(s.Input))
	}
	event, _ := json.Marshal(map[string]any{ // strings always encode
		"version": "0", "id": id, "detail-type": "Scheduled Event", "source": source, "account": template.Account,
		"time": moment, "region": template.Region, "resources": []string{arn}, "detail": detail,
	})
	return event
}
