package logbook

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/retention"
)

// early is how much sooner a day goes: a sweep that is due once a day may be missed once, and its clock may be wrong by hours.
const early = 36 * time.Hour

// ErrAnother says that another sweep is at work; what is to be done is done by it.
var ErrAnother = errors.New("another sweep of the logs is at work")

// MakeDays makes the days a fortnight ahead, where they are missing, and returns how many it made. Without a day for it no record
// is taken in.
func MakeDays(ctx context.Context, db postgres.Querier, at time.Time) (made int, err error) {
	err = db.QueryRow(ctx, `select app.make_log_days($1)`, at).Scan(&made)
	return made, err
}

// Alone runs story in a session that holds the lock of sweeps; ErrAnother where somebody else does. Nobody waits for it: who waits
// in a query holds a snapshot, and ending an interrupted detach waits for every snapshot.
func Alone(ctx context.Context, db *postgres.Database, story func(session postgres.Querier) error) error {
	return db.Session(ctx, func(session postgres.Querier) error {
		var alone bool
		if err := session.QueryRow(ctx, `select pg_try_advisory_lock(hashtext('app.log_record'))`).Scan(&alone); err != nil {
			return err
		}
		if !alone {
			return ErrAnother
		}
		return story(session)
	})
}

// DueAt counts the days that a sweep at this moment would drop, and all there are; it drops nothing.
func DueAt(ctx context.Context, db postgres.Querier, at time.Time) (due, all int64, err error) {
	err = db.QueryRow(ctx, `
		select count(*) filter (where to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' < $1), count(*)
		from pg_class c where c.relnamespace = 'app_days'::regnamespace and c.relkind = 'r' and c.relname ~ '^log_record_[0-9]{8}$'`,
		end(at)).Scan(&due, &all)
	return due, all, err
}

// end is the first moment that is kept at a time: a day is gone before any of it is as old as the policy allows (policy P4.2b).
func end(at time.Time) time.Time {
	return at.UTC().Add(early-retention.Logs).Truncate(24*time.Hour).AddDate(0, 0, 1)
}

// tries is how often a step is tried that somebody is in the way of, each time as long as the role's settings let it wait. Writers never
// wait for any step: none takes a lock on what they write to that conflicts with theirs.
const tries = 3

// DropDays drops every day that is due, one after the other, and finishes what an earlier sweep left in the middle. Each step can be
// the last: what it leaves is found again by the next sweep. The session must be direct, and Alone.
func DropDays(ctx context.Context, session postgres.Querier, at time.Time) (dropped int, err error) {
	for try := 1; ; try++ {
		left, err := over(ctx, session, at)
		for _, d := range left {
			if err = d.drop(ctx, session); err != nil {
				break
			}
			if d.Due {
				dropped++
			}
		}
		if err == nil || try == tries || !inTheWay(err) {
			return dropped, err
		}
	}
}

// inTheWay tells a lock not had in time, a statement that took too long waiting for others, and a deadlock.
func inTheWay(err error) bool {
	return postgres.Raised(err, "55P03") || postgres.Raised(err, "57014") || postgres.Raised(err, "40P01")
}

// day is a partition, or was one.
type day struct {
	Name     string
	Day      time.Time
	Due      bool
	Attached bool
	Pending  bool // its detaching was interrupted: until that is finished no other day can be detached
}

// drop detaches a partition, while others write, then drops it.
func (d day) drop(ctx context.Context, session postgres.Querier) error {
	table, how := pgx.Identifier{"app_days", d.Name}.Sanitize(), "concurrently"
	if d.Pending {
		how = "finalize"
	}
	if d.Attached {
		if _, err := session.Exec(ctx, `alter table app.log_record detach partition `+table+` `+how); err != nil {
			return err
		}
	}
	if !d.Due {
		return nil
	}
	_, err := session.Exec(ctx, `drop table `+table)
	return err
}

// over finds the days that are due, and any whose detaching was interrupted, which comes first.
func over(ctx context.Context, db postgres.Querier, at time.Time) ([]day, error) {
	rows, err := db.Query(ctx, `
		select d.name, d.day, d.day < $1 as due, d.attached, d.pending from (
			select c.relname as name, to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as day,
				i.inhparent is not null as attached, coalesce(i.inhdetachpending, false) as pending
			from pg_class c left join pg_inherits i on i.inhrelid = c.oid
			where c.relnamespace = 'app_days'::regnamespace and c.relkind = 'r' and c.relname ~ '^log_record_[0-9]{8}$'
		) d where d.day < $1 or d.pending order by d.pending desc, d.day`, end(at))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[day])
}
