package schema_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// rights is everything that anybody but the owner may do with a table. The eraser may read and delete in all but those that
// are kept, see below; whoever is not named, anon and authenticated among them, may do nothing.
const rights = `
account          app_web      select insert update(corrected,email,name,picture)
preference       app_web      select insert update(changed_at,mail_billing,mail_news,mail_results,theme)
preference       app_reader   select
erasure          app_web      select
erasure          app_sweeper  select
receipt          app_web      select
legal_hold       app_web      select
legal_hold       app_staff    select update(ends_at)
account_lookup   app_staff    select
staff_action     app_staff    insert
disclosure       app_staff    insert
promise          app_watcher  select insert update(bound,clause,says,seen_at,since,state,unit,value,warn)
promise          app_reader   select
image            app_watcher  select
erasure          app_watcher  select
account          app_reader   select
account          app_worker   select
account_key      app_web      select insert
account_key      app_reader   select
account_key      app_worker   select
account_lookup   app_web      select insert update(expires_at)
account_lookup   app_sweeper  select delete
session          app_web      select insert update(last_seen_at) delete
session          app_reader   select
session          app_sweeper  select delete
credit_balance   app_reader   select
credit_entry     app_reader   select
credit_grant     app_reader   select
credit_hold      app_sweeper  select
free_grant_guard app_sweeper  select delete
image            app_web      select insert update(state,state_at) delete
image            app_reader   select
image            app_worker   select insert update(state,state_at) delete
image            app_sweeper  select update(state,state_at) delete
upload           app_web      select insert update(image_id)
upload           app_sweeper  select delete
generation       app_web      select insert
generation       app_reader   select
generation       app_worker   select update(calls,error_code,fence,finished_at,lease_until,runnable_at,started_at,status)
generation       app_sweeper  select update(error_code,finished_at,lease_until,status)
provider_call    app_worker   select insert update(finished_at,outcome)
archive          app_web      select insert update(state)
archive          app_worker   select update(bytes_done,bytes_total,cursor,error_code,expires_at,fence,files,lease_until,omitted,ready_at,state,step)
archive          app_sweeper  select update(error_code,fence,lease_until,state) delete
archive_item     app_worker   select insert update(omitted) delete
archive_volume   app_web      select
archive_volume   app_worker   select insert update(done) delete
archive_volume   app_sweeper  select
archive_part     app_worker   select insert delete
account          app_cashier  select
customer         app_web      select insert update(begun_at,id,operation)
customer         app_reader   select
customer         app_cashier  select insert update(begun_at,id,operation)
subscription     app_web      select
subscription     app_reader   select
subscription     app_cashier  select insert update(cancel_at,ended_at,offer,period_end,seen_on,status,version)
payment          app_reader   select
payment          app_cashier  select insert update(amount,charge,invoice,invoice_number,kind,offer,returned,status,tax_country,version)
payment_return   app_reader   select
payment_return   app_cashier  select insert update(amount,counts,status)
payment_owner    app_reader   select
payment_owner    app_cashier  select insert
unclaimed_payment app_cashier select insert delete
plan_invoice     app_cashier  select insert update(payment_id)
stripe_event     app_cashier  select insert delete
reconciliation   app_cashier  select insert update(checked,cursor,finished_at,repaired,since,step) delete
log_record       app_logger    insert
log_record       app_archivist select
`

// kept are the tables that the eraser has no business with: what was migrated, and what outlives every account.
const kept = `'{schema_version,payment,payment_return,unclaimed_payment,stripe_event,reconciliation,staff_action,disclosure,job_success,sweep_plan,promise,log_record,usage_day}'`

// moreOfTheEraser is what it needs beside reading and deleting: to carry an erasure on, to blank what a hold keeps, to leave
// a receipt.
var moreOfTheEraser = map[string]string{
	"account": " update(email,name,picture)",
	"erasure": " update(counts,failure,failures,fence,lease_until,links_dead,next_at,stage,stage_at,stays,times,unbilled)",
	"receipt": " insert",
}

// calls is which functions anybody but the owner may call.
const calls = `
alive               app_web app_worker
balance             app_reader
belongings          app_eraser
close_account       app_eraser app_staff app_web
closed              app_cashier app_eraser
count_usage         app_archivist
erase_rows          app_eraser
holder              app_web
inventory           app_eraser app_web
disclosures         app_reader
place_hold          app_staff
watched             app_watcher
remains             app_eraser
reopen_account      app_web
seen                app_reader app_web
stays               app_eraser app_web
payments_due        app_sweeper
purge_payments      app_sweeper
forget_order_marks  app_sweeper
ask_to_sweep        app_archivist app_sweeper
confirmed_sweeps    app_archivist app_sweeper
swept               app_archivist app_sweeper
confirm_sweep       app_staff
succeeded           app_archivist app_cashier app_eraser app_sweeper app_watcher
caller              app_reader app_web
expire_credits      app_sweeper
export_page         app_worker
exportable          app_worker
grant_credits       app_cashier
grant_free_credits  app_web
granted             app_cashier app_web
has_account         app_cashier app_eraser
hold_credits        app_web
images_of           app_reader
keyring             app_worker
log_days            app_archivist app_logger
make_log_days       app_archivist
library             app_web
owns_images         app_web app_worker
release_hold        app_sweeper app_worker
reverse_credits     app_cashier
settle_hold         app_sweeper app_worker
`

// others are all roles that are neither superusers nor the owner nor Postgres' own.
const others = `(select oid, rolname from pg_roles where not rolsuper and rolname <> current_user and rolname not like 'pg\_%') r`

func list(t *testing.T, db people.Database, sql string) []string {
	t.Helper()
	rows, err := db.Owner.Query(context.Background(), sql)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// same compares lists in any order and with any spaces.
func same(t *testing.T, got, wanted []string) {
	t.Helper()
	for _, lines := range [][]string{got, wanted} {
		for i, line := range lines {
			lines[i] = strings.Join(strings.Fields(line), " ")
		}
		slices.Sort(lines)
	}
	for _, line := range got {
		if !slices.Contains(wanted, line) {
			t.Errorf("there is:  %s", line)
		}
	}
	for _, line := range wanted {
		if !slices.Contains(got, line) {
			t.Errorf("should be: %s", line)
		}
	}
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

// policy P7c: each duty has the least that it needs.
func TestNobodyMayMoreWithATableThanIsWrittenHere(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	wanted := lines(rights)
	for _, table := range list(t, db, `select tablename::text from pg_tables where schemaname = 'app' and tablename <> all (`+kept+`)`) {
		line := table + " app_eraser select" + moreOfTheEraser[table] + " delete"
		wanted = append(wanted, line)
	}
	got := list(t, db, `
		select * from (
			select concat_ws(' ', c.relname, r.rolname,
				case when has_any_column_privilege(r.oid, c.oid, 'select') then 'select' end,
				case when has_any_column_privilege(r.oid, c.oid, 'insert') then 'insert' end,
				(select 'update(' || string_agg(a.attname, ',' order by a.attname) || ')' from pg_attribute a
					where a.attrelid = c.oid and a.attnum > 0 and has_column_privilege(r.oid, c.oid, a.attnum, 'update')),
				case when has_table_privilege(r.oid, c.oid, 'delete') then 'delete' end,
				case when has_table_privilege(r.oid, c.oid, 'truncate') then 'truncate' end,
				case when has_table_privilege(r.oid, c.oid, 'trigger') then 'trigger' end,
				case when has_any_column_privilege(r.oid, c.oid, 'references') then 'references' end) as line
			from pg_class c, `+others+` where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
		) l where line ~ ' .* '`)
	same(t, got, wanted)
	if left := list(t, db, `select c.relname || ' ' || r.rolname from pg_class c, `+others+`
		where c.relnamespace = 'app'::regnamespace and c.relkind = 'S' and has_sequence_privilege(r.oid, c.oid, 'usage, select, update')`); len(left) > 0 {
		t.Errorf("sequences are open: %v", left)
	}
}

func TestNobodyMayCallMoreThanIsWrittenHere(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	same(t, list(t, db, `
		select p.proname || ' ' || string_agg(r.rolname, ' ' order by r.rolname) from pg_proc p, `+others+`
		where p.pronamespace = 'app'::regnamespace and has_function_privilege(r.oid, p.oid, 'execute') group by p.oid, p.proname`), lines(calls))
	if open := list(t, db, `select proname::text from pg_proc where pronamespace = 'app'::regnamespace and prosecdef
		and 'search_path=pg_catalog' <> all (coalesce(proconfig, '{}'))`); len(open) > 0 {
		t.Errorf("with their owner's rights and the caller's search path run %v", open)
	}
}

// policy P4.1: who has no duty reads nothing.
func TestEveryTableForcesRowLevelSecurity(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	if open := list(t, db, `
		select c.relname::text from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
		and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))`); len(open) > 0 {
		t.Errorf("without it, or without a policy: %v", open)
	}
	if public := list(t, db, `select tablename || '.' || policyname from pg_policies where schemaname = 'app' and 'public' = any (roles)`); len(public) > 0 {
		t.Errorf("policies for everybody: %v", public)
	}
}

func TestOnlyTheDutiesSeeTheSchema(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	duties := []string{"app_archivist", "app_cashier", "app_eraser", "app_logger", "app_reader", "app_staff", "app_sweeper", "app_watcher", "app_web", "app_worker"}
	same(t, list(t, db, `select rolname::text from `+others+` where has_schema_privilege(oid, 'app', 'usage')`), slices.Clone(duties))
	same(t, list(t, db, `select rolname::text from `+others+` where has_schema_privilege(oid, 'app', 'create')`), nil)
	same(t, list(t, db, `select rolname::text from `+others+` where has_schema_privilege(oid, 'app_days', 'usage, create')`), []string{"app_archivist"})
	for _, name := range []string{"anon", "authenticated"} {
		if n := people.Ask[int](t, db, `select count(*) from pg_roles where rolname = $1`, name); n != 1 {
			t.Errorf("there is no role %s, so this test says nothing of it", name)
		}
	}
	days := []string{"schema app_days", "function app.log_days()", "function app.make_log_days(timestamp with time zone)", "table app.log_record"}
	for _, role := range duties {
		owns := list(t, db, `select pg_describe_object(classid, objid, objsubid) from pg_shdepend where refclassid = 'pg_authid'::regclass and deptype = 'o'
			and dbid = (select oid from pg_database where datname = current_database()) and refobjid = '`+role+`'::regrole`)
		if role == "app_archivist" { // only an owner can detach a day of the logs
			same(t, owns, slices.Clone(days))
			owns = nil
		}
		member := people.Ask[int](t, db, `select count(*) from pg_auth_members where member = (select oid from pg_roles where rolname = $1)`, role)
		powers := people.Ask[bool](t, db, `select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication from pg_roles where rolname = $1`, role)
		if len(owns) > 0 || member > 0 || powers {
			t.Errorf("%s owns %v, is a member of %d roles, has powers: %v", role, owns, member, powers)
		}
		settings := people.Ask[[]string](t, db, `select rolconfig from pg_roles where rolname = $1`, role)
		same(t, settings, []string{"statement_timeout=10s", "lock_timeout=5s", "idle_in_transaction_session_timeout=15s", "TimeZone=UTC"})
	}
}

func TestARolesSettingsHoldBehindThePooler(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	for role, as := range map[string]*postgres.Database{"app_web": db.Web, "app_reader": db.Reader, "app_worker": db.Worker, "app_sweeper": db.Sweeper, "app_cashier": db.Cashier,
		"app_eraser": db.Eraser, "app_staff": db.Staff, "app_logger": db.Logger, "app_archivist": db.Archivist, "app_watcher": db.Watcher} {
		var settings string
		if err := as.QueryRow(context.Background(), `
			select concat_ws(' ', current_user, current_setting('statement_timeout'), current_setting('lock_timeout'),
				current_setting('idle_in_transaction_session_timeout'), current_setting('timezone'))`).Scan(&settings); err != nil {
			t.Fatal(err)
		}
		if wanted := fmt.Sprintf("%s 10s 5s 15s UTC", role); settings != wanted {
			t.Errorf("%s, want %s", settings, wanted)
		}
	}
}

// What the policies forbid although the privileges allow it.
func TestRowsOutOfTheirReachStayAsTheyAre(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	db.Do(t, `
		insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, error_code, created_at, runnable_at, finished_at)
		select gen_random_uuid(), $1, 'edit', 1, gen_random_uuid(), $2, s, case s when 'failed' then 'refused' end, $3, $3, case s when 'queued' then null else $3::timestamptz end
		from unnest('{queued,succeeded,failed}'::text[]) s`, ada.ID, make([]byte, 32), people.Now())
	db.Do(t, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		select gen_random_uuid(), $1, 'upload', s, $3, s, s, 'image/png', 'image/png', 1, 1, 1, 0, $2, 1, 0, $2, $3
		from unnest('{pending,ready,deleting}'::text[]) s`, ada.ID, make([]byte, 32), people.Now())
	for what, c := range map[string]struct {
		as   *postgres.Database
		sql  string
		rows int64 // -1: refused
	}{
		"web deletes hidden images only":         {db.Web, `delete from app.image`, 1},
		"the reader sees libraries only":         {db.Reader, `select from app.image`, 1},
		"the worker deletes no uploads":          {db.Worker, `delete from app.image`, 0},
		"the worker shows no uploads":            {db.Worker, `update app.image set state = 'ready'`, 0},
		"the sweeper leaves living look-ups":     {db.Sweeper, `delete from app.account_lookup`, 1}, // the address, of three
		"the sweeper sees no token":              {db.Sweeper, `select token_hash from app.session`, -1},
		"the sweeper sees no device":             {db.Sweeper, `select browser, system, address from app.session`, -1},
		"the sweeper shows nothing":              {db.Sweeper, `update app.image set state = 'ready' where state = 'pending'`, -1},
		"the sweeper hides nothing of a library": {db.Sweeper, `update app.image set state = 'deleting' where state = 'ready'`, 0},
		"the worker reopens nothing":             {db.Worker, `update app.generation set status = 'queued', error_code = null, finished_at = null where status in ('failed', 'succeeded')`, 0},
		"the sweeper lets nothing succeed":       {db.Sweeper, `update app.generation set status = 'succeeded', finished_at = created_at where status = 'queued'`, -1},
		"web starts no order in the middle": {db.Web, `insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, created_at, runnable_at, calls)
			select gen_random_uuid(), account_id, 'edit', 1, gen_random_uuid(), request_hash, 'queued', created_at, created_at, 1 from app.generation limit 1`, -1},
	} {
		done, err := c.as.Exec(context.Background(), c.sql)
		if c.rows < 0 && !postgres.Raised(err, "42501") || c.rows >= 0 && (err != nil || done.RowsAffected() != c.rows) {
			t.Errorf("%s: %d rows, %v", what, done.RowsAffected(), err)
		}
	}
}
