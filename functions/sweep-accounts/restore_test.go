package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

// backup is the rows of an account as they were: tables in the order in which they refer to each other, and rows as JSON.
type backup struct {
	account string
	tables  []string
	rows    map[string]string
}

func (w world) backup(t *testing.T, p person) backup {
	t.Helper()
	b := backup{account: p.ID, rows: map[string]string{}}
	b.tables = append([]string{"account"}, list[string](t, w, `select name from app.belongings() order by depth, name <> 'account_key', name`)...)
	for _, of := range w.belongings(t) {
		b.rows[of.Name] = people.Ask[string](t, w.people, `select coalesce(json_agg(x), '[]')::text from app.`+of.Name+` x where `+of.Condition, p.ID)
	}
	return b
}

// restore brings an account back as it was at its backup, but for some tables; of what happened since, the database knows nothing.
func (w world) restore(t *testing.T, b backup, without ...string) {
	t.Helper()
	w.people.Do(t, `delete from app.erasure where account_id = $1`, b.account)
	w.people.Do(t, `delete from app.account where id = $1`, b.account)
	for _, table := range b.tables {
		if !slices.Contains(without, table) {
			w.people.Do(t, fmt.Sprintf(`insert into app.%[1]s overriding system value
				select * from json_populate_recordset(null::app.%[1]s, $1) on conflict do nothing`, table), b.rows[table])
		}
	}
	if n := people.Ask[int](t, w.people, `select count(*) from app.account where id = $1 and closed_at is null`, b.account); n != 1 {
		t.Fatal("the account did not come back")
	}
}

func TestWhoWasErasedAndComesBackWithABackupIsErasedAgain(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now()
	ada, bob := w.settle(t, "quillfeather"), w.settle(t, "wintersmith")
	w.spend(t, &ada)
	saved := w.backup(t, ada)
	asked := w.leave(t, ada.ID, false, began)
	for hour := range 3 {
		w.hour(t, began.Add(time.Duration(hour)*time.Hour))
	}
	first := w.receipt(t, asked.ID, began)
	rows := w.of(t, bob.ID)

	w.restore(t, saved)
	later := began.Add(5 * 24 * time.Hour)
	if said := w.asProcess(t, later); !strings.Contains(said, `"replayed":1`) || !strings.Contains(said, `"erasures_replayed"`) {
		t.Errorf("nobody is told: %s", said)
	}
	must(t, w.objects.Put(t.Context(), ada.images[0].Key, "image/png", pixels(ada.name).Bytes)) // by somebody whose session came back, too
	for hour := range 3 {
		w.hour(t, later.Add(time.Duration(1+hour)*time.Hour))
	}
	if second := w.receipt(t, asked.ID, later); second == first || !strings.Contains(second, `"cause":"restore"`) {
		t.Errorf("the receipt was %s and is %s", first, second)
	}
	w.nothingIn(t, ada)
	if found := w.traces(t, []string{ada.ID, ada.Prefix, ada.customer}); len(found) > 0 {
		t.Errorf("left is %v", found)
	}
	same(t, "the neighbour", rows, w.of(t, bob.ID))
}

func TestADeletionThatTheBackupDoesNotKnowIsAskedForAgainWithItsDates(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now()
	ada := w.settle(t, "quillfeather")
	saved := w.backup(t, ada)
	asked := w.leave(t, ada.ID, true, began)
	w.hour(t, began)
	w.restore(t, saved)
	w.hour(t, began.Add(50*time.Hour))
	told, err := erasure.Look(t.Context(), w.people.Web, asked.ID, began)
	must(t, err)
	if s := told.State; s == nil || !s.RequestedAt.Equal(asked.RequestedAt) || !s.DueAt.Equal(asked.UndoUntil) || !s.EraseBy.Equal(asked.EraseBy) {
		t.Fatalf("%+v, not %+v", s, asked)
	}
	if n := people.Ask[int](t, w.people, `select count(*) from app.session where account_id = $1`, ada.ID); n != 0 {
		t.Errorf("%d sessions came back", n)
	}
	must(t, erasure.TakeBack(t.Context(), w.people.Web, ada.ID, asked.UndoUntil.Add(-time.Second)))
	w.hour(t, asked.UndoUntil)
	w.opened(t, ada)
}

func TestWhatWasTakenBackIsNotAskedForByTheLedger(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now()
	ada := w.settle(t, "quillfeather")
	saved := w.backup(t, ada)
	w.leave(t, ada.ID, true, began)
	w.hour(t, began)
	must(t, erasure.TakeBack(t.Context(), w.people.Web, ada.ID, began))
	w.hour(t, began)
	w.restore(t, saved)
	if done := w.hour(t, began.Add(time.Hour)); done.Replayed != 0 {
		t.Errorf("%+v", done)
	}
	w.opened(t, ada)
}

func TestWhoCameBackWithANewAccountKeepsIt(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now()
	ada := w.settle(t, "quillfeather")
	saved := w.backup(t, ada)
	w.leave(t, ada.ID, false, began)
	for hour := range 3 {
		w.hour(t, began.Add(time.Duration(hour)*time.Hour))
	}
	again := w.people.SignIn(t, ada.name, 50)
	if again.ID == ada.ID || people.Ask[int](t, w.people, `select coalesce(sum(available), 0) from app.credit_balance`) != 0 {
		t.Error("she has her old account, or free credits twice")
	}
	before := w.of(t, again.ID)
	w.restore(t, saved, "account_lookup") // which are the new account's
	for hour := range 3 {
		w.hour(t, began.Add(time.Duration(3+hour)*time.Hour))
	}
	if found := w.traces(t, []string{ada.ID, ada.Prefix}); len(found) > 0 {
		t.Errorf("left is %v", found)
	}
	same(t, "the new account", before, w.of(t, again.ID))
}

func TestADamagedEntryOfTheLedgerKeepsNobodyElseFromBeingErased(t *testing.T) {
	t.Parallel()
	w, ctx, began := open(t), context.Background(), people.Now()
	var saved []backup
	for i := range 3 {
		p := person{Person: w.people.SignIn(t, fmt.Sprintf("quillfeather%d", i), 50)}
		saved = append(saved, w.backup(t, p))
		w.leave(t, p.ID, true, began)
	}
	w.hour(t, began)
	damaged := w.remembered(t, saved[1].account)
	must(t, w.objects.Put(ctx, damaged[0], "application/json", []byte(`{"id":`)))
	for _, b := range saved {
		w.restore(t, b)
	}
	done, err := w.run(ctx, task.Starting(began.Add(time.Hour)), rung{})
	if err == nil || done.Replayed != 2 {
		t.Errorf("%+v %v", done, err)
	}
	for i, b := range saved {
		if closed := people.Ask[bool](t, w.people, `select closed_at is not null from app.account where id = $1`, b.account); closed == (i == 1) {
			t.Errorf("%d is closed: %t", i, closed)
		}
	}
	if said := w.process(t, began.Add(2*time.Hour), w.parts(), "error"); !strings.Contains(said, `"erasure_ledger_unread"`) {
		t.Errorf("nobody is told: %s", said)
	}
}
