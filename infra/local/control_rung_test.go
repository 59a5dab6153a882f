package main

import (
	"encoding/json"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

func TestOnlyAFunctionThatNobodyElseCallsIsRungByHand(t *testing.T) {
	plan := &template.Template{
		Functions: []template.Function{{ID: "Staff", Folder: "staff"}, {ID: "Site", Folder: "site"}, {ID: "SweepAccounts", Folder: "sweep-accounts"}},
		Routes:    []template.Route{{Function: "Site"}},
		Schedules: []template.Schedule{{Function: "SweepAccounts", Name: "sweep-accounts"}},
	}
	for name, want := range map[string]bool{"staff": true, "site": false, "sweep-accounts": false, "nobody": false} {
		if id, found := rungByHand(plan, name); found != want || found && id != "Staff" {
			t.Errorf("%s: %s %v", name, id, found)
		}
	}
	event, err := firing{Event: map[string]json.RawMessage{"actor": json.RawMessage(`"mia"`)}}.event(time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC))
	if err != nil || string(event) != `{"actor":"mia","at":"2026-12-24T00:00:00Z"}` {
		t.Errorf("%s %v", event, err)
	}
}
