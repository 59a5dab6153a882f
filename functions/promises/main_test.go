package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/web"
)

func get(t *testing.T, db people.Database, query string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	event.RawQueryString = query
	reply, err := web.Handler("https://nanoflux.ai", promises{db.Reader}.routes())(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestEverybodyMayReadWhatWasSeenAndNothingIsSaidOfAnybody(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	if reply := get(t, db, ""); reply.StatusCode != 200 || strings.TrimSpace(reply.Body) != `{"checked_at":null,"promises":[],"disclosures":0}` {
		t.Errorf("before the first look: %d %s", reply.StatusCode, reply.Body)
	}
	at := people.Now()
	earlier := at.Add(-20 * time.Hour)
	p := promise.Promise{Measure: "oldest_log", Clause: "P4.2b", Says: "No log record is older than 90 days.", Unit: "hours", Value: 2137, Warn: 2136, Bound: 2160,
		State: promise.AtRisk, SeenAt: &at, Since: at}
	q := p
	q.Measure, q.State, q.SeenAt = "objects_without_rows", promise.Kept, &earlier
	never := p
	never.Measure, never.SeenAt = "rows_without_objects", nil
	if err := promise.Write(t.Context(), db.Watcher, []promise.Promise{p, q, never}); err != nil {
		t.Fatal(err)
	}
	db.Do(t, `insert into app.disclosure (at, actor, authority, ground, given, told, about)
		values ($1, 'kim', 'A court', 'order 17/26', 'account, images', true, gen_random_uuid())`, at)

	reply := get(t, db, "")
	want := `{"checked_at":"2026-03-01T12:00:00Z","promises":[{"measure":"objects_without_rows","clause":"P4.2b","says":"No log record is older than 90 days.",` +
		`"unit":"hours","value":2137,"warn":2136,"bound":2160,"state":"kept","seen_at":"2026-02-28T16:00:00Z","since":"2026-03-01T12:00:00Z"},`
	if reply.StatusCode != 200 || !strings.HasPrefix(reply.Body, want) || !strings.HasSuffix(strings.TrimSpace(reply.Body), `"disclosures":1}`) || strings.Contains(reply.Body, "court") {
		t.Errorf("%d %s", reply.StatusCode, reply.Body)
	}
	if reply.Headers["Cache-Control"] != "public, max-age=60" || reply.Headers["Content-Type"] != "application/json" || len(reply.Cookies) > 0 {
		t.Errorf("%v %v", reply.Headers, reply.Cookies)
	}
}

func TestAQuestionThatNobodyUnderstandsIsRefused(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	if reply := get(t, db, "account=ada"); reply.StatusCode != 400 || !strings.Contains(reply.Body, "account") {
		t.Errorf("%d %s", reply.StatusCode, reply.Body)
	}
}
