package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

type bench struct {
	people.Database
	t      *testing.T
	handle func(context.Context, json.RawMessage) (struct{}, error)
}

func open(t *testing.T) bench {
	t.Helper()
	t.Parallel()
	b := bench{Database: people.Open(t), t: t}
	if _, err := logbook.MakeDays(t.Context(), b.Archivist, people.Now()); err != nil {
		t.Fatal(err)
	}
	b.handle = task.LogsHandler(keeper{b.Logger}.keep)
	return b
}

// sample is the batch of event.json.
func sample(t *testing.T) (event json.RawMessage, batch map[string]any) {
	t.Helper()
	event, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ AWSLogs struct{ Data []byte } }
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(e.AWSLogs.Data))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(unpacker).Decode(&batch); err != nil {
		t.Fatal(err)
	}
	return event, batch
}

// packed is an event with this text in it.
func packed(t *testing.T, text []byte) json.RawMessage {
	t.Helper()
	var data bytes.Buffer
	packer := gzip.NewWriter(&data)
	if _, err := packer.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"awslogs":{"data":%q}}`, base64.StdEncoding.EncodeToString(data.Bytes()))
}

// delivered is the event of event.json with these lines in place of its own.
func delivered(t *testing.T, lines ...string) json.RawMessage {
	t.Helper()
	_, batch := sample(t)
	var all []any
	for i, line := range lines {
		all = append(all, map[string]any{"id": fmt.Sprintf("%056d", i), "timestamp": people.Now().UnixMilli(), "message": line})
	}
	batch["logEvents"] = all
	text, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	return packed(t, text)
}

func (b bench) send(event json.RawMessage) {
	b.t.Helper()
	if _, err := b.handle(b.t.Context(), event); err != nil {
		b.t.Fatal(err)
	}
}

// kept is every row as text.
func (b bench) kept() []string {
	b.t.Helper()
	return people.Ask[[]string](b.t, b.Database, `select coalesce(array_agg(r::text order by id), '{}') from app.log_record r`)
}

func TestABatchIsKeptOnceHoweverOftenItIsDelivered(t *testing.T) {
	b := open(t)
	event, _ := sample(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := b.handle(t.Context(), event); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.send(event)
	want := []string{
		`("2026-03-01 12:00:00.123+00",36940000000000000000000000000000000000000000000000000000,request,library,/api/images,GET,200,12,f,,,,` +
			`oqmfbqxrh2kq5ynyzqa2tfj6ce,Firefox,Linux,203.0.113.0/24,JKJaXmPLvHcESHA=,5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11)`,
		`("2026-03-01 12:00:00+00",36940000000000000000000000000000000000000000000000000001,job,sweep-stalled,,,,40,t,t,,,,,,,8c6f7a10-51c0-4d1e-9a57-0d7a1f3f2b11,)`,
	}
	if got := b.kept(); !slices.Equal(got, want) {
		t.Errorf("kept %s", strings.Join(got, "\n"))
	}
}

// TestNothingPlantedIsStored puts what must not be kept into every place of a delivered line that takes text (policy P2.4).
func TestNothingPlantedIsStored(t *testing.T) {
	b := open(t)
	planted := []string{
		"ann@example.com", "a red fox, secretly", "portrait of ann", "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "K3ZQ7XH2M5PBJ4RWCVTNAEYG6D",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "203.0.113.7", "2001:db8:1:2::7", "203.0.113.7/32",
	}
	_, batch := sample(t)
	var lines []string
	partly := 0
	for _, secret := range planted {
		for i, line := range batch["logEvents"].([]any) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line.(map[string]any)["message"].(string)), &fields); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"time", "level", "msg", "function", "requestId", "invocation", "route", "method", "status", "ms", "cold", "ok",
				"code", "error", "who", "browser", "system", "network", "counts", "alarms", "prompt", secret} {
				changed := maps.Clone(fields)
				changed[name] = secret
				text, _ := json.Marshal(changed) // it was JSON before
				lines = append(lines, string(text))
				if i == 0 && slices.Contains([]string{"level", "requestId", "invocation", "route", "method", "code", "error", "who", "browser", "system", "network", "prompt", secret}, name) {
					partly++
				}
			}
			text, _ := json.Marshal(fields)
			lines = append(lines, secret, string(text)+secret, `"`+secret+`"`)
		}
	}
	b.send(delivered(t, lines...))
	all := strings.Join(b.kept(), "\n")
	for _, secret := range planted {
		if strings.Contains(strings.ToLower(all), strings.ToLower(secret)) {
			t.Errorf("%s is stored: %s", secret, all)
		}
	}
	if got := strings.Count(all, ",request,library,"); got != partly {
		t.Errorf("%d of %d records are kept without the field that did not fit", got, partly)
	}
}

func TestWhatIsNoRecordIsLeftOutOfABatchThatIsKept(t *testing.T) {
	b := open(t)
	_, batch := sample(t)
	good := batch["logEvents"].([]any)[0].(map[string]any)["message"].(string)
	b.send(delivered(t, "", "null", "7", "[]", `{"msg":"panic","level":"ERROR"}`, "\x00", good, `{`, strings.Repeat("[", 20000),
		strings.Replace(good, "12", "-1", 1), strings.Replace(good, `"status":200`, `"status":99`, 1), strings.Replace(good, `"ms":12`, `"ms":3000000000`, 1)))
	if got := b.kept(); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf("%056d", 6)) {
		t.Errorf("kept %v", got)
	}
}

// Not beside other tests: it reads what the function prints.
func TestAnOperatorHearsOfLinesThatCannotBeKept(t *testing.T) {
	db := people.Open(t)
	if _, err := logbook.MakeDays(t.Context(), db.Archivist, people.Now()); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	handle := task.LogsHandler(keeper{db.Logger}.keep)
	os.Stdout = stdout
	_, batch := sample(t)
	good := batch["logEvents"].([]any)[0].(map[string]any)["message"].(string)
	var was map[string]any
	if err := json.Unmarshal([]byte(good), &was); err != nil {
		t.Fatal(err)
	}
	ahead := strings.Replace(good, was["time"].(string), people.Now().AddDate(0, 0, 400).Format(time.RFC3339), 1)
	for i, line := range []string{good, `{"msg":"request"}`, ahead} {
		if _, err := handle(t.Context(), delivered(t, line)); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if last := lines[len(lines)-1]; len(lines) != i+1 || strings.Contains(last, `"alarms":["logs_not_kept"]`) != (i > 0) {
			t.Errorf("of %s it says %s", line, last)
		}
	}
}

func TestAControlMessageIsAnsweredAndKeepsNothing(t *testing.T) {
	b := open(t)
	b.send(packed(t, []byte(`{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],
		"logEvents":[{"id":"","timestamp":1772366400500,"message":"CWL CONTROL MESSAGE: Checking health of destination Lambda."}]}`)))
	b.send(delivered(t))
	if got := b.kept(); len(got) != 0 {
		t.Errorf("kept %v", got)
	}
}

func TestADamagedEventIsRefusedWhole(t *testing.T) {
	b := open(t)
	event, batch := sample(t)
	var e struct{ AWSLogs struct{ Data []byte } }
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	changed := func(change func(data []byte) []byte) json.RawMessage {
		return fmt.Appendf(nil, `{"awslogs":{"data":%q}}`, base64.StdEncoding.EncodeToString(change(bytes.Clone(e.AWSLogs.Data))))
	}
	batch["messageType"] = "OTHER_MESSAGE"
	other, _ := json.Marshal(batch)
	bomb := packed(t, append(append([]byte(`{"messageType":"DATA_MESSAGE","logGroup":"`), bytes.Repeat([]byte("a"), 64<<20)...), `"}`...))
	for name, c := range map[string]struct {
		event json.RawMessage
		class string
	}{
		"half":           {changed(func(data []byte) []byte { return data[:len(data)/2] }), "malformed_event"},
		"wrong checksum": {changed(func(data []byte) []byte { data[len(data)-8] ^= 1; return data }), "malformed_event"},
		"wrong byte":     {changed(func(data []byte) []byte { data[len(data)/2] ^= 1; return data }), "malformed_event"},
		"not packed":     {changed(func([]byte) []byte { return []byte("{}") }), "malformed_event"},
		"no base64":      {[]byte(`{"awslogs":{"data":"~"}}`), "malformed_event"},
		"no data":        {[]byte(`{"at":"2026-03-01T12:00:00Z"}`), "malformed_event"},
		"no JSON":        {packed(t, []byte("ann@example.com")), "malformed_event"},
		"another kind":   {packed(t, other), "malformed_event"},
		"far too large":  {bomb, "event_too_large"},
	} {
		_, err := b.handle(t.Context(), c.event)
		if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || failed.Type != c.class {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := b.kept(); len(got) != 0 {
		t.Errorf("kept %v", got)
	}
}

func TestADayThatIsNotThereYetMakesTheBatchComeAgain(t *testing.T) {
	b := open(t)
	_, batch := sample(t)
	good := batch["logEvents"].([]any)[0].(map[string]any)["message"].(string)
	event := delivered(t, good)
	b.Do(t, `drop table app_days.log_record_20260301`)
	if _, err := b.handle(t.Context(), event); err == nil {
		t.Fatal("a record was lost in silence")
	}
	if _, err := logbook.MakeDays(t.Context(), b.Archivist, people.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.send(event)
	if got := b.kept(); len(got) != 1 {
		t.Errorf("kept %v", got)
	}
}
