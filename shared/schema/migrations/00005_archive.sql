-- +goose Up

-- An export: one a request, packed by `pack-export` under a lease with a fencing token. What it is to hold is written down when it is
-- ordered, so that whatever is deleted afterwards can be named as missing.
create table app.archive (
  id          uuid primary key,
  account_id  uuid not null references app.account on delete cascade,
  scope       text not null check (scope in ('account', 'images')),
  images      uuid[] not null,
  folder      text not null unique, -- of its object keys
  state       text not null check (state in ('packing', 'ready', 'failed', 'ending')),
  step        text not null check (step in ('data', 'images', 'volumes', 'pages', 'last', 'done')),
  cursor      jsonb not null default '{}', -- how far the step is
  lease_until timestamptz,
  fence       integer not null default 0,
  bytes_total bigint not null default 0,
  bytes_done  bigint not null default 0 check (bytes_done >= 0),
  files       bigint not null default 0,
  omitted     bigint not null default 0,
  ordered_at  timestamptz not null,
  ready_at    timestamptz,
  expires_at  timestamptz not null check (expires_at > ordered_at),
  error_code  text,
  check ((state = 'failed') <= (error_code is not null)),
  check ((state = 'ready') <= (ready_at is not null))
);
create index archive_account on app.archive (account_id, ordered_at desc);
create unique index archive_under_way on app.archive (account_id, scope) where state = 'packing';
create index archive_end on app.archive (expires_at);
create index archive_unsettled on app.archive (ordered_at) where state in ('packing', 'ending');
create trigger archive_fence before insert on app.archive for each row execute function app.refuse_closed();

-- A file of an archive: an object of known content in the bucket, or the reason why it is not in there.
create table app.archive_item (
  archive_id uuid not null references app.archive on delete cascade,
  number     bigint not null check (number > 0),
  path       text not null, -- in the archive
  image_id   uuid,          -- where it is an image's
  key        text not null, -- "" where there was nothing to find any more
  bytes      bigint not null check (bytes >= 0),
  crc32      bigint not null check (crc32 between 0 and 4294967295),
  sha256     bytea not null check (octet_length(sha256) in (0, 32)),
  volume     integer not null check (volume > 0),
  omitted    text check (omitted in ('deleted', 'missing', 'damaged')),
  primary key (archive_id, number),
  unique (archive_id, path)
);
create index archive_item_volume on app.archive_item (archive_id, volume, number);

-- A zip file of an archive, uploaded in parts. A part that is recorded is in the bucket; crcs are those of the pieces of files that it
-- holds, in their order.
create table app.archive_volume (
  archive_id uuid not null references app.archive on delete cascade,
  number     integer not null check (number > 0),
  filename   text not null,
  key        text not null,
  bytes      bigint not null check (bytes > 0),
  upload_id  text not null,
  done       boolean not null default false,
  primary key (archive_id, number)
);
create table app.archive_part (
  archive_id uuid not null references app.archive on delete cascade,
  volume     integer not null,
  number     integer not null check (number > 0),
  bytes      bigint not null check (bytes > 0),
  etag       text not null,
  crcs       bigint[] not null,
  primary key (archive_id, volume, number)
);

-- Which images are in a library now, the oldest first.
create function app.library(account uuid) returns uuid[]
  language sql stable as $$
    select coalesce(array_agg(i.id order by i.created_at, i.id), '{}')
    from app.image i where i.account_id = account and i.state = 'ready'
  $$;

-- Every table with something of an account in it: what goes with the account, but for its keys and look-ups, and its payments, which
-- stay. columns is {name: type}.
create function app.exportable() returns table (name text, condition text, columns jsonb)
  language sql stable security definer set search_path = pg_catalog as $$
    select t.name, t.condition, (
      select jsonb_object_agg(a.attname, format_type(a.atttypid, null)) from pg_attribute a
      where a.attrelid = ('app.' || quote_ident(t.name))::regclass and a.attnum > 0 and not a.attisdropped)
    from (
      select 'account' as name, 'id = $1' as condition
      union all
      select b.name, b.condition from app.belongings() b where b.name not in ('account', 'account_key', 'account_lookup')
      union all
      select 'payment', 'id in (select payment_id from app.payment_owner where account_id = $1)'
      union all
      select 'payment_return', 'payment_id in (select payment_id from app.payment_owner where account_id = $1)'
    ) t
    order by t.name
  $$;

-- A page of the rows that an archive's account had in a table when the archive was ordered: those behind a place, by time and primary
-- key, each with the place that it has. Nothing for an archive that is not being packed.
-- +goose StatementBegin
create function app.export_page(archive uuid, name text, columns text[], after jsonb, most integer)
  returns table (content jsonb, place jsonb)
  language plpgsql stable security definer set search_path = pg_catalog as $$
declare
  a app.archive;
  rel regclass;
  condition text;
  dated text;
  keys text;
  bounds text;
begin
  select * into a from app.archive x where x.id = export_page.archive and x.state = 'packing' and app.alive(x.account_id);
  if not found then
    return;
  end if;
  select e.condition into condition from app.exportable() e where e.name = export_page.name;
  if not found then
    raise exception 'the table % holds nothing that is exported', name;
  end if;
  rel := ('app.' || quote_ident(name))::regclass;
  if name = 'image' then
    condition := '(' || condition || ') and state = ''ready'' and id = any ($4)';
  end if;
  select quote_ident(x.column_name) into dated
  from unnest('{created_at,at,granted_at,held_at,ordered_at,paid_at,started_at}'::text[]) with ordinality as x (column_name, rank)
  join pg_attribute t on t.attrelid = rel and t.attname = x.column_name and t.attnotnull and t.atttypid = 'timestamptz'::regtype
  order by x.rank limit 1;
  if dated is not null then
    condition := '(' || condition || ') and ' || dated || ' <= $3';
  end if;
  select string_agg(k.name, ', ' order by k.rank), string_agg(format('($2->>%s)::%s', k.rank, k.type), ', ' order by k.rank) into keys, bounds
  from (
    select quote_ident(t.attname) as name, format_type(t.atttypid, null) as type,
           row_number() over (order by quote_ident(t.attname) <> coalesce(dated, ''), array_position(i.indkey::int2[], t.attnum)) - 1 as rank
    from pg_index i join pg_attribute t on t.attrelid = rel and (t.attnum = any (i.indkey::int2[]) or quote_ident(t.attname) = dated)
    where i.indrelid = rel and i.indisprimary
  ) k;
  return query execute format(
    'select (select to_jsonb(x) from (select %1$s) x), jsonb_build_array(%2$s) from %3$s r where (%4$s)%5$s order by %2$s limit %6$s',
    (select string_agg('r.' || quote_ident(c), ', ') from unnest(columns) c), keys, rel, condition,
    case when after is not null then format(' and (%s) > (%s)', keys, bounds) else '' end, most)
    using a.account_id, after, a.ordered_at, a.images;
end $$;
-- +goose StatementEnd

-- ---------------------------------------------------------------- rights

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['archive', 'archive_item', 'archive_volume', 'archive_part'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy owner on app.%I to current_user using (true)', t);
    execute format('create policy eraser_reads on app.%I for select to app_eraser using (true)', t);
    execute format('create policy eraser_deletes on app.%I for delete to app_eraser using (true)', t);
    execute format('grant select, delete on app.%I to app_eraser', t);
  end loop;
end $$;
-- +goose StatementEnd

revoke execute on all functions in schema app from public;

-- web: export.
grant select, insert, update (state) on app.archive to app_web;
grant select on app.archive_volume to app_web;
create policy web_reads on app.archive for select to app_web using (true);
create policy web_orders on app.archive for insert to app_web with check (state = 'packing' and fence = 0);
create policy web_ends on app.archive for update to app_web using (state <> 'ending') with check (state = 'ending');
create policy web on app.archive_volume for select to app_web using (true);
grant execute on function app.library to app_web;

-- worker: pack-export.
grant select, update (state, step, cursor, lease_until, fence, bytes_total, bytes_done, files, omitted, ready_at, expires_at, error_code)
  on app.archive to app_worker;
grant select, insert, update (omitted), delete on app.archive_item to app_worker;
grant select, insert, update (done), delete on app.archive_volume to app_worker;
grant select, insert, delete on app.archive_part to app_worker;
create policy worker_reads on app.archive for select to app_worker using (true);
create policy worker_packs on app.archive for update to app_worker using (state = 'packing') with check (state in ('packing', 'ready', 'failed'));
create policy worker on app.archive_item to app_worker using (true);
create policy worker on app.archive_volume to app_worker using (true);
create policy worker on app.archive_part to app_worker using (true);
grant execute on function app.exportable, app.export_page, app.owns_images to app_worker;

-- sweeper: rings for what nobody packs, removes what has ended.
grant select (id, folder, state, fence, lease_until, ordered_at, expires_at), update (state, fence, lease_until, error_code), delete
  on app.archive to app_sweeper;
grant select (archive_id, key) on app.archive_volume to app_sweeper;
create policy sweeper_reads on app.archive for select to app_sweeper using (true);
create policy sweeper_ends on app.archive for update to app_sweeper using (state <> 'ending') with check (state in ('failed', 'ending'));
create policy sweeper_deletes on app.archive for delete to app_sweeper using (state = 'ending');
create policy sweeper on app.archive_volume for select to app_sweeper using (true);
