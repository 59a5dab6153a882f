package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

type bench struct {
	people.Database
	queue *testbed.Queue
	send  func(context.Context, json.RawMessage) (done, error)
}

func open(t *testing.T) bench {
	t.Helper()
	t.Parallel()
	b := bench{Database: people.Open(t), queue: testbed.Invocations(t)}
	terms, err := erasure.ParseTerms("7")
	if err != nil {
		t.Fatal(err)
	}
	b.send = task.Handler(desk{b.Staff, b.Lookup, terms, bell.Of(b.queue.Function)}.run)
	return b
}

// order sends what event.json has, changed: a field of nil is left out.
func (b bench) order(t *testing.T, changes map[string]any) (done, error) {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	event := map[string]any{}
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	event["at"] = people.Now()
	for name, value := range changes {
		if event[name] = value; value == nil {
			delete(event, name)
		}
	}
	text, _ = json.Marshal(event) // it was JSON before
	return b.send(context.Background(), text)
}

// record is what staff did, in order.
func (b bench) record(t *testing.T) string {
	t.Helper()
	return people.Ask[string](t, b.Database, `select coalesce(string_agg(actor || ' ' || action || ' ' || about || ': ' || reason, E'\n' order by number), '') from app.staff_action`)
}

// policy P8: without days of grace.
func TestAChildsDataGoesAtOnce(t *testing.T) {
	b := open(t)
	ada, bob := b.SignIn(t, "ada", 50), b.SignIn(t, "bob", 50)
	did, err := b.order(t, map[string]any{"grace": true}) // a child is given none
	if err != nil {
		t.Fatal(err)
	}
	told, err := erasure.Look(t.Context(), b.Web, did.ID, people.Now())
	if s := told.State; err != nil || s == nil || s.DueAt.Sub(people.Now()) > time.Minute || did.ErasedBy.Sub(s.EraseBy) > time.Millisecond {
		t.Fatalf("%+v %v", told.State, err)
	}
	if people.Ask[string](t, b.Database, `select cause from app.erasure where account_id = $1`, ada.ID) != "child" ||
		people.Ask[int](t, b.Database, `select count(*) from app.session where account_id = $1`, ada.ID) != 0 {
		t.Error("the account is not closed")
	}
	if people.Ask[bool](t, b.Database, `select closed_at is not null from app.account where id = $1`, bob.ID) {
		t.Error("somebody else is closed")
	}
	if err := erasure.TakeBack(t.Context(), b.Web, ada.ID, people.Now().Add(time.Minute)); err == nil {
		t.Error("it was taken back")
	}
	if rung := b.queue.Drain(); len(rung) != 1 || !strings.Contains(rung[0], did.ID) {
		t.Errorf("rung is %v", rung)
	}
	if record := b.record(t); record != "mia erase "+did.ID+": a parent wrote: the account of a child of nine" {
		t.Errorf("on record is %s", record)
	}
	if _, err := b.order(t, nil); err == nil || !strings.Contains(err.Error(), "being deleted already") {
		t.Errorf("asked for twice: %v", err)
	}
}

func TestStaffEraseOnRequestWithOrWithoutDaysOfGrace(t *testing.T) {
	b := open(t)
	for name, grace := range map[string]bool{"ada": true, "bob": false} {
		who := b.SignIn(t, name, 50)
		did, err := b.order(t, map[string]any{"email": nil, "account": who.ID, "cause": "staff", "grace": grace})
		if err != nil {
			t.Fatal(err)
		}
		took := erasure.TakeBack(t.Context(), b.Web, who.ID, people.Now().Add(time.Hour))
		if (took == nil) != grace || did.ErasedBy == nil {
			t.Errorf("%s: %+v, %v", name, did, took)
		}
	}
}

func TestAHoldIsPlacedAndLiftedOnRecord(t *testing.T) {
	b := open(t)
	ada, bob := b.SignIn(t, "ada", 50), b.SignIn(t, "bob", 50)
	until := people.Now().Add(240 * time.Hour)
	hold := map[string]any{"action": "hold", "email": "ADA@example.com", "item": ada.ID, "until": until, "reason": "court order 7/26"}
	did, err := b.order(t, hold)
	if err != nil {
		t.Fatal(err)
	}
	holds := func(at time.Time) int {
		found, err := erasure.Holds(t.Context(), b.Web, ada.ID, at)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if holds(people.Now()) != 1 || holds(until) != 0 {
		t.Error("the hold does not hold until its end")
	}
	hold["item"] = bob.ID
	if _, err := b.order(t, hold); err == nil || !strings.Contains(err.Error(), "no such item") {
		t.Errorf("an item of somebody else: %v", err)
	}
	lift := map[string]any{"action": "lift", "hold": did.ID, "reason": "court order lifted", "at": people.Now().Add(time.Hour)}
	if _, err := b.order(t, lift); err != nil || holds(people.Now().Add(2*time.Hour)) != 0 {
		t.Errorf("lifted: %v", err)
	}
	lift["at"] = people.Now().Add(2 * time.Hour)
	if _, err := b.order(t, lift); err == nil || !strings.Contains(err.Error(), "no such hold") {
		t.Errorf("lifted twice: %v", err)
	}
	if record := b.record(t); record != "mia hold "+did.ID+": court order 7/26\nmia lift "+did.ID+": court order lifted" {
		t.Errorf("on record is %s", record)
	}
}

// policy P7c: nothing without a name and a reason.
func TestAnOrderThatIsNotCompleteDoesNothing(t *testing.T) {
	b := open(t)
	ada := b.SignIn(t, "ada", 50)
	for why, c := range map[string]struct {
		changes map[string]any
		says    string
	}{
		"nobody orders it":            {map[string]any{"actor": nil}, "actor"},
		"no reason":                   {map[string]any{"reason": "why"}, "reason"},
		"a reason of spaces":          {map[string]any{"reason": "       "}, "reason"},
		"a reason without end":        {map[string]any{"reason": strings.Repeat("because ", 80)}, "reason"},
		"no such action":              {map[string]any{"action": "forget"}, "erase, hold, lift, disclose or confirm"},
		"no cause":                    {map[string]any{"cause": nil}, "cause"},
		"the cause of a person":       {map[string]any{"cause": "request"}, "cause"},
		"an e-mail nobody has":        {map[string]any{"email": "eve@example.com"}, "Not exactly one account"},
		"no account at all":           {map[string]any{"email": nil}, "account"},
		"an account nobody has":       {map[string]any{"account": uuid.NewString()}, "no account"},
		"an account that is no id":    {map[string]any{"account": "ada"}, "no account"},
		"a hold without an end":       {map[string]any{"action": "hold", "item": ada.ID}, "until"},
		"a hold that has ended":       {map[string]any{"action": "hold", "item": ada.ID, "until": people.Now()}, "until"},
		"a hold on nothing":           {map[string]any{"action": "hold", "until": people.Now().Add(time.Hour)}, "item"},
		"a hold on what is no id":     {map[string]any{"action": "hold", "item": "1", "until": people.Now().Add(time.Hour)}, "item"},
		"a lift of nothing":           {map[string]any{"action": "lift"}, "hold"},
		"a lift of what is no id":     {map[string]any{"action": "lift", "hold": "1"}, "hold"},
		"a lift of what nobody knows": {map[string]any{"action": "lift", "hold": uuid.NewString()}, "hold"},
		"a plan that nobody made":     {map[string]any{"action": "confirm", "digest": strings.Repeat("0", 64)}, "digest"},
		"a plan of no digest":         {map[string]any{"action": "confirm"}, "digest"},
		"a disclosure to nobody":      {map[string]any{"action": "disclose", "given": "orders"}, "authority"},
		"a disclosure of nothing":     {map[string]any{"action": "disclose", "authority": "a court"}, "given"},
		"a time that is none":         {map[string]any{"until": "tomorrow"}, "fields"},
	} {
		if _, err := b.order(t, c.changes); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if n := people.Ask[int](t, b.Database, `select (select count(*) from app.erasure) + (select count(*) from app.legal_hold) + (select count(*) from app.staff_action)`); n != 0 || len(b.queue.Drain()) != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// policy P7c, policy P7d: and nobody can change what stands there.
func TestWhatStaffDidStaysOnRecord(t *testing.T) {
	b := open(t)
	b.SignIn(t, "ada", 50)
	if _, err := b.order(t, nil); err != nil {
		t.Fatal(err)
	}
	before := b.record(t)
	for _, sql := range []string{
		`update app.staff_action set reason = 'none of your business'`, `delete from app.staff_action`, `truncate app.staff_action`,
	} {
		if _, err := b.Staff.Exec(t.Context(), sql); err == nil {
			t.Errorf("staff may %s", sql)
		}
		if _, err := b.Owner.Exec(t.Context(), sql); err == nil {
			t.Errorf("the owner may %s", sql)
		}
	}
	if after := b.record(t); after != before || after == "" {
		t.Errorf("%s became %s", before, after)
	}
}

// policy P5.2: each disclosure is recorded, and the record stays.
func TestADisclosureStaysOnRecord(t *testing.T) {
	b := open(t)
	ada := b.SignIn(t, "ada", 50)
	asked := map[string]any{"action": "disclose", "authority": "Amtsgericht Mitte", "given": "orders, sessions", "told": true, "cause": nil, "reason": "warrant 7/26"}
	if _, err := b.order(t, asked); err != nil {
		t.Fatal(err)
	}
	got := people.Ask[string](t, b.Database, `select concat_ws('|', actor, authority, ground, given, told, about = $1) from app.disclosure`, ada.ID)
	if got != "mia|Amtsgericht Mitte|warrant 7/26|orders, sessions|t|t" {
		t.Errorf("the register says %s", got)
	}
	if n := people.Ask[int](t, b.Database, `select count(*) from app.staff_action where action = 'disclose' and about = $1`, ada.ID); n != 1 {
		t.Errorf("%d entries say who did it", n)
	}
	for _, change := range []string{`update app.disclosure set told = false`, `delete from app.disclosure`, `truncate app.disclosure`} {
		if _, err := b.Owner.Exec(context.Background(), change); err == nil {
			t.Errorf("%s: the register can be changed", change)
		}
	}
}

// Who confirmed a sweep, and why, stays on record under the first half of its digest.
func TestAConfirmedSweepIsOnRecordAndConfirmedOnce(t *testing.T) {
	b := open(t)
	digest := strings.Repeat("0123456789abcdef", 4)
	b.Do(t, `select app.ask_to_sweep($1, 'sweep-payments', $2, 1001, 1501, $2)`, digest, people.Now())
	asked := map[string]any{"action": "confirm", "digest": digest, "email": nil, "cause": nil, "reason": "a campaign of 2026"}
	if did, err := b.order(t, asked); err != nil || did.ID != digest {
		t.Fatalf("%+v %v", did, err)
	}
	if got := people.Ask[string](t, b.Database, `select digest from app.confirmed_sweeps('sweep-payments')`); got != digest {
		t.Errorf("confirmed is %s", got)
	}
	if _, err := b.order(t, asked); err == nil {
		t.Error("it is confirmed twice")
	}
	if got := b.record(t); got != "mia confirm 01234567-89ab-cdef-0123-456789abcdef: a campaign of 2026" {
		t.Errorf("on record is %s", got)
	}
}
