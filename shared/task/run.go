package task

import (
	"context"
	"os"
	"sync"
	"time"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

// run is what is known about one run of the job.
type run struct {
	began     time.Time
	clock     Clock
	requestID string
	cold      bool

	mutex  sync.Mutex
	counts map[string]int
	alarms []logline.Word
}

type runKey struct{}

// Count adds to a number that the job's log line shows under a name: how many of something it did.
func Count(ctx context.Context, name string, n int) {
	run, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return // a test runs the job without its edge
	}
	run.mutex.Lock()
	defer run.mutex.Unlock()
	run.counts[logline.Word(name).String()] += n
}

// Alarm calls an operator: the job's log line carries the word, and template.yaml has an alarm on such lines.
func Alarm(ctx context.Context, word string) {
	run, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return // a test runs the job without its edge
	}
	run.mutex.Lock()
	defer run.mutex.Unlock()
	run.alarms = append(run.alarms, logline.Word(word))
}

// line is all that is ever logged about a run.
type line struct {
	Time      string         `json:"time"` // the event's own clock
	Level     string         `json:"level"`
	Msg       string         `json:"msg"`
	Job       logline.Word   `json:"job"`
	RequestID logline.Word   `json:"requestId"`
	Ms        int64          `json:"ms"`
	Cold      bool           `json:"cold"`
	OK        bool           `json:"ok"`
	Code      logline.Word   `json:"code,omitempty"`
	Error     logline.Word   `json:"error,omitempty"`
	Counts    map[string]int `json:"counts,omitempty"`
	Alarms    []logline.Word `json:"alarms,omitempty"`
}

func (r *run) line(err error) line {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	l := line{
		Level: "INFO", Msg: "job",
		Job: logline.Word(os.Getenv("AWS_LAMBDA_FUNCTION_NAME")), RequestID: logline.Word(r.requestID),
		Ms: time.Since(r.began).Milliseconds(), Cold: r.cold, OK: err == nil, Counts: r.counts, Alarms: r.alarms,
	}
	if !r.clock.event.IsZero() {
		l.Time = r.clock.event.Format("2006-01-02T15:04:05.000Z07:00")
	}
	if err != nil {
		l.Level = "ERROR"
		l.Error = logline.Class(err)
	}
	if told := problem.Of(err); told != nil {
		l.Code, l.Error = logline.Word(told.Code), logline.Class(told.Unwrap())
	}
	return l
}
