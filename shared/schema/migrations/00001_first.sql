-- +goose Up

-- One role a duty, each with the least it needs (policy 7). They own nothing; `migrate` gives them their passwords.
-- Settings stand on the role because SET is lost behind a transaction pooler.
-- +goose StatementBegin
do $$
declare
  duty text;
  tries integer := 0;
begin
  -- Roles belong to the whole cluster: another database of it may be at the same ones, and then Postgres refuses one of us.
  loop
    begin
      foreach duty in array array['app_web', 'app_reader', 'app_worker', 'app_sweeper', 'app_eraser'] loop
        if not exists (select from pg_roles where rolname = duty) then
          execute format('create role %I nologin', duty);
        end if;
        execute format('alter role %I set statement_timeout = %L', duty, '10s');
        execute format('alter role %I set lock_timeout = %L', duty, '5s');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', duty, '15s');
        execute format('alter role %I set timezone = %L', duty, 'UTC');
      end loop;
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

revoke all on schema app from public;
grant usage on schema app to app_web, app_reader, app_worker, app_sweeper, app_eraser;

-- ---------------------------------------------------------------- account

create table app.account (
  id         uuid primary key,
  prefix     text not null unique check (prefix ~ '^[a-z0-9]{26}$'),
  name       bytea not null,
  email      bytea not null,
  picture    bytea not null,
  created_at timestamptz not null,
  closed_at  timestamptz
);

create table app.account_key (
  account_id  uuid primary key references app.account on delete cascade,
  service_key text not null,
  wrapped     bytea not null,
  pseudonym   text not null unique
);

-- What must be found without a browser: keyed hashes only, each with an end date ("infinity" while the account lives).
create table app.account_lookup (
  kind       text not null check (kind in ('subject', 'email', 'address')),
  hash       bytea not null check (octet_length(hash) = 32),
  account_id uuid not null references app.account on delete cascade,
  expires_at timestamptz not null,
  primary key (kind, hash, account_id)
);
create unique index account_lookup_subject on app.account_lookup (hash) where kind = 'subject';
create index account_lookup_account on app.account_lookup (account_id);
create index account_lookup_end on app.account_lookup (expires_at);

-- ---------------------------------------------------------------- session

create table app.session (
  id           uuid primary key,
  token_hash   bytea not null unique check (octet_length(token_hash) = 32),
  account_id   uuid not null references app.account on delete cascade,
  browser      bytea not null,
  system       bytea not null,
  address      bytea not null,
  created_at   timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at   timestamptz not null check (expires_at > created_at)
);
create index session_account on app.session (account_id);
create index session_end on app.session (expires_at);

-- Who is calling: any query joins this to check the session in the same round trip. Invoker's rights and plain SQL, so
-- that Postgres inlines it.
create function app.caller(token_hash bytea, at timestamptz)
  returns table (account_id uuid, session_id uuid, prefix text, pseudonym text, service_key text, wrapped_key bytea)
  language sql stable as $$
    select a.id, s.id, a.prefix, k.pseudonym, k.service_key, k.wrapped
    from app.session s
    join app.account a on a.id = s.account_id
    join app.account_key k on k.account_id = a.id
    where s.token_hash = caller.token_hash and s.expires_at > at and a.closed_at is null
  $$;

-- Whether writers may still add to an account.
create function app.alive(account uuid) returns boolean
  language sql stable as $$
    select exists (select from app.account a where a.id = alive.account and a.closed_at is null)
  $$;

-- What a worker needs to act for an account: nothing where the account is closed or its key is gone.
create function app.keyring(account uuid)
  returns table (prefix text, pseudonym text, service_key text, wrapped_key bytea)
  language sql stable as $$
    select a.prefix, k.pseudonym, k.service_key, k.wrapped
    from app.account a join app.account_key k on k.account_id = a.id
    where a.id = keyring.account and a.closed_at is null
  $$;

-- ---------------------------------------------------------------- credit

create table app.credit_balance (
  account_id uuid primary key references app.account on delete cascade,
  available  bigint not null check (available >= 0),
  held       bigint not null check (held >= 0)
);

-- A grant is a lot: spent in the order of expiry. (source, reference) makes a second grant for the same cause impossible.
create table app.credit_grant (
  id         uuid primary key default gen_random_uuid(),
  account_id uuid not null references app.account on delete cascade,
  source     text not null check (source in ('free', 'plan', 'pack', 'goodwill')),
  reference  text not null,
  amount     bigint not null check (amount > 0),
  remaining  bigint not null check (remaining between 0 and amount),
  granted_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > granted_at),
  unique (source, reference)
);
create index credit_grant_account on app.credit_grant (account_id);
create index credit_grant_open on app.credit_grant (account_id, expires_at, granted_at) where remaining > 0;

create table app.credit_hold (
  id         uuid primary key,
  account_id uuid not null references app.account on delete cascade,
  amount     bigint not null check (amount > 0),
  state      text not null check (state in ('held', 'settled', 'released')),
  held_at    timestamptz not null,
  closed_at  timestamptz,
  check ((state = 'held') = (closed_at is null))
);
create index credit_hold_account on app.credit_hold (account_id);
create index credit_hold_open on app.credit_hold (held_at) where state = 'held';

create table app.credit_hold_lot (
  hold_id  uuid not null references app.credit_hold on delete cascade,
  grant_id uuid not null references app.credit_grant on delete cascade,
  amount   bigint not null check (amount > 0),
  primary key (hold_id, grant_id)
);
create index credit_hold_lot_grant on app.credit_hold_lot (grant_id);

-- The ledger: every change of a balance, what it changed and what stood after it. Nobody may change an entry.
create table app.credit_entry (
  id              bigint generated always as identity primary key,
  account_id      uuid not null references app.account on delete cascade,
  at              timestamptz not null,
  kind            text not null check (kind in ('grant', 'hold', 'settle', 'release')),
  reference       text not null,
  available       bigint not null,
  held            bigint not null,
  available_after bigint not null check (available_after >= 0),
  held_after      bigint not null check (held_after >= 0)
);
create index credit_entry_account on app.credit_entry (account_id, id);

-- +goose StatementBegin
create function app.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'ledger entries are immutable';
end $$;
-- +goose StatementEnd
create trigger credit_entry_immutable before update or truncate on app.credit_entry
  for each statement execute function app.refuse_change();

-- Remembers, as a keyed hash with an end date, which Google identity had its free credits.
create table app.free_grant_guard (
  hash       bytea primary key check (octet_length(hash) = 32),
  expires_at timestamptz not null
);
create index free_grant_guard_end on app.free_grant_guard (expires_at);

-- The ledger is written by these four only. They run with their owner's rights, so that no application role can write
-- a credit any other way; each locks hold, then balance, then lots, in this order.

-- +goose StatementBegin
create function app.grant_credits(account uuid, source text, reference text, amount bigint, at timestamptz, expires_at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  after app.credit_balance;
begin
  insert into app.credit_grant (account_id, source, reference, amount, remaining, granted_at, expires_at)
  values (account, source, reference, amount, amount, at, grant_credits.expires_at)
  on conflict do nothing;
  if not found then
    return false;
  end if;
  insert into app.credit_balance as b (account_id, available, held) values (account, amount, 0)
  on conflict (account_id) do update set available = b.available + excluded.available
  returning * into after;
  insert into app.credit_entry (account_id, at, kind, reference, available, held, available_after, held_after)
  values (account, at, 'grant', source || ':' || reference, amount, 0, after.available, after.held);
  return true;
end $$;
-- +goose StatementEnd

-- Once for each Google identity until the guard ends, however often its account is closed and opened again. The bound is
-- against a web role in wrong hands: what it makes up is worth little.
-- +goose StatementBegin
create function app.grant_free_credits(account uuid, identity bytea, amount bigint, at timestamptz, guard_until timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
  if amount > 100 then
    raise exception 'free credits are 100 at most';
  end if;
  insert into app.credit_balance (account_id, available, held) values (account, 0, 0) on conflict do nothing;
  insert into app.free_grant_guard as g (hash, expires_at) values (identity, guard_until)
  on conflict (hash) do update set expires_at = excluded.expires_at where g.expires_at <= at;
  if not found then
    return false;
  end if;
  return app.grant_credits(account, 'free', account::text, amount, at, 'infinity');
end $$;
-- +goose StatementEnd

-- Raises NF402 where the spendable credits do not reach, so that the statement that placed the order goes with it.
-- +goose StatementBegin
create function app.hold_credits(account uuid, hold uuid, amount bigint, at timestamptz)
  returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
  after app.credit_balance;
  covered bigint;
begin
  update app.credit_balance b set available = b.available - amount, held = b.held + amount
  where b.account_id = account and b.available >= amount
  returning * into after;
  if not found then
    raise exception 'insufficient credits' using errcode = 'NF402';
  end if;
  insert into app.credit_hold (id, account_id, amount, state, held_at) values (hold, account, amount, 'held', at);
  with lot as (
    select g.id, g.remaining,
           sum(g.remaining) over (order by g.expires_at, g.granted_at, g.id) - g.remaining as before
    from app.credit_grant g
    where g.account_id = account and g.remaining > 0 and g.expires_at > at
  ), taken as (
    update app.credit_grant g set remaining = g.remaining - least(lot.remaining, hold_credits.amount - lot.before)
    from lot where g.id = lot.id and lot.before < hold_credits.amount
    returning g.id, least(lot.remaining, hold_credits.amount - lot.before) as part
  ), parts as (
    insert into app.credit_hold_lot (hold_id, grant_id, amount) select hold, taken.id, taken.part from taken
    returning credit_hold_lot.amount
  )
  select coalesce(sum(parts.amount), 0) into covered from parts;
  if covered <> amount then
    raise exception 'insufficient credits' using errcode = 'NF402';
  end if;
  insert into app.credit_entry (account_id, at, kind, reference, available, held, available_after, held_after)
  values (account, at, 'hold', hold::text, -amount, amount, after.available, after.held);
  return after.available;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function app.settle_hold(hold uuid, at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  h app.credit_hold;
  after app.credit_balance;
begin
  update app.credit_hold set state = 'settled', closed_at = at where id = hold and state = 'held' returning * into h;
  if not found then
    return false;
  end if;
  update app.credit_balance b set held = b.held - h.amount where b.account_id = h.account_id returning * into after;
  insert into app.credit_entry (account_id, at, kind, reference, available, held, available_after, held_after)
  values (h.account_id, at, 'settle', hold::text, 0, -h.amount, after.available, after.held);
  return true;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function app.release_hold(hold uuid, at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  h app.credit_hold;
  after app.credit_balance;
begin
  update app.credit_hold set state = 'released', closed_at = at where id = hold and state = 'held' returning * into h;
  if not found then
    return false;
  end if;
  update app.credit_balance b set held = b.held - h.amount, available = b.available + h.amount
  where b.account_id = h.account_id returning * into after;
  update app.credit_grant g set remaining = g.remaining + l.amount
  from app.credit_hold_lot l where l.hold_id = hold and g.id = l.grant_id;
  insert into app.credit_entry (account_id, at, kind, reference, available, held, available_after, held_after)
  values (h.account_id, at, 'release', hold::text, h.amount, -h.amount, after.available, after.held);
  return true;
end $$;
-- +goose StatementEnd

create function app.balance(account uuid) returns table (available bigint, held bigint)
  language sql stable as $$
    select b.available, b.held from app.credit_balance b where b.account_id = account
  $$;

-- Every account whose books do not balance, with what is wrong: balance beside ledger, lots and open holds. It reads
-- everything, so it is for tests and for the operator.
create function app.unbalanced_books() returns table (account_id uuid, available bigint, held bigint, entries_available numeric,
    entries_held numeric, lots numeric, holds numeric)
  language sql stable as $$
    select b.account_id, b.available, b.held, e.available, e.held, coalesce(g.remaining, 0), coalesce(h.amount, 0)
    from app.credit_balance b
    left join lateral (select coalesce(sum(x.available), 0) as available, coalesce(sum(x.held), 0) as held
                       from app.credit_entry x where x.account_id = b.account_id) e on true
    left join lateral (select sum(x.remaining) as remaining from app.credit_grant x where x.account_id = b.account_id) g on true
    left join lateral (select sum(x.amount) as amount from app.credit_hold x
                       where x.account_id = b.account_id and x.state = 'held') h on true
    where b.available <> e.available or b.held <> e.held
       or b.available <> coalesce(g.remaining, 0) or b.held <> coalesce(h.amount, 0)
  $$;

-- ---------------------------------------------------------------- image

-- A row stands before its objects are put and until they are gone: pending, then ready, then deleting.
create table app.image (
  id               uuid primary key,
  account_id       uuid not null references app.account on delete cascade,
  generation_id    uuid,
  kind             text not null check (kind in ('upload', 'result')),
  state            text not null check (state in ('pending', 'ready', 'deleting')),
  state_at         timestamptz not null,
  key              text not null unique,
  thumbnail_key    text not null unique,
  content_type     text not null check (content_type in ('image/jpeg', 'image/png', 'image/webp')),
  thumbnail_type   text not null check (thumbnail_type in ('image/jpeg', 'image/png', 'image/webp')),
  width            integer not null check (width > 0),
  height           integer not null check (height > 0),
  bytes            bigint not null check (bytes > 0),
  crc32            bigint not null check (crc32 between 0 and 4294967295),
  sha256           bytea not null check (octet_length(sha256) = 32),
  thumbnail_bytes  bigint not null check (thumbnail_bytes > 0),
  thumbnail_crc32  bigint not null check (thumbnail_crc32 between 0 and 4294967295),
  thumbnail_sha256 bytea not null check (octet_length(thumbnail_sha256) = 32),
  tool             text,
  prompt           bytea,
  created_at       timestamptz not null,
  check ((kind = 'result') = (generation_id is not null))
);
create index image_account on app.image (account_id);
create index image_newest on app.image (account_id, created_at desc, id desc) where state = 'ready';
create index image_generation on app.image (generation_id) where generation_id is not null;
create index image_unsettled on app.image (state_at) where state <> 'ready';

create function app.owns_images(account uuid, ids uuid[]) returns boolean
  language sql stable as $$
    select count(*) = cardinality(ids)
    from app.image where account_id = account and id = any (ids) and state = 'ready'
  $$;

create function app.images_of(account uuid, generation uuid) returns json
  language sql stable as $$
    select coalesce(json_agg(i order by i.created_at, i.id), '[]')
    from app.image i where i.generation_id = generation and i.account_id = account and i.state = 'ready'
  $$;

create table app.upload (
  id           uuid primary key,
  account_id   uuid not null references app.account on delete cascade,
  key          text not null unique,
  content_type text not null check (content_type in ('image/jpeg', 'image/png', 'image/webp')),
  bytes        bigint not null check (bytes between 1 and 20971520),
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  image_id     uuid
);
create index upload_account on app.upload (account_id);
create index upload_age on app.upload (created_at);

-- ---------------------------------------------------------------- generation

-- The row is the queue: `draw` claims the oldest runnable one with a lease and a fencing token.
create table app.generation (
  id              uuid primary key,
  account_id      uuid not null references app.account on delete cascade,
  tool            text not null,
  prompt          bytea,
  size            text,
  seed            bigint check (seed between 0 and 2147483647),
  inputs          uuid[] not null default '{}',
  cost            bigint not null check (cost > 0),
  idempotency_key uuid not null,
  request_hash    bytea not null check (octet_length(request_hash) = 32),
  status          text not null check (status in ('queued', 'running', 'succeeded', 'failed')),
  error_code      text,
  created_at      timestamptz not null,
  runnable_at     timestamptz not null,
  started_at      timestamptz,
  finished_at     timestamptz,
  lease_until     timestamptz,
  fence           integer not null default 0,
  calls           smallint not null default 0 check (calls between 0 and 2),
  unique (account_id, idempotency_key),
  check ((status = 'failed') = (error_code is not null)),
  check ((status in ('succeeded', 'failed')) = (finished_at is not null)),
  check ((status = 'running') = (lease_until is not null))
);
create index generation_newest on app.generation (account_id, created_at desc, id desc);
create index generation_runnable on app.generation (created_at) where status in ('queued', 'running');

-- Each call of a provider, written before it is made.
create table app.provider_call (
  id            bigint generated always as identity primary key,
  generation_id uuid not null references app.generation on delete cascade,
  provider      text not null,
  model         text not null,
  started_at    timestamptz not null,
  finished_at   timestamptz,
  outcome       text check (outcome in ('drawn', 'refused', 'deferred', 'failed'))
);
create index provider_call_generation on app.provider_call (generation_id);

-- ---------------------------------------------------------------- rights

-- +goose StatementBegin
do $$
declare
  t text;
begin
  for t in select tablename from pg_tables where schemaname = 'app' loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy owner on app.%I to current_user using (true)', t);
    continue when t = 'schema_version'; -- what was migrated is nobody's to erase
    execute format('create policy eraser_reads on app.%I for select to app_eraser using (true)', t);
    execute format('create policy eraser_deletes on app.%I for delete to app_eraser using (true)', t);
    execute format('grant select, delete on app.%I to app_eraser', t);
  end loop;
end $$;
-- +goose StatementEnd

revoke execute on all functions in schema app from public;

-- web: the functions behind the API.
grant select, insert, update (name, email, picture) on app.account to app_web;
grant select, insert on app.account_key to app_web;
grant select, insert, update (expires_at) on app.account_lookup to app_web;
grant select, insert, update (last_seen_at), delete on app.session to app_web;
grant select, insert, update (state, state_at), delete on app.image to app_web;
grant select, insert, update (image_id) on app.upload to app_web;
grant select, insert on app.generation to app_web;
create policy web on app.account to app_web using (closed_at is null) with check (closed_at is null);
create policy web on app.account_key to app_web using (true);
create policy web on app.account_lookup to app_web using (true);
create policy web on app.session to app_web using (true);
create policy web_reads on app.image for select to app_web using (true);
create policy web_adds on app.image for insert to app_web with check (kind = 'upload' and state = 'pending');
create policy web_moves on app.image for update to app_web using (state <> 'deleting') with check (state in ('ready', 'deleting'));
create policy web_deletes on app.image for delete to app_web using (state = 'deleting');
create policy web on app.upload to app_web using (true);
create policy web_reads on app.generation for select to app_web using (true);
create policy web_orders on app.generation for insert to app_web with check (status = 'queued' and calls = 0 and fence = 0);
grant execute on function app.caller, app.alive, app.owns_images, app.grant_free_credits, app.hold_credits to app_web;

-- reader: library and account, which change nothing.
grant select on app.account, app.account_key, app.session, app.credit_balance, app.image, app.generation to app_reader;
create policy reader on app.account for select to app_reader using (closed_at is null);
create policy reader on app.account_key for select to app_reader using (true);
create policy reader on app.session for select to app_reader using (true);
create policy reader on app.credit_balance for select to app_reader using (true);
create policy reader on app.image for select to app_reader using (state = 'ready');
create policy reader on app.generation for select to app_reader using (true);
grant execute on function app.caller, app.balance, app.images_of to app_reader;

-- worker: draw.
grant select on app.account, app.account_key to app_worker;
grant select, insert, update (state, state_at), delete on app.image to app_worker;
grant select, update (status, error_code, runnable_at, started_at, finished_at, lease_until, fence, calls) on app.generation to app_worker;
grant select, insert, update (finished_at, outcome) on app.provider_call to app_worker;
create policy worker on app.account for select to app_worker using (closed_at is null);
create policy worker on app.account_key for select to app_worker using (true);
create policy worker_reads on app.image for select to app_worker using (true);
create policy worker_adds on app.image for insert to app_worker with check (kind = 'result' and state = 'pending');
create policy worker_moves on app.image for update to app_worker using (kind = 'result' and state = 'pending') with check (state = 'ready');
create policy worker_deletes on app.image for delete to app_worker using (kind = 'result' and state = 'pending');
create policy worker_reads on app.generation for select to app_worker using (true);
create policy worker_moves on app.generation for update to app_worker using (status in ('queued', 'running')) with check (true);
create policy worker on app.provider_call to app_worker using (true);
grant execute on function app.alive, app.keyring, app.settle_hold, app.release_hold to app_worker;

-- sweeper: sweep-stalled.
grant select, update (status, error_code, finished_at, lease_until) on app.generation to app_sweeper;
grant select, update (state, state_at), delete on app.image to app_sweeper;
grant select, delete on app.upload to app_sweeper;
grant select on app.credit_hold to app_sweeper;
grant select (id, expires_at), delete on app.session to app_sweeper;
grant select (kind, hash, account_id, expires_at), delete on app.account_lookup to app_sweeper;
grant select, delete on app.free_grant_guard to app_sweeper;
create policy sweeper_reads on app.generation for select to app_sweeper using (true);
create policy sweeper_fails on app.generation for update to app_sweeper using (status in ('queued', 'running')) with check (status = 'failed');
create policy sweeper_reads on app.image for select to app_sweeper using (true);
create policy sweeper_moves on app.image for update to app_sweeper using (state = 'pending') with check (state = 'deleting');
create policy sweeper_deletes on app.image for delete to app_sweeper using (state = 'deleting');
create policy sweeper on app.upload to app_sweeper using (true);
create policy sweeper on app.credit_hold for select to app_sweeper using (true);
create policy sweeper on app.session to app_sweeper using (true);
create policy sweeper on app.account_lookup to app_sweeper using (expires_at < 'infinity');
create policy sweeper on app.free_grant_guard to app_sweeper using (true);
grant execute on function app.settle_hold, app.release_hold to app_sweeper;

-- Supabase publishes schemas to these two over its own API; there is nothing here for them.
-- +goose StatementBegin
do $$
declare
  r text;
begin
  for r in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
    execute format('revoke all on schema app from %I', r);
    execute format('revoke all on all tables in schema app from %I', r);
    execute format('revoke all on all functions in schema app from %I', r);
  end loop;
end $$;
-- +goose StatementEnd
