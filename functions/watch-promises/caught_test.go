package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/testbed/people"
)

func measured(t *testing.T, w world) map[string]measure {
	t.Helper()
	all := map[string]measure{}
	for _, m := range append(inDatabase(w.terms, w.years), inBucket()...) {
		if all[m.name].name != "" {
			t.Errorf("%s is measured twice", m.name)
		}
		all[m.name] = m
	}
	return all
}

func TestEveryClassOfTheMatrixIsWatchedForItsClause(t *testing.T) {
	t.Parallel()
	all := measured(t, world{})
	for _, class := range retention.Matrix() {
		if class.Seen == "" {
			continue
		}
		if m, ok := all[class.Seen]; !ok || m.clause != class.Clause {
			t.Errorf("%s (%s): its measure %q is of clause %q", class.Name, class.Clause, class.Seen, m.clause)
		}
	}
}

func TestAJobThatStoppedIsSeenAndSoIsOneThatNeverRan(t *testing.T) {
	w := open(t)
	w.look(t, begun())
	all := measured(t, w)
	at := begun()
	for _, job := range []string{"sweep-stalled", "sweep-accounts", "sweep-payments", "reconcile-stripe", "watch-promises"} {
		name := strings.ReplaceAll(job, "-", "_") + "_idle"
		m := all[name]
		w.stopped[job] = true
		last := people.Ask[time.Time](t, w.Database, `select at from app.job_success where job = $1`, job)
		after := func(hours int64) time.Time { return last.Add(time.Duration(hours)*hour + time.Minute) }
		if job != "watch-promises" { // which notes itself that it looked
			w.sees(t, job+" on time", after(m.warn-1), "")
			w.sees(t, job+" stopped", after(m.warn), name+" at_risk")
			w.sees(t, job+" still stopped", after(m.bound-1), name+" at_risk")
			w.sees(t, job+" stopped for long", after(m.bound), name+" broken")
		} else {
			w.sees(t, "a look after a long pause", after(m.warn), name+" at_risk")
		}
		delete(w.stopped, job)
		at = after(m.bound).Add(hour)
		w.sees(t, job+" again", at, "")
	}

	w.Do(t, `delete from app.job_success where job = 'sweep-payments'`)
	w.stopped["sweep-payments"] = true
	w.Do(t, `update app.schema_version set tstamp = $1 where version_id = 10`, at.Add(-20*hour).UTC())
	w.sees(t, "a job that need not have run yet", at.Add(hour), "")
	w.sees(t, "a job that never ran", at.Add(10*hour), "sweep_payments_idle at_risk")
}

func TestAJobThatSucceededInTheTimeToComeIsNotKnownToRun(t *testing.T) {
	w := open(t)
	w.look(t, begun())
	w.stopped["sweep-payments"] = true
	w.Do(t, `select app.succeeded('sweep-payments', $1)`, begun().Add(3650*day))
	w.sees(t, "by a clock ten years ahead", begun().Add(2*hour), "sweep_payments_idle at_risk")
	w.Do(t, `select app.succeeded('sweep-payments', $1)`, begun().Add(3*hour))
	w.sees(t, "by the right clock again", begun().Add(3*hour), "")
}

func TestALogThatIsTooOldIsSeenADayBeforeAlsoWhereItsDayIsDetached(t *testing.T) {
	for how, hide := range map[string]string{
		"attached":        `select 1`,
		"detached":        `alter table app.log_record detach partition app_days.log_record_20261201`,
		"of another name": `alter table app_days.log_record_20261201 rename to log_record_20280101`,
		"detached, and of another name": `
			alter table app.log_record detach partition app_days.log_record_20261201;
			alter table app_days.log_record_20261201 rename to log_record_20280101`,
	} {
		t.Run(how, func(t *testing.T) {
			w := openWithLogs(t)
			first := begun().Truncate(day)
			w.Do(t, `select app.make_log_days($1)`, first.Add(day)) // yesterday's too
			for at := first.Add(13 * day); at.Before(first.Add(95 * day)); at = at.Add(13 * day) {
				w.Do(t, `select app.make_log_days($1)`, at)
			}
			if _, err := w.Logger.Exec(t.Context(), `insert into app.log_record (at, id, kind, function, ms, cold, ok)
				values ($1, repeat('1', 56), 'job', 'draw', 1, false, true)`, first); err != nil {
				t.Fatal(err)
			}
			w.Do(t, hide)
			w.stopped["sweep-logs"] = true
			at := func(days, hours int) time.Time {
				return first.Add(time.Duration(days)*day + time.Duration(hours)*hour + 50*time.Minute)
			}
			want := func(wrong string) string { return wrong + "sweep_logs_idle broken" }
			w.Do(t, `select app.succeeded('sweep-logs', $1)`, first.Add(-10*day))
			w.sees(t, "an hour before the last day", at(88, 23), want(""))
			w.sees(t, "a day before", at(89, 0), want("oldest_log at_risk, "))
			w.sees(t, "an hour before", at(89, 23), want("oldest_log at_risk, "))
			w.sees(t, "too old", at(90, 0), want("oldest_log broken, "))
			delete(w.stopped, "sweep-logs")
			w.Do(t, `drop table `+people.Ask[string](t, w.Database, `select oid::regclass::text from pg_class where relnamespace = 'app_days'::regnamespace
				and relname in ('log_record_20261201', 'log_record_20280101') and relkind = 'r'`))
			w.sees(t, "when it was dropped", at(90, 1), "")
		})
	}
}

func TestDaysAheadThatNobodyMadeAreSeenInTime(t *testing.T) {
	w := openWithLogs(t)
	w.look(t, begun())
	w.stopped["sweep-logs"] = true
	for days, want := range map[int]string{1: "", 3: "sweep_logs_idle broken", 4: "log_days_missing at_risk, sweep_logs_idle broken", 15: "log_days_missing broken, sweep_logs_idle broken"} {
		w.sees(t, "without new days", begun().Add(time.Duration(days)*day), want)
	}
}

func TestAnErasureThatIsLateOrLostOrLeftSomethingIsSeen(t *testing.T) {
	w := open(t)
	asked := begun()
	id := w.person(t, "late")
	eraseBy := asked.Add(23 * day)
	w.Do(t, `select app.close_account($1, gen_random_uuid(), 'request', $2, $3, $4)`, id, asked, asked.Add(7*day), eraseBy)
	w.sees(t, "in the minutes of closing", asked.Add(hour), "")
	w.sees(t, "a day at a stage", asked.Add(24*hour), "erasures_at_a_stage at_risk")
	w.Do(t, `update app.erasure set stage = 'grace'`)
	w.sees(t, "in its days of grace", asked.Add(7*day), "")
	w.Do(t, `update app.erasure set stage = 'rows', stage_at = $1`, eraseBy.Add(-3*day))
	w.sees(t, "three days and an hour before the date", eraseBy.Add(-73*hour), "")
	w.sees(t, "three days before the date", eraseBy.Add(-71*hour), "closed_accounts at_risk, erasures_near_end at_risk")
	w.sees(t, "past the date", eraseBy.Add(time.Minute), "closed_accounts broken, erasures_at_a_stage at_risk, erasures_near_end broken")
	w.Do(t, `update app.erasure set stage = 'held'`)
	w.sees(t, "held by law", eraseBy.Add(hour), "")

	// It says that it is done, and left the account's row behind.
	w.Do(t, `delete from app.erasure`)
	w.Do(t, `update app.account set closed_at = $1 where id = $2`, eraseBy.Add(-7*day), id)
	w.sees(t, "a row left behind", eraseBy.Add(2*hour), "closed_without_erasure at_risk")
	w.sees(t, "a row left behind for five days", eraseBy.Add(2*hour+4*day), "closed_without_erasure at_risk")
	w.sees(t, "a row left behind for six days", eraseBy.Add(2*hour+5*day), "closed_without_erasure broken")
	w.Do(t, `delete from app.account where id = $1`, id)
	w.sees(t, "when it is gone", eraseBy.Add(3*hour+5*day), "")
}

func TestATableOrColumnThatNobodyDecidedAboutIsSeenAndSoAreBooksThatDoNotBalance(t *testing.T) {
	w := open(t)
	w.look(t, begun())
	id, at := w.person(t, "ada"), begun()
	for name, c := range map[string][2]string{
		"tables_open":      {`alter table app.preference no force row level security`, `alter table app.preference force row level security`},
		"columns_unknown":  {`alter table app.account add column nickname text`, `alter table app.account drop column nickname`},
		"books_unbalanced": {`insert into app.credit_balance (account_id, available, held) values ('` + id + `', 7, 0)`, `delete from app.credit_balance`},
	} {
		w.Do(t, c[0])
		at = at.Add(hour)
		w.sees(t, name, at, name+" at_risk")
		at = at.Add(time.Duration(measured(t, w)[name].bound-1) * day)
		w.sees(t, name+" still there", at, name+" broken")
		w.Do(t, c[1])
		at = at.Add(hour)
		w.sees(t, name+" repaired", at, "")
	}
}

func TestTheWatcherCanDeleteNothing(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	tables := people.Ask[[]string](t, db, `select array_agg(oid::regclass::text) from pg_class where relnamespace in ('app'::regnamespace, 'app_days'::regnamespace) and relkind in ('r', 'p')`)
	for _, table := range tables {
		for _, sql := range []string{`delete from ` + table, `truncate ` + table} {
			if _, err := db.Watcher.Exec(t.Context(), sql); !postgres.Raised(err, "42501") {
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
	if len(tables) < 30 {
		t.Errorf("only %d tables were found", len(tables))
	}
}

// What is asked every hour of tables with a hundred thousand rows each, all of them past their end, reads a thousand of them.
func TestALookAtAHundredThousandRowsReadsFewOfThem(t *testing.T) {
	w := open(t)
	id := w.person(t, "ada")
	end := begun().Add(-100 * day)
	// A page that was vacuumed is read from its index alone, which isn't counted.
	w.Do(t, `alter table app.session set (autovacuum_enabled = off)`)
	w.Do(t, `insert into app.session (id, token_hash, account_id, browser, system, address, created_at, last_seen_at, expires_at)
		select gen_random_uuid(), sha256(n::text::bytea), $1, '', '', '', $2::timestamptz - interval '1 day', $2, $2::timestamptz + n * interval '1 second'
		from generate_series(1, 100000) n`, id, end)
	w.Do(t, `insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, created_at, runnable_at, finished_at)
		select gen_random_uuid(), $1, 'edit', 1, gen_random_uuid(), sha256('x'), 'succeeded', $2, $2, $2 from generate_series(1, 20000) n`, id, end)
	w.Do(t, `insert into app.account (id, prefix, name, email, picture, created_at)
		select gen_random_uuid(), rpad(n::text, 26, 'x'), '', '', '', $1 from generate_series(1, 20000) n`, end)
	w.Do(t, `analyze`)
	read := func(tx postgres.Querier) map[string]int64 {
		rows, err := tx.Query(t.Context(), `select relname::text as key, seq_tup_read + coalesce(idx_tup_fetch, 0) as value from pg_stat_xact_user_tables where schemaname = 'app'`)
		if err != nil {
			t.Fatal(err)
		}
		reads := map[string]int64{}
		for rows.Next() {
			var table string
			var tuples int64
			if err := rows.Scan(&table, &tuples); err != nil {
				t.Fatal(err)
			}
			reads[table] = tuples
		}
		return reads
	}
	if err := w.Owner.Transaction(t.Context(), func(tx postgres.Querier) error {
		before := read(tx)
		seen, err := promise.Look(t.Context(), tx, begun(), columns(), 7)
		if n := seen["sessions_past_end"]; n.Value != 1000 || !n.Oldest.Equal(end.Add(time.Second)) {
			t.Errorf("%+v", n)
		}
		for table, tuples := range read(tx) {
			if tuples -= before[table]; tuples > 5000 || table == "session" && tuples < 1000 {
				t.Errorf("of %s, %d rows are read", table, tuples)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

var metricName = regexp.MustCompile(`Namespace: Nanoflux\s+MetricName: (\w+)`)

func TestAnAlarmNamesAMetricThatThereIs(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	there := []string{metricAtRisk, metricBroken, "NeedsOperator"} // the last one is made by a filter of log lines
	var named []string
	for _, found := range metricName.FindAllStringSubmatch(string(template), -1) {
		if named = append(named, found[1]); !slices.Contains(there, found[1]) {
			t.Errorf("template.yaml names the metric %s, which nobody publishes", found[1])
		}
	}
	for _, name := range there {
		if !slices.Contains(named, name) {
			t.Errorf("no alarm of template.yaml is on %s", name)
		}
	}
}

// The questions in app.watched have the periods once more, so that the watcher does not believe what the sweeps do. Who changes one
// here changes it there.
func TestTheWatchersPeriodsAreThoseOfTheMatrix(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ has, wants time.Duration }{
		"uploads": {retention.Upload, hour}, "idempotency keys": {retention.IdempotencyKey, day}, "Stripe's events": {retention.StripeEvent, 60 * day},
		"logs": {retention.Logs, 90 * day}, "accounts": {retention.Deleted, 30 * day}, "archives": {retention.Archive, 7 * day},
	} {
		if c.has != c.wants {
			t.Errorf("%s are kept for %s, and watched as if for %s: see app.watched and measures.go", name, c.has, c.wants)
		}
	}
}

func TestPaymentsAreWatchedForAsLongAsTheyAreKept(t *testing.T) {
	w := open(t)
	w.years = 10
	w.look(t, begun())
	w.Do(t, `insert into app.payment (id, kind, amount, currency, paid_at, status, returned, version) values ('pi_1', 'pack', 1, 'usd', $1, 'paid', 0, 1)`,
		begun().AddDate(-10, 0, 2))
	w.sees(t, "before its tenth year is over", begun().Add(day), "")
	w.sees(t, "two days after it", begun().Add(5*day), "payments_past_end at_risk")
}
