-- +goose Up

-- Whether the time of something of this day is over: it is kept through the anniversary of its day, in UTC (policy P4.2c). Of 29
-- February the anniversary is 28 February, where there is no other. The law's seven years are the floor: no caller comes below it.
create function app.kept_years(since timestamptz, years integer, at timestamptz) returns boolean
  language sql immutable set timezone = 'UTC' as $$
    select (since::date + make_interval(years => greatest(years, 7)))::date >= at::date
  $$;

-- Before this moment is everything whose time may be over; the day more is for the sake of leap years. Indexes are asked for this,
-- and what they find is held against the rule.
create function app.seven_years_before(at timestamptz) returns timestamptz
  language sql immutable set timezone = 'UTC' as $$
    select (at::date - interval '7 years' + interval '1 day')::timestamptz
  $$;

-- How many payments' time is over, and of how many.
create function app.payments_due(at timestamptz, years integer) returns table (due bigint, of_all bigint)
  language sql stable security definer set search_path = pg_catalog as $$
    select (select count(*) from app.payment p
            where p.paid_at < app.seven_years_before(payments_due.at) and not app.kept_years(p.paid_at, years, payments_due.at)),
           (select count(*) from app.payment)
  $$;

-- Removes up to `most` payments whose time is over, with what hangs on them, and as many invoices of plans; says how many rows.
-- Credits stay as they are: their entries are no records of payments.
-- +goose StatementBegin
create function app.purge_payments(at timestamptz, years integer, most integer) returns integer
  language plpgsql security definer set search_path = pg_catalog as $$
declare
  payments integer;
  invoices integer;
begin
  delete from app.payment where id in (
    select p.id from app.payment p
    where p.paid_at < app.seven_years_before(purge_payments.at) and not app.kept_years(p.paid_at, years, purge_payments.at)
    order by p.paid_at limit most for update skip locked);
  get diagnostics payments = row_count;
  delete from app.plan_invoice where id in (
    select i.id from app.plan_invoice i
    where i.paid_at < app.seven_years_before(purge_payments.at) and not app.kept_years(i.paid_at, years, purge_payments.at)
    order by i.paid_at limit most for update skip locked);
  get diagnostics invoices = row_count;
  return payments + invoices;
end $$;
-- +goose StatementEnd
create index plan_invoice_age on app.plan_invoice (paid_at);

-- ---------------------------------------------------------------- the mark against ordering twice

-- A day later nobody repeats an order any more, and the mark goes (policy P2.2).
alter table app.generation alter column idempotency_key drop not null, alter column request_hash drop not null;
create index generation_marked on app.generation (created_at) where idempotency_key is not null;

create function app.forget_order_marks(before timestamptz, most integer) returns bigint
  language sql security definer set search_path = pg_catalog as $$
    with marked as (
      select g.id from app.generation g where g.idempotency_key is not null and g.created_at <= before
      order by g.created_at limit most for update skip locked
    ), forgotten as (
      update app.generation g set idempotency_key = null, request_hash = null from marked where g.id = marked.id returning 1
    )
    select count(*) from forgotten
  $$;

-- ---------------------------------------------------------------- sweeps that ask

-- A sweep that would take unusually much does nothing but write down what it would take. Staff confirm exactly that, by its
-- digest; then it is carried out, once.
create table app.sweep_plan (
  digest       text primary key check (digest ~ '^[0-9a-f]{64}$'),
  job          text not null check (job ~ '^[a-z]+(-[a-z]+)*$'),
  cut          timestamptz not null, -- what was over at this moment
  rows         bigint not null check (rows > 0), -- of logs, days
  of_all       bigint not null check (of_all >= rows),
  asked_at     timestamptz not null,
  confirmed_at timestamptz,
  done_at      timestamptz
);
create index sweep_plan_open on app.sweep_plan (job, asked_at) where done_at is null;

alter table app.staff_action drop constraint staff_action_action_check;
alter table app.staff_action add constraint staff_action_action_check check (action in ('erase', 'hold', 'lift', 'confirm', 'disclose'));

-- +goose StatementBegin
create function app.ask_to_sweep(digest text, job text, cut timestamptz, rows bigint, of_all bigint, at timestamptz) returns void
  language sql security definer set search_path = pg_catalog as $$
    insert into app.sweep_plan (digest, job, cut, rows, of_all, asked_at)
    values (ask_to_sweep.digest, ask_to_sweep.job, ask_to_sweep.cut, ask_to_sweep.rows, ask_to_sweep.of_all, ask_to_sweep.at)
    on conflict do nothing
  $$;
-- +goose StatementEnd

-- What staff confirmed and is not done yet, the oldest first.
create function app.confirmed_sweeps(job text) returns table (digest text, cut timestamptz, rows bigint, of_all bigint)
  language sql stable security definer set search_path = pg_catalog as $$
    select p.digest, p.cut, p.rows, p.of_all from app.sweep_plan p
    where p.job = confirmed_sweeps.job and p.confirmed_at is not null and p.done_at is null order by p.asked_at
  $$;

create function app.swept(digest text, at timestamptz) returns void
  language sql security definer set search_path = pg_catalog as $$
    update app.sweep_plan p set done_at = swept.at where p.digest = swept.digest and p.confirmed_at is not null and p.done_at is null
  $$;

-- False if no plan that waits has this digest.
-- +goose StatementBegin
create function app.confirm_sweep(digest text, at timestamptz) returns boolean
  language plpgsql security definer set search_path = pg_catalog as $$
begin
  update app.sweep_plan p set confirmed_at = confirm_sweep.at
  where p.digest = confirm_sweep.digest and p.confirmed_at is null and p.done_at is null;
  return found;
end $$;
-- +goose StatementEnd

alter table app.sweep_plan enable row level security;
alter table app.sweep_plan force row level security;
create policy owner on app.sweep_plan to current_user using (true);

-- ---------------------------------------------------------------- rights

revoke execute on function app.kept_years, app.seven_years_before, app.payments_due, app.purge_payments, app.forget_order_marks,
  app.ask_to_sweep, app.confirmed_sweeps, app.swept, app.confirm_sweep from public;
grant execute on function app.payments_due, app.purge_payments, app.forget_order_marks to app_sweeper;
grant execute on function app.ask_to_sweep, app.confirmed_sweeps, app.swept to app_sweeper, app_archivist;
grant execute on function app.confirm_sweep to app_staff;
