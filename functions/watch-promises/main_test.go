package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// world is a service in which every job runs, but for those that are stopped. Where a test is not about logs it has none, because
// making their days takes longer than all else.
type world struct {
	people.Database
	watch
	stopped map[string]bool
	logs    bool
}

func open(t *testing.T) world {
	t.Helper()
	t.Parallel()
	db, at := people.Open(t), testbed.Bucket(t)
	terms, err := erasure.ParseTerms("7")
	if err != nil {
		t.Fatal(err)
	}
	objects := bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
	return world{db, watch{db.Watcher, objects, terms, retention.PaymentYears}, map[string]bool{}, false}
}

func openWithLogs(t *testing.T) world {
	t.Helper()
	w := open(t)
	w.logs = true
	return w
}

var jobs = []string{"sweep-stalled", "sweep-accounts", "sweep-logs", "sweep-payments", "reconcile-stripe", "watch-promises"}

// works lets every job succeed that runs.
func (w world) works(t *testing.T, at time.Time) {
	t.Helper()
	for _, job := range jobs {
		if !w.stopped[job] {
			w.Do(t, `select app.succeeded($1, $2)`, job, at.Add(-time.Minute))
		}
	}
	if w.logs && !w.stopped["sweep-logs"] {
		w.Do(t, `select app.make_log_days($1)`, at)
		w.dropLogs(t, at.Add(-88*day))
	}
}

// look lets the jobs work, then looks at the promises.
func (w world) look(t *testing.T, at time.Time) map[string]promise.Promise {
	t.Helper()
	w.works(t, at)
	if err := w.run(t.Context(), task.Starting(at), struct{}{}); err != nil {
		t.Error(err)
	}
	return w.promises(t)
}

// dropLogs removes every day before that of a time.
func (w world) dropLogs(t *testing.T, before time.Time) {
	t.Helper()
	for _, name := range people.Ask[[]string](t, w.Database, `
		select coalesce(array_agg(relname::text), '{}') from pg_class
		where relnamespace = 'app_days'::regnamespace and relkind = 'r' and relname < 'log_record_' || to_char($1::timestamptz at time zone 'UTC', 'YYYYMMDD')`, before) {
		w.Do(t, `drop table app_days.`+name)
	}
}

func (w world) promises(t *testing.T) map[string]promise.Promise {
	t.Helper()
	all, err := promise.All(context.Background(), w.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return byMeasure(all)
}

// wrong names every measure that is not kept, with its state.
func (w world) wrong(all map[string]promise.Promise) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if p := all[name]; p.State != promise.Kept && (w.logs || name != "log_days_missing") {
			names = append(names, fmt.Sprintf("%s %s", name, p.State))
		}
	}
	return strings.Join(names, ", ")
}

func (w world) sees(t *testing.T, when string, at time.Time, want string) {
	t.Helper()
	if got := w.wrong(w.look(t, at)); got != want {
		t.Errorf("%s, at %s, it is %q, not %q", when, at.Format(time.DateTime), got, want)
	}
}

// person gives somebody an account, and its id.
func (w world) person(t *testing.T, name string) string {
	t.Helper()
	return people.Ask[string](t, w.Database, `
		insert into app.account (id, prefix, name, email, picture, created_at)
		values (gen_random_uuid(), rpad($1, 26, 'x'), '', '', '', $2) returning id::text`, name, begun())
}

func begun() time.Time { return time.Date(2026, 12, 1, 0, 50, 0, 0, time.UTC) }

func TestOfAServiceInWhichNothingIsLeftEveryPromiseIsKept(t *testing.T) {
	w := openWithLogs(t)
	w.person(t, "ada")
	w.sees(t, "at first", begun(), "")
	all := w.look(t, begun().Add(hour))
	if n := len(inDatabase(w.terms, w.years)) + len(inBucket()); len(all) != n {
		t.Errorf("%d of %d measures are published", len(all), n)
	}
	for name, p := range all {
		if p.Warn > p.Bound || p.SeenAt == nil || !p.Since.Before(begun().Add(time.Minute)) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// planted is a row that a sweep should have removed: how it comes to be, with $1 an account and $2 when it should go, and how it
// is removed in the end.
var planted = map[string][2]string{
	"sessions_past_end": {`insert into app.session (id, token_hash, account_id, browser, system, address, created_at, last_seen_at, expires_at)
		values (gen_random_uuid(), sha256('x'), $1, '', '', '', $2 - interval '30 days', $2 - interval '1 day', $2)`, `delete from app.session`},
	"lookups_past_end": {`insert into app.account_lookup (kind, hash, account_id, expires_at) values ('address', sha256('x'), $1, $2)`, `delete from app.account_lookup`},
	"guards_past_end":  {`insert into app.free_grant_guard (hash, expires_at) select uuid_send($1) || uuid_send($1), $2`, `delete from app.free_grant_guard`},
	"uploads_past_end": {`insert into app.upload (id, account_id, key, content_type, bytes, created_at, expires_at)
		values (gen_random_uuid(), $1, 'x', 'image/png', 1, $2 - interval '1 hour', $2)`, `delete from app.upload`},
	"archives_past_end": {`insert into app.archive (id, account_id, scope, images, folder, state, step, ordered_at, ready_at, expires_at)
		values (gen_random_uuid(), $1, 'account', '{}', 'x', 'ready', 'done', $2 - interval '7 days', $2 - interval '7 days', $2)`, `delete from app.archive`},
	"receipts_past_end": {`insert into app.receipt (id, jws, made_at, expires_at) select $1, 'x', $2 - interval '2 years', $2`, `delete from app.receipt`},
	"legal_holds_past_end": {`insert into app.legal_hold (id, account_id, item, reason, placed_at, ends_at)
		values (gen_random_uuid(), $1, $1, 'a court says so', $2 - interval '1 day', $2)`, `delete from app.legal_hold`},
	"idempotency_keys_past_end": {`insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, error_code, created_at, runnable_at, finished_at)
		select gen_random_uuid(), $1, 'edit', 1, gen_random_uuid(), sha256('x'), 'failed', 'refused', d, d, d from (select $2 - interval '24 hours') x (d)`, `delete from app.generation`},
	"stripe_events_past_end": {`insert into app.stripe_event (id, type, at) select $1::text, 'x', $2 - interval '60 days'`, `delete from app.stripe_event`},
	"payments_past_end": {`insert into app.payment (id, kind, amount, currency, paid_at, status, returned, version)
		select 'pi_' || $1::text, 'pack', 1, 'usd', $2 - interval '7 years 1 hour', 'paid', 0, 1`, `delete from app.payment`},
	"credits_past_end": {`with b as (insert into app.credit_balance (account_id, available, held, entries) values ($1, 5, 0, 1)),
		e as (insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after)
			values ($1, 1, $2 - interval '1 year', 'grant', 'x', 5, 0, 0, 5, 0, 0))
		insert into app.credit_grant (account_id, source, reference, amount, remaining, granted_at, expires_at)
		values ($1, 'free', 'x', 5, 5, $2 - interval '1 year', $2)`, `delete from app.account where id in (select account_id from app.credit_grant)`},
	"orders_open": {`insert into app.generation (id, account_id, tool, cost, request_hash, idempotency_key, status, created_at, runnable_at)
		select gen_random_uuid(), $1, 'edit', 1, sha256('x'), gen_random_uuid(), 'queued', d, d from (select $2 - interval '1 hour') x (d)`, `delete from app.generation`},
	"credits_held_too_long": {`with b as (insert into app.credit_balance (account_id, available, held, entries) values ($1, 0, 5, 2)),
		e as (insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after)
			values ($1, 1, $2, 'grant', 'x', 5, 0, 0, 5, 0, 0), ($1, 2, $2, 'hold', 'x', -5, 5, 0, 0, 5, 0)),
		g as (insert into app.credit_grant (account_id, source, reference, amount, remaining, granted_at, expires_at) values ($1, 'pack', 'y', 5, 0, $2, 'infinity'))
		insert into app.credit_hold (id, account_id, amount, state, held_at) values (gen_random_uuid(), $1, 5, 'held', $2 - interval '1 hour')`,
		`delete from app.account where id in (select account_id from app.credit_hold)`},
	"images_half_deleted": {`insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values (gen_random_uuid(), $1, 'upload', 'deleting', $2 - interval '1 hour', 'x', 'y', 'image/png', 'image/png', 1, 1, 1, 0, sha256('x'), 1, 0, sha256('x'), $2 - interval '1 day')`,
		`delete from app.image`},
	"closed_accounts": {`with gone as (update app.account set closed_at = $2 where id = $1 returning *)
		insert into app.erasure (id, account_id, prefix, cause, requested_at, due_at, erase_by, stage, stage_at, next_at)
		select gen_random_uuid(), id, prefix, 'request', $2, $2 + interval '7 days', $2 + interval '90 days', 'grace', $2, $2 from gone`,
		`with e as (delete from app.erasure) delete from app.account where closed_at is not null`},
}

// A sweep that silently does nothing leaves its rows; what should go at midnight is looked at every hour.
func TestASweepThatDoesNothingIsSeenBeforeThePromiseIsBrokenAndWhenItIs(t *testing.T) {
	w := open(t)
	end := begun().Truncate(day)
	for _, m := range inDatabase(w.terms, w.years) {
		sql, ok := planted[m.name]
		if !ok {
			continue
		}
		w.sees(t, m.name+" before it is there", end.Add(-10*time.Minute), "")
		w.Do(t, strings.NewReplacer("$1", "$1::uuid", "$2", "$2::timestamptz").Replace(sql[0]), w.person(t, strings.ReplaceAll(m.name, "_", "")), end)
		warn, bound := end.Add(time.Duration(m.warn)*hour), end.Add(time.Duration(m.bound)*hour)
		w.sees(t, m.name+" before its end", end.Add(-time.Second), "")
		w.sees(t, m.name+" an hour before somebody is called", warn.Add(-hour-time.Second), "")
		w.sees(t, m.name+" when somebody is called", warn.Add(time.Second), m.name+" at_risk")
		w.sees(t, m.name+" an hour before it is late", bound.Add(-hour), m.name+" at_risk")
		w.sees(t, m.name+" when it is late", bound.Add(time.Second), m.name+" broken")
		w.Do(t, sql[1])
		w.sees(t, m.name+" when it was repaired", bound.Add(hour), "")
		end = bound.Truncate(day).Add(2 * day)
	}
}
