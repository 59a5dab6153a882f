package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"nanoflux.ai/backend/infra/local/cloudwatch"
	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/schedule"
	"nanoflux.ai/backend/infra/local/template"
)

// startControl answers tools and tests that want time to pass, schedules to fire, or events to get lost.
func (r *runner) startControl(functions *lambda.Service, schedules *schedule.Runner, logs *cloudwatch.Service, plan *template.Template) error {
	listener, err := process.Listen(port(r.wished.Control))
	if err != nil {
		return err
	}
	r.at.Control = origin(listener)
	mux := http.NewServeMux()
	mux.Handle("POST /fire", command(func(ctx context.Context, asked firing) (any, error) {
		if id, ok := rungByHand(plan, asked.Name); ok {
			event, err := asked.event(r.clock.now())
			if err != nil {
				return nil, err
			}
			result, err := functions.Invoke(ctx, id, event)
			return fired{FunctionError: result.FunctionError, Payload: readable(result.Payload)}, err
		}
		result, err := schedules.Fire(ctx, asked.Name, asked.time(r.clock.now()), asked.Event)
		return fired{FunctionError: result.FunctionError, Payload: readable(result.Payload)}, err
	}))
	mux.Handle("POST /async", command(func(_ context.Context, asked disorder) (any, error) {
		functions.Faults(asked.faults())
		return struct{}{}, nil
	}))
	mux.Handle("GET /async", command(func(context.Context, struct{}) (any, error) {
		return map[string]int{"pending": functions.Pending()}, nil
	}))
	mux.Handle("POST /logs/flush", command(func(ctx context.Context, _ struct{}) (any, error) {
		return logs.Flush(ctx)
	}))
	mux.Handle("GET /failures", command(func(context.Context, struct{}) (any, error) {
		return functions.Failed(), nil
	}))
	mux.Handle("POST /clock", command(func(_ context.Context, asked struct {
		Offset float64 `json:"offset_seconds"`
	}) (any, error) {
		r.clock.move(time.Duration(asked.Offset * float64(time.Second)))
		return map[string]time.Time{"now": r.clock.now()}, nil
	}))
	r.answer(mux, listener)
	return nil
}

// firing asks for a schedule to be fired as if it were At, or now, with more fields in its event.
type firing struct {
	Name  string                     `json:"name"`
	At    *time.Time                 `json:"at,omitempty"`
	Event map[string]json.RawMessage `json:"event,omitempty"`
}

func (f firing) time(now time.Time) time.Time {
	if f.At == nil {
		return now
	}
	return *f.At
}

// event is what a function gets that no schedule names.
func (f firing) event(now time.Time) ([]byte, error) {
	fields := map[string]any{"at": f.time(now).UTC().Format(time.RFC3339Nano)}
	for name, value := range f.Event {
		fields[name] = value
	}
	return json.Marshal(fields)
}

// rungByHand finds a function that is neither asked over HTTP nor fired by a schedule, by the name of its folder.
func rungByHand(plan *template.Template, name string) (id string, found bool) {
	for _, function := range plan.Functions {
		if function.Folder == name {
			id = function.ID
		}
	}
	routed := slices.ContainsFunc(plan.Routes, func(r template.Route) bool { return r.Function == id })
	scheduled := slices.ContainsFunc(plan.Schedules, func(s template.Schedule) bool { return s.Function == id })
	return id, id != "" && !routed && !scheduled
}

// fired is what the function answered.
type fired struct {
	FunctionError string          `json:"function_error,omitempty"`
	Payload       json.RawMessage `json:"payload"`
}

// readable is the payload, or null for one that is not JSON.
func readable(payload []byte) json.RawMessage {
	if !json.Valid(payload) {
		return json.RawMessage("null")
	}
	return payload
}

// disorder is what shall happen to asynchronous events: a share that is lost, how often each is delivered, how late.
type disorder struct {
	Drop      float64 `json:"drop"`
	Duplicate int     `json:"duplicate"`
	DelayMS   int     `json:"delay_ms"`
}

func (d disorder) faults() lambda.Faults {
	told := lambda.Faults{Drop: d.Drop}
	if d.Duplicate > 1 {
		told.Duplicate, told.Copies = 1, d.Duplicate
	}
	if d.DelayMS > 0 {
		told.Delay, told.Wait = 1, time.Duration(d.DelayMS)*time.Millisecond
	}
	return told
}

// command is a handler that takes and gives JSON. Browsers name their page's origin; no page has business here.
func command[Asked any](work func(context.Context, Asked) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var asked Asked
		var answer any
		err := fmt.Errorf("pages may not use this")
		if request.Header.Get("Origin") == "" {
			err = nil
		}
		if err == nil && request.Method == http.MethodPost {
			decoder := json.NewDecoder(http.MaxBytesReader(w, request.Body, 1<<16))
			decoder.DisallowUnknownFields()
			err = decoder.Decode(&asked)
		}
		if err == nil {
			answer, err = work(request.Context(), asked)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}
