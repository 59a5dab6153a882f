package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/logbook"
	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/testbed/people"
)

// `make bench` keeps 100 batches of 500 lines, in five rounds.
var (
	rounds  = flag.Int("rounds", 1, "rounds in which keeping is measured beside COPY")
	batches = flag.Int("batches", 2, "batches of 500 lines that are kept then")
)

const perBatch = 500

// Three things run in turns on the same records: COPY into the day's own table, a batch after the other; the statement that
// keeps a batch; the whole function, which also unpacks and checks every line. It asserts only that all of them are kept.
func TestKeepingBesideCopy(t *testing.T) {
	b := open(t)
	direct, err := pgx.Connect(t.Context(), b.Address.Archivist)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close(t.Context())
	var parsed, whole []float64
	for round := range *rounds {
		var copies []string
		var records [][]logbook.Record
		var events []json.RawMessage
		for batch := range *batches {
			lines := linesOf(t, batch*perBatch)
			copies = append(copies, copyOf(t, lines))
			records = append(records, recordsOf(t, lines))
			events = append(events, delivered(t, lines...))
		}
		perSecond := func(what string, keep func(batch int) error) float64 {
			t.Helper()
			b.Do(t, `truncate app_days.log_record_20260301`)
			began := time.Now()
			for batch := range *batches {
				if err := keep(batch); err != nil {
					t.Fatal(err)
				}
			}
			took := time.Since(began).Seconds()
			if got := people.Ask[int](t, b.Database, `select count(*) from app.log_record`); got != *batches*perBatch {
				t.Fatalf("%s kept %d of %d", what, got, *batches*perBatch)
			}
			return float64(*batches*perBatch) / took
		}
		copied := perSecond("COPY", func(batch int) error {
			_, err := direct.PgConn().CopyFrom(t.Context(), strings.NewReader(copies[batch]), `copy app_days.log_record_20260301 from stdin`)
			return err
		})
		stated := perSecond("the statement", func(batch int) error {
			_, err := logbook.Keep(t.Context(), b.Logger, records[batch], people.Now())
			return err
		})
		run := perSecond("the function", func(batch int) error {
			_, err := b.handle(t.Context(), events[batch])
			return err
		})
		parsed, whole = append(parsed, stated/copied), append(whole, run/copied)
		t.Logf("round %d, in records/s: COPY %.0f; the statement %.0f, ratio %.2f; the whole function %.0f, ratio %.2f",
			round+1, copied, stated, stated/copied, run, run/copied)
	}
	slices.Sort(parsed)
	slices.Sort(whole)
	t.Logf("median ratios: the statement %.2f, the whole function %.2f (aim: 0.5)", parsed[len(parsed)/2], whole[len(whole)/2])
}

// linesOf are lines of different requests.
func linesOf(t *testing.T, first int) (lines []string) {
	t.Helper()
	for n := first; n < first+perBatch; n++ {
		text, err := json.Marshal(logline.Record{
			Time: logline.MomentOf(people.Now().Add(time.Duration(n) * time.Millisecond)), Level: "INFO", Msg: "request", Function: "library",
			RequestID: logline.RequestID(fmt.Sprintf("%015d=", n)), Invocation: logline.Invocation(fmt.Sprintf("5a1e4e0c-51c0-4d1e-9a57-%012d", n)),
			Route: "/api/images/{id}", Method: "GET", Status: 404, Ms: int64(n % 300), Code: "image_not_found", Error: "pgconn.PgError:23505",
			Who: "oqmfbqxrh2kq5ynyzqa2tfj6ce", Browser: "Firefox", System: "Linux", Network: "203.0.113.0/24",
		})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	return lines
}

func recordsOf(t *testing.T, lines []string) (records []logbook.Record) {
	t.Helper()
	for i, line := range lines {
		r, ok := logbook.Parse(fmt.Sprintf("%056d", i), line)
		if !ok {
			t.Fatal(line)
		}
		records = append(records, r)
	}
	return records
}

// copyOf is the same in COPY's text format.
func copyOf(t *testing.T, lines []string) string {
	t.Helper()
	var all bytes.Buffer
	for i, line := range lines {
		var l logline.Record
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\t%056d\t%s\t%s\t%s\t%s\t%d\t%d\t%t\t\\N\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Time, i, l.Msg, l.Function, l.Route, l.Method,
			l.Status, l.Ms, l.Cold, l.Code, l.Error, l.Who, l.Browser, l.System, l.Network, l.RequestID, l.Invocation)
	}
	return all.String()
}
