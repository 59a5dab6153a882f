-- +goose Up

-- What is promised and watched, as it was last seen; everybody may read it. The state is about the promise, not about one look:
-- a measure that could not be taken keeps its value from before, and is never better than at risk.
create table app.promise (
  measure text primary key check (measure ~ '^[a-z]+(_[a-z]+)*$'),
  clause  text not null check (clause ~ '^P[0-9]+(\.[0-9]+)?[a-z]?$'), -- of the privacy policy
  says    text not null check (length(says) between 10 and 300),
  unit    text not null check (unit in ('hours', 'days')),
  value   bigint not null, -- from warn on the promise is at risk, from bound on it is broken
  warn    bigint not null,
  bound   bigint not null check (bound >= warn),
  state   text not null check (state in ('kept', 'at_risk', 'broken')),
  seen_at timestamptz,          -- when it could last be looked at; null is never
  since   timestamptz not null  -- since when it has been kept, or not
);
alter table app.promise enable row level security;
alter table app.promise force row level security;
create policy owner on app.promise to current_user using (true);

create index account_closed on app.account (closed_at) where closed_at is not null;

-- How many entries the register of disclosures has; what is in them is nobody's but the service's.
create function app.disclosures() returns bigint
  language sql stable security definer set search_path = pg_catalog as $$
    select count(*) from app.disclosure
  $$;

-- The day of the oldest log record that there may be, by the days' names and bounds, and by the records of a day that was detached:
-- nothing but its name says any more which they are.
-- +goose StatementBegin
create function app.oldest_log() returns timestamptz language plpgsql stable set search_path = pg_catalog as $$
declare
  d record;
  first timestamptz;
  oldest timestamptz;
begin
  for d in select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds from pg_class c
           where c.relnamespace = 'app_days'::regnamespace and c.relkind in ('r', 'p') loop
    first := null;
    if d.bounds is null then
      begin
        execute format('select min(x.at) from app_days.%I x', d.name) into first;
      exception when undefined_table then -- it was dropped this moment
        continue;
      end;
    end if;
    oldest := least(oldest, first, substring(d.bounds from 'FROM \(''([^'']+)''\)')::timestamptz,
      to_date(substring(d.name from '_([0-9]{8})$'), 'YYYYMMDD')::timestamp at time zone 'UTC');
  end loop;
  return oldest;
end $$;
-- +goose StatementEnd

-- Everything that should be none: of each measure how many there are, a thousand at most, and since when the oldest should have
-- gone. It asks in ways of its own, not with the sweeps' verbs, and every question has an index or few rows. known is the
-- data map, payment_years for how long the law wants payments kept.
-- +goose StatementBegin
create function app.watched(at timestamptz, known text[], payment_years integer) returns table (measure text, value bigint, oldest timestamptz)
  language plpgsql stable security definer set search_path = pg_catalog set timezone = 'UTC' as $$
declare
  most constant integer := 1000;
  w record;
begin
  -- What has an end: its clock, for how long after that it is kept, and of which rows.
  for w in
    select * from (values
      ('sessions_past_end',         'session',          'expires_at', interval '0',        'true'),
      ('lookups_past_end',          'account_lookup',   'expires_at', interval '0',        'true'),
      ('guards_past_end',           'free_grant_guard', 'expires_at', interval '0',        'true'),
      ('uploads_past_end',          'upload',           'created_at', interval '1 hour',   'true'),
      ('archives_past_end',         'archive',          'expires_at', interval '0',        'true'),
      ('receipts_past_end',         'receipt',          'expires_at', interval '0',        'true'),
      ('legal_holds_past_end',      'legal_hold',       'ends_at',    interval '0',        'true'),
      ('idempotency_keys_past_end', 'generation',       'created_at', interval '24 hours', 'idempotency_key is not null'),
      ('stripe_events_past_end',    'stripe_event',     'at',         interval '60 days',  'true'),
      ('credits_past_end',          'credit_grant',     'expires_at', interval '0',        'remaining > 0'),
      ('orders_open',               'generation',       'created_at', interval '1 hour',   'status in (''queued'', ''running'')'),
      ('credits_held_too_long',     'credit_hold',      'held_at',    interval '1 hour',   'state = ''held'''),
      ('images_half_deleted',       'image',            'state_at',   interval '1 hour',   'state <> ''ready''')
    ) x (measure, of_table, clock, kept, condition)
  loop
    measure := w.measure;
    execute format('select count(*), min(x.at) + $2 from (
        select t.%1$I as at from app.%2$I t where t.%1$I <= $1 - $2 and (%3$s) order by t.%1$I limit $3) x',
      w.clock, w.of_table, w.condition) into value, oldest using watched.at, w.kept, most;
    return next;
  end loop;

  -- Payments are kept through an anniversary of their day.
  return query
    select 'payments_past_end', count(*), min(x.ended) from (
      select (((p.paid_at at time zone 'UTC')::date + make_interval(years => payment_years))::date + 1)::timestamp at time zone 'UTC' as ended
      from app.payment p where p.paid_at < watched.at - make_interval(years => payment_years) + interval '1 day' order by p.paid_at limit most
    ) x where x.ended <= watched.at;

  -- What the law keeps from being erased waits for its hold, and is not late.
  return query
    select 'closed_accounts', count(*), min(x.closed_at) from (
      select a.closed_at from app.account a
      where a.closed_at is not null
        and not exists (select from app.erasure e where e.account_id = a.id and e.stage = 'held')
      order by a.closed_at limit most
    ) x;
  return query
    select 'closed_without_erasure', count(*), min(x.closed_at) from (
      select a.closed_at from app.account a
      where a.closed_at is not null and not exists (select from app.erasure e where e.account_id = a.id)
      order by a.closed_at limit most
    ) x;
  return query select 'erasures_near_end', count(*), min(e.erase_by) - interval '72 hours'
    from app.erasure e where e.stage not in ('held', 'withdrawn') and e.erase_by - interval '72 hours' <= watched.at;
  return query select 'erasures_at_a_stage', count(*), min(e.stage_at)
    from app.erasure e where e.stage not in ('grace', 'held');
  return query select 'erasures_held', count(*), min(e.stage_at) from app.erasure e where e.stage = 'held';

  return query select 'oldest_log', 1::bigint, o from app.oldest_log() o;
  return query
    select 'log_days_missing', count(*), null::timestamptz
    from generate_series(watched.at::date::timestamp, watched.at::date + interval '13 days', '1 day') d
    where not exists (
      select from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'app.log_record'::regclass and not i.inhdetachpending
        and c.relname = 'log_record_' || to_char(d, 'YYYYMMDD'));

  -- A job that never succeeded is as late as the watching is old.
  return query select 'watching', 1::bigint, min(v.tstamp) at time zone 'UTC' from app.schema_version v where v.version_id = 10;
  return query select replace(j.job, '-', '_') || '_idle', 1::bigint, j.at from app.job_success j;

  return query
    select 'tables_open', count(*), null::timestamptz from pg_class c
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity);
  return query
    select 'columns_unknown', count(*), null::timestamptz from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped
      and c.relname || '.' || a.attname <> all (coalesce(known, '{}'));
  -- All books would be too many for an hour: those of a thousand accounts, from a place that is another at every look.
  return query
    select 'books_unbalanced', count(*), null::timestamptz
    from app.unbalanced_books() u
    where u.account_id in (
      select x.account_id from (
        (select b.account_id, 0 as lap from app.credit_balance b where b.account_id >= md5(watched.at::text)::uuid order by b.account_id limit most)
        union all
        (select b.account_id, 1 from app.credit_balance b where b.account_id < md5(watched.at::text)::uuid order by b.account_id limit most)
        order by 2, 1 limit most
      ) x);
end $$;
-- +goose StatementEnd

-- ---------------------------------------------------------------- rights

revoke execute on function app.disclosures, app.oldest_log, app.watched from public;

-- watcher: what it compares with the bucket, and what it writes about what it saw. It deletes nothing.
grant select (id, key, thumbnail_key, state) on app.image to app_watcher;
grant select (prefix) on app.erasure to app_watcher;
grant select, insert, update (clause, says, unit, value, warn, bound, state, seen_at, since) on app.promise to app_watcher;
create policy watcher on app.image for select to app_watcher using (true);
create policy watcher on app.erasure for select to app_watcher using (true);
create policy watcher on app.promise to app_watcher using (true);
grant execute on function app.watched to app_watcher;

-- reader: promises.
grant select on app.promise to app_reader;
create policy reader on app.promise for select to app_reader using (true);
grant execute on function app.disclosures to app_reader;
