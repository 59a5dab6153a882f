-- +goose Up

-- Staff may end an account on request and keep an item from its erasure, each with a reason, on record.
-- +goose StatementBegin
do $$
declare
  tries integer := 0;
begin
  -- Roles belong to the whole cluster: another database of it may be at the same one, and then Postgres refuses one of us.
  loop
    begin
      if not exists (select from pg_roles where rolname = 'app_staff') then
        create role app_staff nologin;
      end if;
      alter role app_staff set statement_timeout = '10s';
      alter role app_staff set lock_timeout = '5s';
      alter role app_staff set idle_in_transaction_session_timeout = '15s';
      alter role app_staff set timezone = 'UTC';
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
grant usage on schema app to app_staff;

-- ---------------------------------------------------------------- see and correct

-- What its owner corrected is not taken from Google again.
alter table app.account add column corrected text[] not null default '{}' check (corrected <@ '{name,picture}');

create table app.preference (
  account_id   uuid primary key references app.account on delete cascade,
  theme        text not null check (theme in ('system', 'light', 'dark')),
  mail_results boolean not null,
  mail_billing boolean not null,
  mail_news    boolean not null,
  changed_at   timestamptz not null
);

drop function app.caller(bytea, timestamptz);
create function app.caller(token_hash bytea, at timestamptz)
  returns table (account_id uuid, session_id uuid, prefix text, pseudonym text, service_key text, wrapped_key bytea,
                 signed_in_at timestamptz, last_seen_at timestamptz)
  language sql stable as $$
    select a.id, s.id, a.prefix, k.pseudonym, k.service_key, k.wrapped, s.created_at, s.last_seen_at
    from app.session s
    join app.account a on a.id = s.account_id
    join app.account_key k on k.account_id = a.id
    where s.token_hash = caller.token_hash and s.expires_at > at and a.closed_at is null
  $$;

-- Who is calling, whether the account is closed or not: for the one function that lets its owner take a deletion back.
create function app.holder(token_hash bytea, at timestamptz)
  returns table (account_id uuid, session_id uuid, prefix text, pseudonym text, service_key text, wrapped_key bytea,
                 signed_in_at timestamptz, last_seen_at timestamptz, closed_at timestamptz)
  language sql stable security definer set search_path = pg_catalog as $$
    select a.id, s.id, a.prefix, k.pseudonym, k.service_key, k.wrapped, s.created_at, s.last_seen_at, a.closed_at
    from app.session s
    join app.account a on a.id = s.account_id
    join app.account_key k on k.account_id = a.id
    where s.token_hash = holder.token_hash and s.expires_at > at
  $$;

create function app.seen(session uuid, at timestamptz) returns void
  language sql security definer set search_path = pg_catalog as $$
    update app.session s set last_seen_at = at where s.id = session and s.last_seen_at < at
  $$;

-- ---------------------------------------------------------------- leave

-- One account on its way out. It has no foreign key, because it outlives the account's row until the receipt is written; then
-- it goes, and nothing says any more whose receipt that is. A withdrawn one stays until what it left outside is removed.
create table app.erasure (
  id           uuid primary key, -- the receipt's: who has it may read it
  account_id   uuid not null unique,
  prefix       text not null,
  cause        text not null check (cause in ('request', 'child', 'staff', 'restore')),
  requested_at timestamptz not null,
  due_at       timestamptz not null check (due_at >= requested_at), -- until then it can be taken back
  erase_by     timestamptz not null check (erase_by > due_at),      -- what was promised
  stage        text not null check (stage in ('closing', 'grace', 'record', 'stripe', 'objects', 'edge', 'key', 'rows', 'verify', 'held', 'withdrawn')),
  stage_at     timestamptz not null,
  next_at      timestamptz not null,
  lease_until  timestamptz,
  fence        integer not null default 0,
  failures     integer not null default 0,
  failure      text,
  links_dead   boolean not null default false,
  unbilled     boolean not null default false,
  counts       jsonb not null default '{}',
  times        jsonb not null default '{}',
  stays        jsonb not null default '[]'
);
create index erasure_next on app.erasure (next_at);

create table app.receipt (
  id         uuid primary key,
  jws        text not null,
  made_at    timestamptz not null,
  expires_at timestamptz not null
);
create index receipt_end on app.receipt (expires_at);

-- Law may forbid the erasure of one item (an account, an image, an order) until a date: that item is left, nothing else.
create table app.legal_hold (
  id         uuid primary key,
  account_id uuid not null,
  item       uuid not null,
  reason     text not null check (length(reason) between 5 and 500),
  placed_at  timestamptz not null,
  ends_at    timestamptz not null check (ends_at > placed_at)
);
create index legal_hold_account on app.legal_hold (account_id);
create index legal_hold_end on app.legal_hold (ends_at);

-- What staff did and why; nobody may change an entry.
create table app.staff_action (
  number bigint generated always as identity primary key,
  at     timestamptz not null,
  actor  text not null check (length(actor) between 2 and 200),
  action text not null check (action in ('erase', 'hold', 'lift')),
  reason text not null check (length(reason) between 5 and 500),
  about  uuid not null -- the erasure or the hold
);
-- +goose StatementBegin
create function app.refuse_any_change() returns trigger language plpgsql as $$
begin
  raise exception 'what staff did stays on record';
end $$;
-- +goose StatementEnd
create trigger staff_action_immutable before update or delete or truncate on app.staff_action
  for each statement execute function app.refuse_any_change();

-- A fence for writers: work in flight cannot add to a closed account. The lock makes the closing wait for whoever is adding,
-- and whoever comes after it see that it is closed.
-- +goose StatementBegin
create function app.refuse_closed() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform from app.account a where a.id = new.account_id and a.closed_at is null for share;
  if not found then
    raise exception 'the account is closed' using errcode = 'NF410';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger generation_fence before insert on app.generation for each row execute function app.refuse_closed();
create trigger image_fence before insert on app.image for each row execute function app.refuse_closed();
create trigger upload_fence before insert on app.upload for each row execute function app.refuse_closed();

-- Closes an account: its sessions end, its orders under way are cancelled with their price given back, its erasure begins. False
-- if there is no such account, or if it is on its way out already.
-- +goose StatementBegin
create function app.close_account(account uuid, erasure uuid, cause text, at timestamptz, due_at timestamptz, erase_by timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  prefix text;
  cancelled uuid;
begin
  select a.prefix into prefix from app.account a where a.id = account for no key update;
  if not found then
    return false;
  end if;
  insert into app.erasure as e (id, account_id, prefix, cause, requested_at, due_at, erase_by, stage, stage_at, next_at)
  values (erasure, account, prefix, cause, at, close_account.due_at, close_account.erase_by, 'closing', at, at)
  on conflict (account_id) do update
    set id = excluded.id, cause = excluded.cause, requested_at = excluded.requested_at, due_at = excluded.due_at,
        erase_by = excluded.erase_by, stage = 'closing', stage_at = at, next_at = at, failures = 0, failure = null,
        links_dead = false, unbilled = false, counts = '{}', times = '{}', stays = '[]'
    where e.stage = 'withdrawn';
  if not found then
    return false;
  end if;
  update app.account a set closed_at = at where a.id = account;
  delete from app.session s where s.account_id = account;
  for cancelled in
    update app.generation g set status = 'failed', error_code = 'account_closed', lease_until = null, finished_at = at, fence = g.fence + 1
    where g.account_id = account and g.status in ('queued', 'running')
    returning g.id
  loop
    perform app.release_hold(cancelled, at);
  end loop;
  return true;
end $$;
-- +goose StatementEnd

-- Takes a deletion back while that is possible; false if it is not any more. What the closing left outside the database is
-- removed by the sweep.
-- +goose StatementBegin
create function app.reopen_account(account uuid, at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform from app.account a where a.id = account for no key update;
  update app.erasure e set stage = 'withdrawn', stage_at = at, next_at = at, failures = 0, failure = null
  where e.account_id = account and e.stage in ('closing', 'grace') and at < e.due_at;
  if not found then
    return false;
  end if;
  update app.account a set closed_at = null where a.id = account;
  return true;
end $$;
-- +goose StatementEnd

-- Since when an account is closed; null where it is open, or where there is none.
create function app.closed(account uuid) returns timestamptz
  language sql stable as $$
    select a.closed_at from app.account a where a.id = closed.account
  $$;

-- ---------------------------------------------------------------- what an account has

-- Every table with rows of accounts, found by following the foreign keys that cascade from app.account, and the condition that
-- finds the rows of account $1. So a table that is added later is exported, counted and erased without anybody thinking of it.
create function app.belongings() returns table (name text, condition text, depth integer)
  language sql stable set search_path = pg_catalog as $$
    with recursive reached (rel, path, depth) as (
      select c.conrelid, format('%I = $1', a.attname), 1
      from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.confdeltype = 'c' and c.confrelid = 'app.account'::regclass
      union
      select c.conrelid, format('%I in (select %I from app.%I where %s)', a.attname, k.attname, p.relname, r.path), r.depth + 1
      from reached r
      join pg_constraint c on c.contype = 'f' and c.confdeltype = 'c' and c.confrelid = r.rel and c.conrelid <> r.rel
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      join pg_attribute k on k.attrelid = c.confrelid and k.attnum = c.confkey[1]
      join pg_class p on p.oid = c.confrelid
      where r.depth < 6
    )
    select t.relname::text, string_agg(distinct '(' || r.path || ')', ' or '), max(r.depth)
    from reached r join pg_class t on t.oid = r.rel
    group by t.relname
  $$;

-- How many rows an account has in each of them.
-- +goose StatementBegin
create function app.inventory(account uuid) returns table (name text, rows bigint)
  language plpgsql stable security definer set search_path = pg_catalog as $$
declare
  b record;
begin
  for b in select * from app.belongings() loop
    name := b.name;
    execute format('select count(*) from app.%I where %s', b.name, b.condition) into rows using account;
    return next;
  end loop;
end $$;
-- +goose StatementEnd

-- Deletes up to `most` rows of an account, those that refer to others first, and says how many of which table. Its key has a
-- stage of its own; what a hold keeps is left.
-- +goose StatementBegin
create function app.erase_rows(account uuid, held uuid[], most bigint) returns table (name text, rows bigint)
  language plpgsql set search_path = pg_catalog as $$
declare
  b record;
  exempt text;
begin
  for b in select * from app.belongings() x where x.name <> 'account_key' order by x.depth desc, x.name loop
    exempt := '';
    if exists (select from pg_attribute a where a.attrelid = ('app.' || quote_ident(b.name))::regclass and a.attname = 'id' and a.atttypid = 'uuid'::regtype) then
      exempt := ' and id <> all ($2)';
    end if;
    execute format('delete from app.%1$I where ctid = any (array(select ctid from app.%1$I where (%2$s)%3$s limit $3))', b.name, b.condition, exempt)
      using account, held, most;
    get diagnostics rows = row_count;
    if rows > 0 then
      name := b.name;
      return next;
      most := most - rows;
    end if;
    exit when most <= 0;
  end loop;
end $$;
-- +goose StatementEnd

-- What is left of an account, by another way than it was erased: every table with a column account_id, and the account itself.
-- +goose StatementBegin
create function app.remains(account uuid) returns table (name text, rows bigint)
  language plpgsql stable set search_path = pg_catalog as $$
begin
  for name in
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id' and not a.attisdropped
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('erasure', 'legal_hold')
  loop
    execute format('select count(*) from app.%I where account_id = $1', name) into rows using account;
    if rows > 0 then
      return next;
    end if;
  end loop;
  name := 'account';
  select count(*) into rows from app.account a where a.id = account;
  if rows > 0 then
    return next;
  end if;
end $$;
-- +goose StatementEnd

-- What outlives an account: how many payments, the last of them when, and since when its free credits are remembered.
create function app.stays(account uuid) returns table (payments bigint, last_payment timestamptz, free_credits_at timestamptz)
  language sql stable security definer set search_path = pg_catalog as $$
    select count(p.id), max(p.paid_at),
           (select max(g.granted_at) from app.credit_grant g where g.account_id = account and g.source = 'free')
    from app.payment_owner o join app.payment p on p.id = o.payment_id where o.account_id = account
  $$;

-- Places a hold on an item of an account; false if the account has no such item.
-- +goose StatementBegin
create function app.place_hold(hold uuid, account uuid, item uuid, reason text, at timestamptz, ends_at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
  insert into app.legal_hold (id, account_id, item, reason, placed_at, ends_at)
  select hold, account, item, place_hold.reason, at, place_hold.ends_at
  where (item = account and exists (select from app.account a where a.id = account))
     or exists (select from app.image i where i.id = item and i.account_id = account)
     or exists (select from app.generation g where g.id = item and g.account_id = account);
  return found;
end $$;
-- +goose StatementEnd

-- ---------------------------------------------------------------- rights

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['preference', 'erasure', 'receipt', 'legal_hold', 'staff_action'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy owner on app.%I to current_user using (true)', t);
    continue when t = 'staff_action';
    execute format('create policy eraser_reads on app.%I for select to app_eraser using (true)', t);
    execute format('create policy eraser_deletes on app.%I for delete to app_eraser using (true)', t);
    execute format('grant select, delete on app.%I to app_eraser', t);
  end loop;
end $$;
-- +goose StatementEnd

revoke execute on all functions in schema app from public;

-- web: settings, delete-account.
grant update (corrected) on app.account to app_web;
grant select, insert, update (theme, mail_results, mail_billing, mail_news, changed_at) on app.preference to app_web;
grant select on app.erasure, app.receipt, app.legal_hold to app_web;
create policy web on app.preference to app_web using (true);
create policy web on app.erasure for select to app_web using (true);
create policy web on app.receipt for select to app_web using (true);
create policy web on app.legal_hold for select to app_web using (true);
grant execute on function app.caller, app.holder, app.seen, app.close_account, app.reopen_account, app.inventory, app.stays to app_web;

-- reader: account.
grant select on app.preference to app_reader;
create policy reader on app.preference for select to app_reader using (true);
grant execute on function app.caller, app.seen to app_reader;

-- sweeper: rings for erasures that wait, ends what has come to its end.
grant select on app.erasure to app_sweeper;
create policy sweeper on app.erasure for select to app_sweeper using (true);

-- eraser: sweep-accounts.
grant update (stage, stage_at, next_at, lease_until, fence, failures, failure, links_dead, unbilled, counts, times, stays) on app.erasure to app_eraser;
grant update (name, email, picture) on app.account to app_eraser;
grant insert on app.receipt to app_eraser;
create policy eraser_moves on app.erasure for update to app_eraser using (true);
create policy eraser_blanks on app.account for update to app_eraser using (closed_at is not null);
create policy eraser_adds on app.receipt for insert to app_eraser with check (true);
grant execute on function app.belongings, app.erase_rows, app.remains, app.inventory, app.stays, app.close_account to app_eraser;
grant execute on function app.has_account, app.closed to app_eraser;

-- cashier: what is billed to an account that is closed is ended.
grant select (closed_at) on app.account to app_cashier;
grant execute on function app.closed to app_cashier;

-- staff
grant select on app.account_lookup, app.legal_hold to app_staff;
grant insert on app.staff_action to app_staff;
grant update (ends_at) on app.legal_hold to app_staff;
create policy staff on app.account_lookup for select to app_staff using (kind = 'email');
create policy staff_reads on app.legal_hold for select to app_staff using (true);
create policy staff_lifts on app.legal_hold for update to app_staff using (true);
create policy staff_adds on app.staff_action for insert to app_staff with check (true);
grant execute on function app.close_account, app.place_hold to app_staff;
