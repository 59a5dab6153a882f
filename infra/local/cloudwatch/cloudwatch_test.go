package cloudwatch

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

const pattern = `{ ($.msg = "request") || ($.msg = "job") }`

// sink takes events as Lambda's queue does.
type sink struct {
	mu      sync.Mutex
	events  [][]byte
	answers []func(bool)
	fail    error
}

func (k *sink) deliver(_ string, event []byte, settled func(bool)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events, k.answers = append(k.events, event), append(k.answers, settled)
	return k.fail
}

// lines are those of every event, in order.
func (k *sink) lines(t *testing.T) (all []line) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.events {
		var event struct{ AWSLogs struct{ Data string } }
		if err := json.Unmarshal(e, &event); err != nil {
			t.Fatal(err)
		}
		packed, err := base64.StdEncoding.DecodeString(event.AWSLogs.Data)
		if err != nil {
			t.Fatal(err)
		}
		unpacker, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		var message struct {
			MessageType, LogGroup string
			LogEvents             []line
		}
		if err := json.NewDecoder(unpacker).Decode(&message); err != nil || message.MessageType != "DATA_MESSAGE" || message.LogGroup != "Group" {
			t.Fatalf("%+v, %v", message, err)
		}
		all = append(all, message.LogEvents...)
	}
	return all
}

func open(t *testing.T, k *sink) *Service {
	t.Helper()
	s, err := New(Config{
		Subscriptions: []template.Subscription{{Name: "KeepLines", Function: "Keep", LogGroup: "Group", Filter: pattern}},
		Deliver:       k.deliver, Drain: func() {}, Now: func() time.Time { return time.UnixMilli(1772366400500) }, Log: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLinesOfTheGroupThatMatchAreDelivered(t *testing.T) {
	k := &sink{}
	s := open(t, k)
	site := template.Function{ID: "Site", LogGroup: "Group"}
	for _, text := range []string{`{"msg":"request","n":1}`, `{"msg":"panic"}`, `request`, `{"msg":"job"}`, `{"msg":7}`, `{"msg":"request"`, ``} {
		s.Put(site, text)
	}
	s.Put(template.Function{ID: "Keep", LogGroup: "Other"}, `{"msg":"job","n":2}`)
	s.Put(template.Function{ID: "Alone"}, `{"msg":"job","n":3}`)
	s.sendAll()
	got := k.lines(t)
	if len(got) != 2 || got[0].Message != `{"msg":"request","n":1}` || got[1].Message != `{"msg":"job"}` {
		t.Fatalf("%+v", got)
	}
	if len(got[0].ID) != 56 || got[0].ID >= got[1].ID || strings.Trim(got[0].ID, "0123456789") != "" || got[0].Timestamp != 1772366400500 {
		t.Errorf("%+v", got)
	}
}

func TestABatchGoesWhenItIsFullOrOld(t *testing.T) {
	k := &sink{}
	s := open(t, k)
	for range mostLines + 1 {
		s.Put(template.Function{LogGroup: "Group"}, `{"msg":"job"}`)
	}
	if got := len(k.lines(t)); got != mostLines {
		t.Errorf("%d lines went at once", got)
	}
	for end := time.Now().Add(10 * time.Second); len(k.lines(t)) != mostLines+1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the last line waits for ever")
		}
	}
}

func TestAFlushWaitsForWhatWasPrintedBefore(t *testing.T) {
	k := &sink{}
	s := open(t, k)
	s.config.Drain = func() { s.Put(template.Function{LogGroup: "Group"}, `{"msg":"job"}`) } // it was still in the pipe
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a flush does not wait: %v", err)
	}
	k.answers[0](true)
	k.answers[0](false) // AWS delivers some events twice
	flushed := make(chan Delivered)
	go func() {
		counts, _ := s.Flush(t.Context())
		flushed <- counts
	}()
	for end := time.Now().Add(10 * time.Second); len(k.lines(t)) < 2 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	k.mu.Lock()
	k.answers[1](false)
	k.mu.Unlock()
	if got := <-flushed; got.Delivered+got.Lost != 2 || got.Lost < 1 {
		t.Errorf("%+v", got)
	}
	k.fail = errors.New("no")
	s.config.Drain = func() { s.Put(template.Function{LogGroup: "Group"}, `{"msg":"job"}`) }
	if got, err := s.Flush(t.Context()); err != nil || got.Lost < 2 {
		t.Errorf("%+v, %v", got, err)
	}
	s.Close()
	s.Put(template.Function{LogGroup: "Group"}, `{"msg":"job"}`)
	s.sendAll()
	if got := len(k.lines(t)); got != 3 {
		t.Errorf("%d lines, one of them after the end", got)
	}
}

func TestAFilterThatIsNotUnderstoodIsNamed(t *testing.T) {
	for _, pattern := range []string{"", "ERROR", `{ $.msg = * }`, `{ $.status = 200 }`, `{ $.a = "x" && $.b = "y" }`, `{ $.a.b = "x" }`, `$.a = "x"`} {
		_, err := New(Config{Subscriptions: []template.Subscription{{Name: "KeepLines", Filter: pattern}}})
		if err == nil || !strings.Contains(err.Error(), "KeepLines: ") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}
