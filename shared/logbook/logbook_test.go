package logbook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/testbed/people"
)

// request is a record of a request at a time, with every field.
func request(at time.Time) logline.Record {
	return logline.Record{
		Time: logline.MomentOf(at), Level: "INFO", Msg: "request", Function: "library", RequestID: "JKJaXmPLvHcESHA=",
		Invocation: "5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11", Route: "/api/images/{id}", Method: "GET", Status: 200, Ms: 12, Cold: true,
		Code: "image_not_found", Error: "pgconn.PgError:23505", Who: "oqmfbqxrh2kq5ynyzqa2tfj6ce", Browser: "Samsung Browser", System: "Android",
		Network: "2001:db8:1::/48",
	}
}

// parsed is what a line with these fields is kept as.
func parsed(t testing.TB, number int, l logline.Record) logbook.Record {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := logbook.Parse(fmt.Sprintf("%056d", number), string(text))
	if !ok {
		t.Fatalf("no record: %s", text)
	}
	return r
}

// TestWhatFitsOurShapesFitsTheDatabases makes texts of the pieces that shapes are made of: one text that only the database
// refused would make its whole batch fail, again and again.
func TestWhatFitsOurShapesFitsTheDatabases(t *testing.T) {
	t.Parallel()
	db, dice := people.Open(t), rand.New(rand.NewPCG(7, 9))
	if _, err := logbook.MakeDays(t.Context(), db.Archivist, people.Now()); err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split("pgconn|.|PgError|:|23505|/|a|_|-|{|}|$|...|panic:|stripe:|400|404|dead|beef|::|1|.2|9|0|[0]|(x)|*|,|=|+|QWERTYUI|ASDFGHJK|"+
		"fs|http2|StreamError|images|.well-known|json|{id}|/api|x.Y|abcdefghijklmnop|abcdefghijklmnopqrst|/{$}|other|JKJaXmPLvHcESHA|203.0.113.0|/24|2001:db8:1|/48|sweep|logs|image_|not|_found", "|")
	fits, records := map[string]int{}, []logbook.Record{}
	for len(records) < 4000 {
		l := request(people.Now())
		v := reflect.ValueOf(&l).Elem()
		for _, name := range []string{"RequestID", "Invocation", "Route", "Method", "Code", "Error", "Who", "Browser", "System", "Network", "Function"} {
			var text strings.Builder
			for range 1 + dice.IntN(7) {
				text.WriteString(pieces[dice.IntN(len(pieces))])
			}
			was := v.FieldByName(name).String()
			v.FieldByName(name).SetString(text.String())
			if v.FieldByName(name).Interface().(fmt.Stringer).String() == logline.Withheld {
				v.FieldByName(name).SetString(was)
			} else {
				fits[name]++
			}
		}
		records = append(records, parsed(t, len(records), l))
	}
	done, err := logbook.Keep(t.Context(), db.Logger, records, people.Now())
	if err != nil || done.Kept != len(records) {
		t.Errorf("%+v, %v", done, err)
	}
	if fits["Error"] < 100 || fits["Function"] < 100 {
		t.Errorf("too few were tried: %v", fits)
	}
}

func TestEachRecordOfABatchIsCountedOnce(t *testing.T) {
	t.Parallel()
	ctx, db, now := context.Background(), people.Open(t), people.Now()
	if _, err := logbook.MakeDays(ctx, db.Archivist, now); err != nil {
		t.Fatal(err)
	}
	at := func(days ...float64) (all []logbook.Record) {
		for i, d := range days {
			all = append(all, parsed(t, i, request(now.Add(time.Duration(d*24*float64(time.Hour))))))
		}
		return all
	}
	keep := func(records []logbook.Record) logbook.Outcome {
		done, err := logbook.Keep(ctx, db.Logger, records, now)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if done := keep(nil); done != (logbook.Outcome{}) {
		t.Errorf("of none: %+v", done)
	}
	if done := keep(at(0, 0.1, -1)); done != (logbook.Outcome{Kept: 3}) {
		t.Errorf("the first: %+v", done)
	}
	if done := keep(at(0, 0.1, -2, -100, 14, 15, 400)); done != (logbook.Outcome{Kept: 1, Repeated: 2, Gone: 2, Ahead: 2}) {
		t.Errorf("the second: %+v", done)
	}
	if done := keep(append(at(0.2), at(0.2)...)); done != (logbook.Outcome{Kept: 1, Repeated: 1}) {
		t.Errorf("twice in one: %+v", done)
	}
	if done, err := logbook.Keep(ctx, db.Logger, at(0.3, 15), now.AddDate(0, 0, 15)); err == nil {
		t.Errorf("the days stopped being made, and nobody is told: %+v", done)
	}
	if got := people.Ask[int](t, db, `select count(*) from app.log_record`); got != 5 {
		t.Errorf("%d records", got)
	}
}

func TestAFieldThatDoesNotFitIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	for line, dropped := range map[string]int{
		`{"time":"2026-03-01T12:00:00Z","msg":"job","function":"draw","ms":1,"cold":true,"ok":false}`:                                                 0,
		`{"time":"2026-03-01T12:00:00Z","msg":"job","function":"draw","ms":1,"cold":true,"ok":false,"who":"ann","network":"203.0.113.7"}`:             2,
		`{"time":"2026-03-01T12:00:00Z","msg":"job","function":"draw","ok":true,"code":"withheld","error":"fox","prompt":"a fox","counts":{"fox":1}}`: 2,
	} {
		if r, ok := logbook.Parse("1", line); !ok || r.Dropped() != dropped {
			t.Errorf("%s: %d, %v", line, r.Dropped(), ok)
		}
	}
	if _, ok := logbook.Parse("1", `{"time":"2026-03-01T12:00:00Z","msg":"job","function":"draw","ok":"ann@example.com"}`); ok {
		t.Error("an address is taken for an outcome")
	}
	for _, id := range []string{"", "ann", "-1", "0x1", strings.Repeat("1", 65)} {
		if _, ok := logbook.Parse(id, `{"time":"2026-03-01T12:00:00Z","msg":"job","function":"draw","ok":true}`); ok {
			t.Errorf("%q is taken for an id of CloudWatch's", id)
		}
	}
}
