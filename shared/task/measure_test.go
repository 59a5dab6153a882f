package task

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// As CloudWatch's embedded metric format wants it: the values beside "_aws", which says in which namespace and unit they are.
func TestMetricsLeaveInTheJobsOneLine(t *testing.T) {
	began := time.Now()
	b := newBench(t, func(ctx context.Context, _ Clock, _ order) (string, error) {
		Measure(ctx, "promises_broken", 0, Number)
		Measure(ctx, "oldest_log", 2137, None)
		Measure(ctx, "of ann@example.com", 1, None)
		return "", nil
	})
	if _, err := b.send(asked); err != nil {
		t.Fatal(err)
	}
	l := b.line()
	if l["msg"] != "job" || l["promises_broken"] != 0.0 || l["oldest_log"] != 2137.0 || l["withheld"] != 1.0 {
		t.Errorf("logged %v", l)
	}
	aws := l["_aws"].(map[string]any)
	want := "[map[Dimensions:[[]] Metrics:[map[Name:promises_broken Unit:Count] map[Name:oldest_log Unit:None] map[Name:withheld Unit:None]] Namespace:Nanoflux]]"
	if got := fmt.Sprint(aws["CloudWatchMetrics"]); got != want {
		t.Errorf("the metrics are\n%s, not\n%s", got, want)
	}
	if at := time.UnixMilli(int64(aws["Timestamp"].(float64))); at.Before(began.Add(-time.Second)) || at.After(time.Now()) {
		t.Errorf("they are of %s", at) // CloudWatch takes none of another year, whatever time the event says
	}
	Measure(context.Background(), "nobody_listens", 1, None)
}

func TestALineWithoutMetricsHasNothingOfThem(t *testing.T) {
	b := newBench(t, idle)
	if _, err := b.send(asked); err != nil {
		t.Fatal(err)
	}
	if l := b.line(); l["_aws"] != nil || l["msg"] != "job" {
		t.Errorf("logged %v", l)
	}
}
