package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func ask(t *testing.T, handler http.Handler, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, request)
	return reply
}

func TestControlTakesWhatItKnowsFromToolsOnly(t *testing.T) {
	var got firing
	handler := command(func(_ context.Context, asked firing) (any, error) {
		got = asked
		return struct{}{}, nil
	})
	if reply := ask(t, handler, `{"name":"sweep-stalled","at":"2026-12-24T00:00:00Z"}`); reply.Code != 200 || got.Name != "sweep-stalled" ||
		!got.time(time.Now()).Equal(time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%d, %+v", reply.Code, got)
	}
	if reply := ask(t, handler, `{"name":"reconcile-stripe","event":{"days":90}}`); reply.Code != 200 || string(got.Event["days"]) != "90" {
		t.Errorf("%d, %+v", reply.Code, got)
	}
	for _, body := range []string{"", "rubbish", `{"name":"x","event":90}`, `{"nam":"x"}`, `{"name":"x","at":"tomorrow"}`} {
		if reply := ask(t, handler, body); reply.Code != 400 {
			t.Errorf("%q: %d", body, reply.Code)
		}
	}
	if reply := ask(t, handler, `{"name":"x"}`, "Origin", "http://evil.example"); reply.Code != 400 || got.Name == "x" {
		t.Errorf("a page fired a schedule: %d", reply.Code)
	}
}

func TestDisorderIsToldAsFaults(t *testing.T) {
	told := disorder{Drop: 0.1, Duplicate: 5, DelayMS: 20}.faults()
	if told.Drop != 0.1 || told.Duplicate != 1 || told.Copies != 5 || told.Delay != 1 || told.Wait != 20*time.Millisecond {
		t.Errorf("%+v", told)
	}
	if calm := (disorder{}).faults(); calm.Drop+calm.Duplicate+calm.Delay != 0 {
		t.Errorf("%+v", calm)
	}
}
