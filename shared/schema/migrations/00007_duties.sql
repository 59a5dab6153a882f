-- +goose Up

-- Three more duties: the logger only adds records of requests and jobs; the archivist owns their table, because only an owner
-- can detach a day from it; the watcher reads what should be none, and can delete nothing.
-- +goose StatementBegin
do $$
declare
  duty text;
  tries integer := 0;
begin
  loop -- as in the first migration: roles belong to the whole cluster
    begin
      foreach duty in array array['app_logger', 'app_archivist', 'app_watcher'] loop
        if not exists (select from pg_roles where rolname = duty) then
          execute format('create role %I nologin', duty);
        end if;
        execute format('alter role %I set statement_timeout = %L', duty, '10s');
        execute format('alter role %I set lock_timeout = %L', duty, '5s');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', duty, '15s');
        execute format('alter role %I set timezone = %L', duty, 'UTC');
      end loop;
      -- Whoever migrates must be able to hand a table over, and to alter it later. Since Postgres 16 the maker of a role is a member
      -- that may only administer it.
      if not pg_has_role(current_user, 'app_archivist', 'usage') then
        execute format('grant app_archivist to %I', current_user);
      end if;
      exit;
    exception when duplicate_object or unique_violation or internal_error then
      tries := tries + 1;
      if tries = 20 then
        raise;
      end if;
      perform pg_sleep(0.05);
    end;
  end loop;
end $$;
-- +goose StatementEnd

grant usage on schema app to app_logger, app_archivist, app_watcher;

-- When each scheduled job last came to its end without an error, by its events' clock. The watcher reads it: a job that stopped
-- running says nothing itself.
create table app.job_success (
  job text primary key check (job ~ '^[a-z]+(-[a-z]+)*$'),
  at  timestamptz not null
);

-- What was given to an authority, and on what ground (policy 5.2). It names no person: what is under a number is in the papers
-- of the case, and the account is a random id, which means nothing once it is erased. Nobody may change an entry.
create table app.disclosure (
  number    bigint generated always as identity primary key,
  at        timestamptz not null,
  actor     text not null check (length(actor) between 2 and 200),
  authority text not null check (length(authority) between 2 and 200),
  ground    text not null check (length(ground) between 5 and 500),
  given     text not null check (length(given) between 3 and 500), -- which classes of data
  told      boolean not null,                                      -- whether the person was told
  about     uuid not null                                          -- the account
);
create trigger disclosure_immutable before update or delete or truncate on app.disclosure
  for each statement execute function app.refuse_any_change();

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['job_success', 'disclosure'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy owner on app.%I to current_user using (true)', t);
  end loop;
end $$;
-- +goose StatementEnd

-- Notes that a job came to its end. One that was late, or came twice, moves nothing back; a day ahead of it is no time of a job's,
-- but of a clock that was wrong.
create function app.succeeded(job text, at timestamptz) returns void
  language sql security definer set search_path = pg_catalog as $$
    insert into app.job_success as j (job, at) values (succeeded.job, succeeded.at)
    on conflict (job) do update set at = case when j.at > excluded.at + interval '1 day' then excluded.at else greatest(j.at, excluded.at) end
  $$;
revoke execute on function app.succeeded from public;
grant execute on function app.succeeded to app_sweeper, app_cashier, app_eraser, app_archivist, app_watcher;

grant insert on app.disclosure to app_staff;
create policy staff_adds on app.disclosure for insert to app_staff with check (true);
