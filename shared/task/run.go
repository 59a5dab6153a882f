package task

import (
	"context"
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

	mutex   sync.Mutex
	counts  map[string]int
	alarms  []logline.Word
	metrics []measured
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

// record is the run's line in the log.
func (r *run) record(function logline.Function, err error) logline.Record {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	l := logline.Record{
		Time: logline.MomentOf(r.clock.event), Level: "INFO", Msg: "job", Function: function, RequestID: logline.RequestID(r.requestID),
		Ms: time.Since(r.began).Milliseconds(), Cold: r.cold, OK: new(err == nil), Counts: r.counts, Alarms: r.alarms,
	}
	if err != nil {
		l.Level = "ERROR"
		l.Error = logline.Class(err)
	}
	if told := problem.Of(err); told != nil {
		l.Code, l.Error = logline.Code(told.Code), logline.Class(told.Unwrap())
	}
	return l
}
