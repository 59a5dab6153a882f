-- +goose Up

-- Credits end, and what a payment brought is taken back where the money goes back. Where they were spent by then, the account
-- owes them: it has nothing to spend until what it gets next has repaid the debt.

alter table app.credit_balance
  add column debt bigint not null default 0 check (debt >= 0),
  add column entries bigint not null default 0,
  add constraint credit_balance_owes_or_has check (debt = 0 or available = 0);

-- reversed is what the payment's returns ask to be taken back; of it, excused was not taken from anybody, because as many
-- credits had expired unspent. More can remain than was granted: what another lot lent comes back to this one.
alter table app.credit_grant
  add column reversed bigint not null default 0,
  add column expired bigint not null default 0,
  add column excused bigint not null default 0,
  add constraint credit_grant_reversed_check check (reversed between 0 and amount),
  add constraint credit_grant_excused_check check (excused between 0 and least(reversed, expired)),
  drop constraint credit_grant_check,
  add constraint credit_grant_remaining_check check (remaining >= 0),
  drop constraint credit_grant_check1; -- a period may be over when its payment is heard of: such a lot expires at once
create index credit_grant_end on app.credit_grant (expires_at) where remaining > 0;

-- An entry is known by its number within the account: nobody learns from it how busy the service is, and a gap would show.
alter table app.credit_entry
  add column number bigint,
  add column debt bigint not null default 0,
  add column debt_after bigint not null default 0 check (debt_after >= 0),
  add column cause text,
  drop constraint credit_entry_kind_check,
  add constraint credit_entry_kind_check
    check (kind in ('grant', 'hold', 'settle', 'release', 'expire', 'reverse', 'restore'));
alter table app.credit_entry disable trigger credit_entry_immutable;
update app.credit_entry e set number = n.number
from (select x.id, row_number() over (partition by x.account_id order by x.id) as number from app.credit_entry x) n where n.id = e.id;
alter table app.credit_entry enable trigger credit_entry_immutable;
update app.credit_balance b set entries = (select count(*) from app.credit_entry e where e.account_id = b.account_id);
drop index app.credit_entry_account;
alter table app.credit_entry
  alter column debt drop default,
  alter column debt_after drop default,
  drop constraint credit_entry_pkey,
  drop column id,
  add primary key (account_id, number);

-- ---------------------------------------------------------------- the ledger's verbs

-- Every verb locks hold, then balance, then lots, in this order; whoever has the balance's lock has the account's lots to
-- itself. The two that follow are the verbs' own: nobody else may call them.

-- +goose StatementBegin
create function app.lock_balance(account uuid) returns app.credit_balance language plpgsql as $$
declare
  b app.credit_balance;
begin
  insert into app.credit_balance (account_id, available, held) values (account, 0, 0) on conflict do nothing;
  select * into b from app.credit_balance x where x.account_id = account for update;
  return b;
end $$;
-- +goose StatementEnd

-- Changes a balance and enters the change.
-- +goose StatementBegin
create function app.book(account uuid, at timestamptz, kind text, reference text, available bigint, held bigint, debt bigint, cause text)
  returns void language plpgsql as $$
declare
  after app.credit_balance;
begin
  update app.credit_balance b
  set available = b.available + book.available, held = b.held + book.held, debt = b.debt + book.debt, entries = b.entries + 1
  where b.account_id = account returning * into after;
  insert into app.credit_entry
    (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after, cause)
  values
    (account, after.entries, at, kind, reference, available, held, debt, after.available, after.held, after.debt, cause);
end $$;
-- +goose StatementEnd

-- Once for each (source, reference). A debt is repaid first, the rest can be spent.
-- +goose StatementBegin
create or replace function app.grant_credits(account uuid, source text, reference text, amount bigint, at timestamptz, expires_at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  before app.credit_balance := app.lock_balance(account);
  repaid bigint := least(before.debt, amount);
begin
  insert into app.credit_grant (account_id, source, reference, amount, remaining, granted_at, expires_at)
  values (account, source, reference, amount, amount - repaid, at, grant_credits.expires_at)
  on conflict do nothing;
  if not found then
    return false;
  end if;
  perform app.book(account, at, 'grant', source || ':' || reference, amount - repaid, 0, -repaid, null);
  return true;
end $$;
-- +goose StatementEnd

-- As before, but free credits last a year. Those that were given without an end keep what they were promised.
-- +goose StatementBegin
create or replace function app.grant_free_credits(account uuid, identity bytea, amount bigint, at timestamptz, guard_until timestamptz)
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
  return app.grant_credits(account, 'free', account::text, amount, at, at + 365 * interval '24 hours');
end $$;
-- +goose StatementEnd

-- Raises NF402 where the spendable credits do not reach, NF403 where the account owes some, so that the statement that
-- placed the order goes with it.
-- +goose StatementBegin
create or replace function app.hold_credits(account uuid, hold uuid, amount bigint, at timestamptz)
  returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
  after app.credit_balance;
  covered bigint;
begin
  update app.credit_balance b set available = b.available - amount, held = b.held + amount, entries = b.entries + 1
  where b.account_id = account and b.available >= amount
  returning * into after;
  if not found then
    if exists (select from app.credit_balance b where b.account_id = account and b.debt > 0) then
      raise exception 'the account owes credits' using errcode = 'NF403';
    end if;
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
  insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after)
  values (account, after.entries, at, 'hold', hold::text, -amount, amount, 0, after.available, after.held, after.debt);
  return after.available;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function app.settle_hold(hold uuid, at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  h app.credit_hold;
begin
  update app.credit_hold set state = 'settled', closed_at = at where id = hold and state = 'held' returning * into h;
  if not found then
    return false;
  end if;
  perform app.book(h.account_id, at, 'settle', hold::text, 0, -h.amount, 0, null);
  return true;
end $$;
-- +goose StatementEnd

-- Gives back to the lots that the hold took from, but repays a debt first, with what would be spent first.
-- +goose StatementBegin
create or replace function app.release_hold(hold uuid, at timestamptz)
  returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
  h app.credit_hold;
  repaid bigint;
begin
  update app.credit_hold set state = 'released', closed_at = at where id = hold and state = 'held' returning * into h;
  if not found then
    return false;
  end if;
  select least(b.debt, h.amount) into repaid from app.lock_balance(h.account_id) b;
  update app.credit_grant g set remaining = g.remaining + back.amount
  from (
    select l.grant_id, least(l.amount, sum(l.amount) over (order by x.expires_at, x.granted_at, x.id) - repaid) as amount
    from app.credit_hold_lot l join app.credit_grant x on x.id = l.grant_id
    where l.hold_id = hold
  ) back
  where g.id = back.grant_id and back.amount > 0;
  perform app.book(h.account_id, at, 'release', hold::text, h.amount - repaid, -h.amount, -repaid, null);
  return true;
end $$;
-- +goose StatementEnd

-- Ends what remains of an account's lots whose end has come, with an entry each. The caller has the balance's lock.
-- +goose StatementBegin
create function app.expire_lots(account uuid, at timestamptz) returns integer language plpgsql as $$
declare
  lot app.credit_grant;
  n integer := 0;
begin
  for lot in
    select * from app.credit_grant g where g.account_id = account and g.remaining > 0 and g.expires_at <= at
    order by g.expires_at, g.granted_at, g.id
  loop
    update app.credit_grant g set remaining = 0, expired = g.expired + g.remaining where g.id = lot.id;
    perform app.book(account, at, 'expire', lot.source || ':' || lot.reference, -lot.remaining, 0, 0, null);
    n := n + 1;
  end loop;
  return n;
end $$;
-- +goose StatementEnd

-- Ends what remains of at least `most` lots whose end has come, if there are as many, and says of how many it was. It passes
-- over accounts that somebody is at: the next minute finds them.
-- +goose StatementBegin
create function app.expire_credits(at timestamptz, most integer)
  returns integer language plpgsql security definer set search_path = pg_catalog as $$
declare
  ended uuid;
  n integer := 0;
begin
  for ended in
    select distinct g.account_id from (
      select x.account_id from app.credit_grant x where x.remaining > 0 and x.expires_at <= at order by x.expires_at limit most
    ) g
  loop
    perform from app.credit_balance b where b.account_id = ended for update skip locked;
    if found then
      n := n + app.expire_lots(ended, at);
    end if;
  end loop;
  return n;
end $$;
-- +goose StatementEnd

-- Sets how much of a lot is taken back, from 0 to all that was granted: a target, so that saying it twice changes nothing.
-- More is taken from the lot, then from others in the order of spending, then becomes a debt. Less repays a debt, then comes
-- back to the lot, which lasts thirty days more at least. Returns how many credits the account has more than before, debts
-- counted; raises NF404 where the account has no such lot.
-- +goose StatementBegin
create function app.reverse_credits(account uuid, source text, reference text, target bigint, cause text, at timestamptz)
  returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
  before app.credit_balance := app.lock_balance(account);
  lot app.credit_grant;
  change bigint;
  moved bigint; -- of the change, what is not excused
  part bigint;  -- of what is moved, what goes from or to lots; the rest is debt
begin
  select * into lot from app.credit_grant g
  where g.account_id = account and g.source = reverse_credits.source and g.reference = reverse_credits.reference;
  if not found then
    raise exception 'there is no such lot' using errcode = 'NF404';
  end if;
  change := target - lot.reversed;
  if change = 0 then
    return 0;
  end if;
  -- What has ended ends first, or the outcome would hang on when the sweeper came by.
  if app.expire_lots(account, at) > 0 then
    select * into lot from app.credit_grant g where g.id = lot.id;
  end if;

  if change > 0 then
    moved := change - least(change, lot.expired - lot.excused);
    update app.credit_grant g set reversed = target, excused = g.excused + change - moved where g.id = lot.id;
    with open as (
      select g.id, g.remaining,
             sum(g.remaining) over (order by g.id <> lot.id, g.expires_at, g.granted_at, g.id) - g.remaining as before
      from app.credit_grant g where g.account_id = account and g.remaining > 0
    ), taken as (
      update app.credit_grant g set remaining = g.remaining - least(open.remaining, moved - open.before)
      from open where g.id = open.id and open.before < moved
      returning least(open.remaining, moved - open.before) as amount
    )
    select coalesce(sum(taken.amount), 0) into part from taken;
    if moved > 0 then
      perform app.book(account, at, 'reverse', source || ':' || reference, -part, 0, moved - part, cause);
    end if;
    return -moved;
  end if;

  change := -change;
  moved := least(change, lot.reversed - lot.excused);
  part := moved - least(moved, before.debt);
  update app.credit_grant g
  set reversed = target, excused = g.excused - (change - moved), remaining = g.remaining + part,
      expires_at = case when part > 0 then greatest(g.expires_at, at + 30 * interval '24 hours') else g.expires_at end
  where g.id = lot.id;
  if moved > 0 then
    perform app.book(account, at, 'restore', source || ':' || reference, part, 0, part - moved, cause);
  end if;
  return moved;
end $$;
-- +goose StatementEnd

-- ---------------------------------------------------------------- what can be read

drop function app.balance(uuid);
create function app.balance(account uuid) returns table (available bigint, held bigint, owed bigint)
  language sql stable as $$
    select b.available, b.held, b.debt from app.credit_balance b where b.account_id = account
  $$;

-- Every account whose books do not balance, with what is wrong: the balance beside the sums of its entries, lots and open
-- holds; what was granted, less what expired, was taken back or spent, which the three together must be; and how many
-- entries do not follow from the one before, or are missing. It reads everything, so it is for tests and for the operator.
drop function app.unbalanced_books();
create function app.unbalanced_books() returns table (account_id uuid, available bigint, held bigint, debt bigint,
    entries_available numeric, entries_held numeric, entries_debt numeric, lots numeric, holds numeric, kept numeric, astray bigint)
  language sql stable as $$
    select b.account_id, b.available, b.held, b.debt, e.available, e.held, e.debt, g.remaining, h.held, g.kept - h.settled, e.astray
    from app.credit_balance b
    left join lateral (
      select coalesce(sum(x.available), 0) as available, coalesce(sum(x.held), 0) as held, coalesce(sum(x.debt), 0) as debt,
             count(*) filter (where (x.available_after, x.held_after, x.debt_after, x.number) <> (x.a, x.h, x.d, x.n))
             + b.entries - count(*) as astray
      from (
        select y.*, sum(y.available) over w as a, sum(y.held) over w as h, sum(y.debt) over w as d,
               row_number() over w as n
        from app.credit_entry y where y.account_id = b.account_id window w as (order by y.number)
      ) x) e on true
    left join lateral (
      select coalesce(sum(x.remaining), 0) as remaining, coalesce(sum(x.amount - x.expired - x.reversed + x.excused), 0) as kept
      from app.credit_grant x where x.account_id = b.account_id) g on true
    left join lateral (
      select coalesce(sum(x.amount) filter (where x.state = 'held'), 0) as held,
             coalesce(sum(x.amount) filter (where x.state = 'settled'), 0) as settled
      from app.credit_hold x where x.account_id = b.account_id) h on true
    where (b.available, b.held, b.debt) <> (e.available, e.held, e.debt) or b.available <> g.remaining or b.held <> h.held
       or b.available + b.held - b.debt <> g.kept - h.settled or e.astray <> 0
  $$;

-- ---------------------------------------------------------------- rights

revoke execute on all functions in schema app from public;

grant select on app.credit_entry to app_reader;
create policy reader on app.credit_entry for select to app_reader using (true);
grant select on app.credit_grant to app_reader;
create policy reader on app.credit_grant for select to app_reader using (true);
grant execute on function app.balance to app_reader;

grant execute on function app.expire_credits to app_sweeper;
