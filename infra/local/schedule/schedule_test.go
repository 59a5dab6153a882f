package schedule

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/template"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestNextFollowsTheExpression(t *testing.T) {
	for _, c := range []struct{ expression, after, want string }{
		{"rate(1 minute)", "2026-11-23 17:00:00", "2026-11-23 17:01:00"},
		{"rate(5 minutes)", "2026-11-23 17:03:09", "2026-11-23 17:05:00"},
		{"rate(2 hours)", "2026-11-23 17:03:09", "2026-11-23 18:00:00"},
		{"rate(1 day)", "2026-11-23 17:03:09", "2026-11-24 00:00:00"},
		{"cron(0 3 * * ? *)", "2026-11-23 03:00:00", "2026-11-24 03:00:00"},
		{"cron(0 3 * * ? *)", "2026-11-23 02:59:59", "2026-11-23 03:00:00"},
		{"cron(0/15 * * * ? *)", "2026-11-23 17:46:00", "2026-11-23 18:00:00"},
		{"cron(*/20 8-9 * * ? *)", "2026-11-23 08:40:00", "2026-11-23 09:00:00"},
		{"cron(15 10 ? * MON-FRI *)", "2026-11-20 10:15:00", "2026-11-23 10:15:00"},
		{"cron(15 10 ? * 2,SAT *)", "2026-11-23 10:15:00", "2026-11-28 10:15:00"},
		{"cron(0 8 1 JAN,jul ? *)", "2026-11-23 00:00:00", "2027-01-01 08:00:00"},
		{"cron(0 0 L * ? *)", "2028-02-10 00:00:00", "2028-02-29 00:00:00"},
		{"cron(0 0 LW * ? *)", "2026-10-10 00:00:00", "2026-10-30 00:00:00"},
		{"cron(0 0 1W * ? *)", "2026-07-20 00:00:00", "2026-08-03 00:00:00"},
		{"cron(0 0 15W * ? *)", "2026-11-01 00:00:00", "2026-11-16 00:00:00"},
		{"cron(0 0 31W * ? *)", "2026-05-01 00:00:00", "2026-05-29 00:00:00"},
		{"cron(0 0 ? * 6L *)", "2026-11-01 00:00:00", "2026-11-27 00:00:00"},
		{"cron(0 0 ? * FRIL *)", "2026-11-27 00:00:00", "2026-12-25 00:00:00"},
		{"cron(0 0 ? * L *)", "2026-11-23 00:00:00", "2026-11-28 00:00:00"},
		{"cron(0 0 ? * 3#2 *)", "2026-11-01 00:00:00", "2026-11-10 00:00:00"},
		{"cron(0 0 ? * 1#5 *)", "2026-11-30 00:00:00", "2027-01-31 00:00:00"},
		{"cron(0 0 29 2 ? *)", "2026-11-23 00:00:00", "2028-02-29 00:00:00"},
		{"cron(0 0 1 1 ? 2030-2032/2)", "2030-06-01 00:00:00", "2032-01-01 00:00:00"},
		{"cron(0 0 1 1 ? 2020)", "2026-01-01 00:00:00", "0001-01-01 00:00:00"},
		{"cron(0 0 31 2 ? *)", "2026-01-01 00:00:00", "0001-01-01 00:00:00"},
	} {
		expression, err := Parse(c.expression)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		if got := expression.Next(at(t, c.after)); !got.Equal(at(t, c.want)) {
			t.Errorf("%s after %s: %v, want %s", c.expression, c.after, got, c.want)
		}
	}
}

func TestParseRefusesWhatAWSRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"5 minutes":            "write rate(5 minutes) or cron",
		"rate(1 minute":        "write rate(5 minutes) or cron",
		"rate(1 minutes)":      `"minutes" is no unit for 1`,
		"rate(2 minute)":       `"minute" is no unit for 2`,
		"rate(2 weeks)":        `"weeks" is no unit`,
		"rate(0 minutes)":      "not a whole number from 1 on",
		"cron(0 3 * * ?)":      "it has 5 fields",
		"cron(0 3 * * * *)":    "exactly one of day-of-month and day-of-week",
		"cron(0 3 ? * ? *)":    "exactly one of day-of-month and day-of-week",
		"cron(60 3 * * ? *)":   `"60" is not a value of minutes`,
		"cron(0 3 * DEZ ? *)":  `"DEZ" is not a value of month`,
		"cron(0 5-3 * * ? *)":  "runs backwards",
		"cron(0/0 3 * * ? *)":  `step "0" of minutes`,
		"cron(0 3 ? * 2#6 *)":  "counts no week",
		"cron(0 3 ? * 8L *)":   `"8" is not a value of day of week`,
		"cron(0 3 40W * ? *)":  `"40" is not a value of day of month`,
		"cron(0 3 * * ? 1969)": `"1969" is not a value of year`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", text, err, want)
		}
	}
}

func TestEventCarriesTheScheduledTime(t *testing.T) {
	moment := at(t, "2026-12-24 00:00:00")
	v2 := template.Schedule{Name: "sweep-stalled", Input: `{"time": "<aws.scheduler.scheduled-time>"}`, V2: true}
	if got := string(Event(v2, moment)); got != `{"time": "2026-12-24T00:00:00Z"}` {
		t.Errorf("input: %s", got)
	}
	for _, c := range []struct {
		schedule       template.Schedule
		source, detail string
	}{
		{template.Schedule{Name: "daily"}, "aws.events", "{}"},
		{template.Schedule{Name: "daily", V2: true}, "aws.scheduler", `"{}"`},
	} {
		var got struct {
			Time, Source string
			Detail       json.RawMessage
			Type         string `json:"detail-type"`
		}
		if err := json.Unmarshal(Event(c.schedule, moment), &got); err != nil {
			t.Fatal(err)
		}
		if got.Time != "2026-12-24T00:00:00Z" || got.Source != c.source || string(got.Detail) != c.detail || got.Type != "Scheduled Event" {
			t.Errorf("%+v", got)
		}
	}
	if got := string(Event(template.Schedule{Input: `{"a":1}`}, moment)); got != `{"a":1}` {
		t.Errorf("a rule's input: %s", got)
	}
}

func TestRunFiresEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fired []string
		r, err := New(Config{
			Schedules: []template.Schedule{{Name: "sweep", Function: "Sweep", Expression: "rate(1 minute)", Input: "<aws.scheduler.scheduled-time>", V2: true}},
			InvokeAsync: func(name string, payload []byte) error {
				fired = append(fired, name+" "+string(payload))
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Second)
		defer cancel()
		r.Run(ctx)
		if got := strings.Join(fired, ", "); got != "Sweep 2000-01-01T00:01:00Z, Sweep 2000-01-01T00:02:00Z" {
			t.Errorf("fired: %s", got)
		}
	})
}

func TestRunTellsTheTimeOfTheCloudsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fired string
		r, err := New(Config{
			Schedules:   []template.Schedule{{Name: "sweep", Expression: "rate(1 minute)", Input: "<aws.scheduler.scheduled-time>", V2: true}},
			InvokeAsync: func(_ string, payload []byte) error { fired = string(payload); return nil },
			Now:         func() time.Time { return time.Now().Add(24*time.Hour + 7*time.Second) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
		defer cancel()
		r.Run(ctx)
		if fired != "2000-01-02T00:01:00Z" {
			t.Errorf("fired with %s", fired)
		}
	})
}

func TestFireGivesTheAnswerOfTheNamedSchedule(t *testing.T) {
	r, err := New(Config{
		Schedules: []template.Schedule{{Name: "sweep-stalled", Function: "SweepStalled", Expression: "rate(1 minute)", Input: "<aws.scheduler.scheduled-time>", V2: true}},
		Invoke: func(_ context.Context, name string, payload []byte) (lambda.Result, error) {
			return lambda.Result{Payload: []byte(name + " " + string(payload))}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Fire(t.Context(), "sweep-stalled", at(t, "2026-12-24 00:00:00"), nil)
	if err != nil || string(got.Payload) != "SweepStalled 2026-12-24T00:00:00Z" {
		t.Errorf("%s, %v", got.Payload, err)
	}
	if _, err := r.Fire(t.Context(), "sweep", time.Now(), nil); err == nil || !strings.Contains(err.Error(), `no schedule is called "sweep"; the template has sweep-stalled`) {
		t.Errorf("%v", err)
	}
}

func TestFireAddsFieldsToTheEvent(t *testing.T) {
	r, err := New(Config{
		Schedules: []template.Schedule{
			{Name: "reconcile-stripe", Expression: "rate(1 hour)", Input: `{"at":"<aws.scheduler.scheduled-time>","days":7}`, V2: true},
			{Name: "plain", Expression: "rate(1 hour)", Input: "<aws.scheduler.scheduled-time>", V2: true},
		},
		Invoke: func(_ context.Context, _ string, payload []byte) (lambda.Result, error) {
			return lambda.Result{Payload: payload}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	more := map[string]json.RawMessage{"days": []byte("90")}
	got, err := r.Fire(t.Context(), "reconcile-stripe", at(t, "2026-12-24 00:00:00"), more)
	if err != nil || string(got.Payload) != `{"at":"2026-12-24T00:00:00Z","days":90}` {
		t.Errorf("%s, %v", got.Payload, err)
	}
	if _, err := r.Fire(t.Context(), "plain", time.Now(), more); err == nil || !strings.Contains(err.Error(), "the event of plain takes no fields") {
		t.Errorf("%v", err)
	}
}

func TestNewNamesTheScheduleOfAMalformedExpression(t *testing.T) {
	_, err := New(Config{Schedules: []template.Schedule{{Name: "daily", Expression: "daily"}}})
	if err == nil || !strings.HasPrefix(err.Error(), `daily: schedule "daily": `) {
		t.Errorf("%v", err)
	}
}
