-- +goose Up

-- The cashier is the only one who turns money into credits: stripe-webhook and reconcile-stripe.
-- +goose StatementBegin
do $$
declare
  tries integer := 0;
begin
  -- Roles belong to the whole cluster: another database of it may be at the same one, and then Postgres refuses one of us.
  loop
    begin
      if not exists (select from pg_roles where rolname = 'app_cashier') then
        create role app_cashier nologin;
      end if;
      alter role app_cashier set statement_timeout = '10s';
      alter role app_cashier set lock_timeout = '5s';
      alter role app_cashier set idle_in_transaction_session_timeout = '15s';
      alter role app_cashier set timezone = 'UTC';
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

grant usage on schema app to app_cashier;

-- ---------------------------------------------------------------- who pays

-- One customer at Stripe for each account. The row stands before Stripe is asked: operation is the Idempotency-Key of the
-- attempt that began at begun_at, so that two attempts at once, or one that was not answered, make one customer.
create table app.customer (
  account_id uuid primary key references app.account on delete cascade,
  id         text unique check (id ~ '^cus_'),
  operation  uuid not null,
  begun_at   timestamptz not null
);

-- A plan that somebody has or had, as Stripe last told it. Version counts what was written, so that a look at Stripe which
-- was overtaken by a later one is not written over it. Seen_on is the day of the last comparison that found it at Stripe.
create table app.subscription (
  id         text primary key check (id ~ '^sub_'),
  account_id uuid not null references app.account on delete cascade,
  offer      text not null,
  status     text not null check (status in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid',
                                             'paused', 'canceled')),
  created_at timestamptz not null,
  period_end timestamptz not null,
  cancel_at  timestamptz,
  ended_at   timestamptz,
  seen_on    date,
  version    bigint not null
);
create index subscription_account on app.subscription (account_id, created_at desc);
create index subscription_live on app.subscription (seen_on) where ended_at is null;

-- ---------------------------------------------------------------- what was paid

-- What the law wants kept of a payment, for seven years and so beyond the account: no account, no name, no address but the
-- country that tax is owed to.
create table app.payment (
  id             text primary key check (id ~ '^pi_'),
  kind           text not null check (kind in ('plan', 'pack', 'other')),
  offer          text,
  amount         bigint not null check (amount > 0),
  currency       text not null check (currency ~ '^[a-z]{3}$'),
  paid_at        timestamptz not null,
  charge         text,
  invoice        text,
  invoice_number text,
  tax_country    text check (tax_country ~ '^[A-Z]{2}$'),
  status         text not null check (status in ('paid', 'partly_refunded', 'refunded', 'disputed', 'lost', 'warned')),
  returned       bigint not null check (returned between 0 and amount),
  version        bigint not null
);
create index payment_age on app.payment (paid_at);

-- Money that went back or may go back: a refund, a dispute, an issuer's early fraud warning. It counts while it is gone.
create table app.payment_return (
  id         text primary key,
  payment_id text not null references app.payment on delete cascade,
  kind       text not null check (kind in ('refund', 'dispute', 'warning')),
  status     text not null,
  amount     bigint not null check (amount >= 0),
  currency   text not null check (currency ~ '^[a-z]{3}$'),
  at         timestamptz not null,
  counts     boolean not null
);
create index payment_return_payment on app.payment_return (payment_id);
create index payment_return_open on app.payment_return (kind, status);

-- Whose a payment is; this goes with the account, the payment stays.
create table app.payment_owner (
  payment_id text primary key references app.payment on delete cascade,
  account_id uuid not null references app.account on delete cascade
);
create index payment_owner_account on app.payment_owner (account_id);

-- Money that nobody got anything for: an operator looks at each.
create table app.unclaimed_payment (
  payment_id text primary key references app.payment on delete cascade,
  reason     text not null check (reason in ('unknown_customer', 'account_gone', 'unknown_offer')),
  since      timestamptz not null
);

-- A paid invoice of a plan, and what it did to the ledger: it grants, or, where unused time was credited, it takes credits
-- back from the invoice that had granted them.
create table app.plan_invoice (
  id         text primary key check (id ~ '^in_'),
  account_id uuid not null references app.account on delete cascade,
  payment_id text references app.payment on delete set null,
  total      bigint not null,
  credits    bigint not null check (credits >= 0),
  takes      bigint not null check (takes >= 0),
  takes_from text, -- may be paid, and so known here, later
  paid_at    timestamptz not null,
  check ((takes > 0) = (takes_from is not null))
);
create index plan_invoice_account on app.plan_invoice (account_id);
create index plan_invoice_payment on app.plan_invoice (payment_id);
create index plan_invoice_takes on app.plan_invoice (takes_from);

-- ---------------------------------------------------------------- what Stripe told us

create table app.stripe_event (
  id   text primary key,
  type text not null,
  at   timestamptz not null
);
create index stripe_event_age on app.stripe_event (at);

-- One comparison of our books with Stripe's a day, and where it has come to.
create table app.reconciliation (
  day         date primary key,
  since       timestamptz not null,
  step        text not null,
  cursor      text not null,
  checked     bigint not null,
  repaired    bigint not null,
  finished_at timestamptz
);

-- Whether there is such an account, closed or not: one in its days of grace may still get what was paid for.
create function app.has_account(account uuid) returns boolean
  language sql stable as $$
    select exists (select from app.account a where a.id = has_account.account)
  $$;

-- What has been granted for causes such as invoices or payments; for those who may not see the ledger.
create function app.granted(source text, reference text[])
  returns table (reference text, account_id uuid, amount bigint)
  language sql stable security definer set search_path = pg_catalog as $$
    select g.reference, g.account_id, g.amount from app.credit_grant g
    where g.source = granted.source and g.reference = any (granted.reference)
  $$;

-- ---------------------------------------------------------------- rights

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['customer', 'subscription', 'payment', 'payment_return', 'payment_owner', 'unclaimed_payment',
                           'plan_invoice', 'stripe_event', 'reconciliation'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy owner on app.%I to current_user using (true)', t);
    -- The eraser ends what is about a person; what the law wants kept is not his.
    continue when t not in ('customer', 'subscription', 'payment_owner', 'plan_invoice');
    execute format('create policy eraser_reads on app.%I for select to app_eraser using (true)', t);
    execute format('create policy eraser_deletes on app.%I for delete to app_eraser using (true)', t);
    execute format('grant select, delete on app.%I to app_eraser', t);
  end loop;
end $$;
-- +goose StatementEnd

revoke execute on function app.granted, app.has_account from public;

-- web: checkout.
grant select, insert, update (id, operation, begun_at) on app.customer to app_web;
grant select on app.subscription to app_web;
create policy web on app.customer to app_web using (true);
create policy web on app.subscription for select to app_web using (true);
grant execute on function app.granted to app_web;

-- reader: billing.
grant select on app.customer, app.subscription, app.payment, app.payment_return, app.payment_owner to app_reader;
create policy reader on app.customer for select to app_reader using (true);
create policy reader on app.subscription for select to app_reader using (true);
create policy reader on app.payment for select to app_reader using (true);
create policy reader on app.payment_return for select to app_reader using (true);
create policy reader on app.payment_owner for select to app_reader using (true);

-- cashier: stripe-webhook and reconcile-stripe.
grant select (id) on app.account to app_cashier;
grant select, insert, update (id, operation, begun_at) on app.customer to app_cashier;
grant select, insert, update (offer, status, period_end, cancel_at, ended_at, seen_on, version) on app.subscription to app_cashier;
grant select, insert, update (kind, offer, amount, charge, invoice, invoice_number, tax_country, status, returned, version)
  on app.payment to app_cashier;
grant select, insert, update (status, amount, counts) on app.payment_return to app_cashier;
grant select, insert on app.payment_owner to app_cashier;
grant select, insert, delete on app.unclaimed_payment to app_cashier;
grant select, insert, update (payment_id) on app.plan_invoice to app_cashier;
grant select, insert, delete on app.stripe_event to app_cashier;
grant select, insert, update (since, step, cursor, checked, repaired, finished_at), delete on app.reconciliation to app_cashier;
create policy cashier on app.account for select to app_cashier using (true);
create policy cashier on app.customer to app_cashier using (true);
create policy cashier on app.subscription to app_cashier using (true);
create policy cashier on app.payment to app_cashier using (true);
create policy cashier on app.payment_return to app_cashier using (true);
create policy cashier on app.payment_owner to app_cashier using (true);
create policy cashier on app.unclaimed_payment to app_cashier using (true);
create policy cashier on app.plan_invoice to app_cashier using (true);
create policy cashier on app.stripe_event to app_cashier using (true);
create policy cashier on app.reconciliation to app_cashier using (true);
grant execute on function app.has_account, app.granted, app.grant_credits, app.reverse_credits to app_cashier;
