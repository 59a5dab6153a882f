-- +goose Up

-- How much was ordered a day with a tool. It is about nobody, so it outlives the logs and the accounts.
create table app.usage_day (
  day       date not null, -- in UTC, of the order
  tool      text not null check (tool ~ '^[a-z]+(-[a-z]+)*$'),
  orders    bigint not null check (orders > 0),
  succeeded bigint not null check (succeeded >= 0),
  failed    bigint not null check (failed >= 0),
  credits   bigint not null check (credits >= 0), -- paid, that is for those that succeeded
  primary key (day, tool),
  check (succeeded + failed <= orders)
);
alter table app.usage_day enable row level security;
alter table app.usage_day force row level security;
create policy owner on app.usage_day to current_user using (true);

create index generation_made on app.generation (created_at);

-- Counts the orders of every day that is over and was not counted, and returns how many days and tools that were. The week before
-- the last counted day is counted again, for orders that ended late; a number never falls, because orders that are erased with
-- their account have been made all the same.
create function app.count_usage(at timestamptz) returns bigint
  language sql security definer set search_path = pg_catalog as $$
    with counted as (
      insert into app.usage_day as u (day, tool, orders, succeeded, failed, credits)
      select (g.created_at at time zone 'UTC')::date, g.tool, count(*), count(*) filter (where g.status = 'succeeded'),
        count(*) filter (where g.status = 'failed'), coalesce(sum(g.cost) filter (where g.status = 'succeeded'), 0)
      from app.generation g
      where g.created_at < date_trunc('day', count_usage.at, 'UTC')
        and g.created_at >= coalesce((select (max(l.day) - 7)::timestamp at time zone 'UTC' from app.usage_day l), '-infinity')
      group by 1, 2
      on conflict (day, tool) do update set orders = excluded.orders, succeeded = excluded.succeeded, failed = excluded.failed, credits = excluded.credits
        where excluded.orders >= u.orders and excluded.succeeded >= u.succeeded and excluded.failed >= u.failed and excluded.credits >= u.credits
          and (excluded.orders, excluded.succeeded, excluded.failed) <> (u.orders, u.succeeded, u.failed)
      returning u.day
    )
    select count(*) from counted
  $$;
revoke execute on function app.count_usage from public;
grant execute on function app.count_usage to app_archivist;
