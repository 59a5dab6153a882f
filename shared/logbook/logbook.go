// Package logbook keeps what functions log for ninety days, a partition a day.
package logbook

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// Outcome is what became of a batch; every record of it is in one of these numbers.
type Outcome struct {
	Kept     int
	Repeated int // kept before: CloudWatch delivers some twice
	Gone     int // of days that are over and dropped
	Ahead    int // of days that nobody could have lived yet, so that somebody's clock is wrong
}

// Keep keeps records in one statement; at is the batch's clock. A record whose day should be there and is not makes the whole
// batch fail, to be delivered again when the day was made.
func Keep(ctx context.Context, db postgres.Querier, records []Record, at time.Time) (done Outcome, err error) {
	if len(records) == 0 {
		return done, nil
	}
	err = db.QueryRow(ctx, `
		with given as (
			select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
				$8::integer[], $9::boolean[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
				$16::text[], $17::text[], $18::text[])
				as r (at, id, kind, function, route, method, status, ms, cold, ok, code, error, who, browser, system, network, request_id, invocation)
		), placed as (
			select g.*, g.at < d.since as gone, g.at >= greatest(d.until, $19::timestamptz + interval '1 day') as ahead
			from given g, app.log_days() d
		), kept as (
			insert into app.log_record (at, id, kind, function, route, method, status, ms, cold, ok,
				code, error, who, browser, system, network, request_id, invocation)
			select at, id, kind, function, nullif(route, ''), nullif(method, ''), nullif(status, 0), ms, cold, case when kind = 'job' then ok end,
				nullif(code, ''), nullif(error, ''), nullif(who, ''), nullif(browser, ''), nullif(system, ''), nullif(network, '')::cidr,
				nullif(request_id, ''), nullif(invocation, '')
			from placed where not gone and not ahead
			on conflict do nothing
			returning 1
		)
		select (select count(*) from kept), count(*) filter (where gone), count(*) filter (where ahead and not gone) from placed`,
		column(records, func(r *Record) time.Time { return r.at }),
		column(records, func(r *Record) string { return r.id }),
		column(records, func(r *Record) string { return string(r.Msg) }),
		column(records, func(r *Record) string { return string(r.Function) }),
		column(records, func(r *Record) string { return string(r.Route) }),
		column(records, func(r *Record) string { return string(r.Method) }),
		column(records, func(r *Record) int { return r.Status }),
		column(records, func(r *Record) int64 { return r.Ms }),
		column(records, func(r *Record) bool { return r.Cold }),
		column(records, func(r *Record) bool { return r.OK != nil && *r.OK }),
		column(records, func(r *Record) string { return string(r.Code) }),
		column(records, func(r *Record) string { return string(r.Error) }),
		column(records, func(r *Record) string { return string(r.Who) }),
		column(records, func(r *Record) string { return string(r.Browser) }),
		column(records, func(r *Record) string { return string(r.System) }),
		column(records, func(r *Record) string { return string(r.Network) }),
		column(records, func(r *Record) string { return string(r.RequestID) }),
		column(records, func(r *Record) string { return string(r.Invocation) }),
		at).Scan(&done.Kept, &done.Gone, &done.Ahead)
	if err == nil {
		done.Repeated = len(records) - done.Kept - done.Gone - done.Ahead
	}
	return done, err
}

// column is one field of every record.
func column[T any](records []Record, field func(r *Record) T) []T {
	values := make([]T, len(records))
	for i := range records {
		values[i] = field(&records[i])
	}
	return values
}
