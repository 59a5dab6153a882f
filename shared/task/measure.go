package task

import (
	"context"
	"encoding/json"
	"time"

	"nanoflux.ai/backend/shared/logline"
)

// Unit of a metric, as CloudWatch calls it.
type Unit string

// Number is how many; None is for what has a unit that CloudWatch does not know, such as hours.
const (
	Number Unit = "Count"
	None   Unit = "None"
)

// namespace of our metrics in CloudWatch; alarms in template.yaml name it.
const namespace = "Nanoflux"

// measured is a metric of a run.
type measured struct {
	Name  logline.Word
	Unit  Unit
	value float64
}

// Measure publishes a metric: CloudWatch reads it out of the job's log line. A name is told once a run, at most a hundred.
func Measure(ctx context.Context, name string, value float64, unit Unit) {
	run, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return // a test runs the job without its edge
	}
	run.mutex.Lock()
	defer run.mutex.Unlock()
	run.metrics = append(run.metrics, measured{logline.Word(name), unit, value})
}

// withMetrics is a line in CloudWatch's embedded metric format: what it says, with every metric beside it under its name and an
// object "_aws" that says which those are.
type withMetrics struct {
	line    any
	metrics []measured
	at      time.Time
}

// MarshalJSON writes the line as it is where there are no metrics.
func (l withMetrics) MarshalJSON() ([]byte, error) {
	line, err := json.Marshal(l.line)
	if err != nil || len(l.metrics) == 0 {
		return line, err
	}
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []measured
	}
	fields := map[string]any{"_aws": struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}{l.at.UnixMilli(), []directive{{namespace, [][]string{{}}, l.metrics}}}}
	for _, m := range l.metrics {
		fields[m.Name.String()] = m.value
	}
	metrics, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return append(append(line[:len(line)-1], ','), metrics[1:]...), nil
}
