package main

import (
	"slices"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/testbed/people"
)

// order writes an order as it stands: queued, succeeded or failed.
func order(t *testing.T, db people.Database, who people.Person, tool, status string, cost int, at time.Time) {
	t.Helper()
	db.Do(t, `
		insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, error_code, created_at, runnable_at, finished_at)
		values (gen_random_uuid(), $1, $2, $3, gen_random_uuid(), $4, $5, case $5 when 'failed' then 'refused' end, $6, $6,
			case $5 when 'queued' then null else $6::timestamptz end)`, who.ID, tool, cost, make([]byte, 32), status, at)
}

const figures = `select array(select concat_ws(' ', day, tool, orders, succeeded, failed, credits) from app.usage_day order by day, tool)`

// raw are the figures as the orders themselves give them, of the days that are over.
const raw = `
	select array(
		select concat_ws(' ', (created_at at time zone 'UTC')::date, tool, count(*), count(*) filter (where status = 'succeeded'),
			count(*) filter (where status = 'failed'), coalesce(sum(cost) filter (where status = 'succeeded'), 0))
		from app.generation where created_at < date_trunc('day', $1::timestamptz, 'UTC')
		group by (created_at at time zone 'UTC')::date, tool order by (created_at at time zone 'UTC')::date, tool)`

func same(t *testing.T, got, wanted []string) {
	t.Helper()
	if !slices.Equal(got, wanted) {
		t.Fatalf("counted %v, there are %v", got, wanted)
	}
}

// policy P3.2: counted without a word about by whom.
func TestUsageIsCountedAsTheOrdersAreAndOutlivesThem(t *testing.T) {
	t.Parallel()
	db, today := people.Open(t), date("2027-12-03")
	ada, bob := db.SignIn(t, "ada", 0), db.SignIn(t, "bob", 0)
	check := func(at time.Time) []string {
		t.Helper()
		mustFire(t, db, at)
		got := people.Ask[[]string](t, db, figures)
		same(t, got, people.Ask[[]string](t, db, raw, at))
		return got
	}
	if got := check(evening(today)); len(got) != 0 {
		t.Errorf("nothing was ordered, and %v is counted", got)
	}
	for n := range 40 { // with many days on which nobody comes, and a day's first and last moment
		day := today.AddDate(0, 0, n*n%37)
		order(t, db, ada, "generate", []string{"succeeded", "failed", "succeeded"}[n%3], n+1, day)
		order(t, db, bob, []string{"edit", "generate"}[n%2], "succeeded", 3, day.AddDate(0, 0, 1).Add(-time.Millisecond))
	}
	order(t, db, ada, "edit", "queued", 5, today.AddDate(0, 0, 37))
	check(evening(today.AddDate(0, 0, 1)))
	check(evening(today.AddDate(0, 0, 2)))
	check(evening(today.AddDate(0, 0, 30))) // after weeks without a firing
	before := check(evening(today.AddDate(0, 0, 38)))
	if again := check(evening(today.AddDate(0, 0, 38))); !slices.Equal(before, again) {
		t.Errorf("counted again, it is %v", again)
	}
	db.Do(t, `update app.generation set status = 'succeeded', finished_at = created_at where status = 'queued'`)
	before = check(evening(today.AddDate(0, 0, 39))) // it ended after its day was counted
	db.Do(t, `delete from app.generation where account_id = $1`, ada.ID)
	order(t, db, bob, "edit", "failed", 1, today.AddDate(0, 0, 39))
	mustFire(t, db, evening(today.AddDate(0, 0, 40)))
	same(t, people.Ask[[]string](t, db, figures), append(before, today.AddDate(0, 0, 39).Format(time.DateOnly)+" edit 1 0 1 0"))
}
