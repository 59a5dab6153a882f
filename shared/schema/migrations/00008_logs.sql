-- +goose Up

-- The texts of a log record, each with a shape that the database holds it to: no e-mail address, sentence, token or whole address
-- can be in there, whoever writes it. They are domains, because checks of the table would be copied into each of its days.
create domain app.log_number as text check (value ~ '^[0-9]{1,64}$');
create domain app.log_function as text check (value ~ '^[a-z]{2,20}(-[a-z]{2,20}){0,3}$');
create domain app.log_route as text
  check (length(value) <= 100 and value ~ '^(/|(/(\.?[a-z]+([.-][a-z0-9]{1,10})*|\{[a-z_]+(\.\.\.)?\}|\{\$\}))+/?)$');
create domain app.log_method as text
  check (value in ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'other'));
create domain app.log_code as text check (length(value) <= 40 and value ~ '^[a-z]{1,16}(_[a-z]{1,16})+$');
-- The types along an error's chain. Longer words with digits in them are tokens, so are many capitals; the rest are addresses.
create domain app.log_error as text
  check (length(value) <= 200 and value ~ '^(panic:|stripe:|[a-z][a-z0-9]*\.)[A-Za-z0-9_.*:/{}()$,=+\[\]-]*$'
    and value !~ '(?=[A-Za-z_=+-]*[0-9])[A-Za-z0-9_=+-]{20}' and value !~ '[A-Z]{16}'
    and value !~ '([0-9]{1,3}\.){3}[0-9]' and value !~ '\y([0-9A-Fa-f]{1,4}:){2,}(:|[0-9A-Fa-f]{1,4}:)');
create domain app.log_pseudonym as text check (value ~ '^[a-z2-7]{26}$'); -- of app.account_key
create domain app.log_browser as text
  check (value in ('Chrome', 'Safari', 'Firefox', 'Edge', 'Opera', 'Samsung Browser', 'Headless Chrome', 'curl', 'other'));
create domain app.log_system as text check (value in ('Windows', 'macOS', 'iOS', 'Android', 'Linux', 'ChromeOS', 'other'));
create domain app.log_network as cidr check (masklen(value) = case family(value) when 4 then 24 else 48 end);
create domain app.log_invocation as text check (value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
create domain app.log_request as text check (value ~ '^([A-Za-z0-9+/_-]{15}=|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$');

-- What requests and jobs leave behind, for ninety days (policy P4.2b), in a partition a day, because a day is dropped in no time and
-- leaves nothing on the disk. What does not fit its shape is null.
create table app.log_record (
  at         timestamptz not null, -- the record's own time; it belongs to that day, in UTC
  id         app.log_number not null, -- CloudWatch's: it delivers some twice
  kind       text not null, -- request or job
  function   app.log_function not null,
  route      app.log_route,
  method     app.log_method,
  status     smallint, -- of a request
  ms         integer not null,
  cold       boolean not null,
  ok         boolean, -- of a job
  code       app.log_code,
  error      app.log_error,
  who        app.log_pseudonym, -- means nothing once the account's key is gone
  browser    app.log_browser,
  system     app.log_system,
  network    app.log_network, -- never an address
  request_id app.log_request, -- API Gateway's, or Lambda's of a job
  invocation app.log_invocation, -- Lambda's of a request
  primary key (at, id),
  check (ms >= 0 and coalesce(
    case kind when 'request' then status between 100 and 599 and ok is null when 'job' then ok is not null and status is null end, false))
) partition by range (at);
-- Its texts are short: stored plainly, a day has no second table beside it for long ones.
-- +goose StatementBegin
do $$
declare
  c text;
begin
  for c in select attname from pg_attribute where attrelid = 'app.log_record'::regclass and attnum > 0 and attstorage <> 'p' loop
    execute format('alter table app.log_record alter %I set storage plain', c);
  end loop;
end $$;
-- +goose StatementEnd
alter table app.log_record enable row level security;
alter table app.log_record force row level security;
create policy owner on app.log_record to current_user using (true);
create policy logger_adds on app.log_record for insert to app_logger with check (true);
create policy archivist_reads on app.log_record for select to app_archivist using (true);
grant insert on app.log_record to app_logger;

-- The days. There is never a default partition: with one no day could be detached while others are written to.
create schema app_days authorization app_archivist;

-- From when until when there is a day for every record; both are -infinity where there is none at all. What is older is gone; a
-- statement that asks this may insert the rest, because it sees a day go either in both or in neither.
create function app.log_days() returns table (since timestamptz, until timestamptz)
  language sql stable set search_path = pg_catalog as $$
    select coalesce(min(d.day) at time zone 'UTC', '-infinity'), coalesce((max(d.day) + interval '1 day') at time zone 'UTC', '-infinity')
    from (
      select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp as day
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'app.log_record'::regclass and not i.inhdetachpending
    ) d
  $$;
revoke execute on function app.log_days from public;
grant execute on function app.log_days to app_logger;

-- Makes the days from the last one there is, or from yesterday, to a fortnight ahead, and returns how many it made. Days that
-- would be dropped at once (policy P4.2b) are not made. Attaching a day, unlike making one in its place, keeps no writer waiting.
-- +goose StatementBegin
create function app.make_log_days(at timestamptz) returns integer
  language plpgsql security definer set search_path = pg_catalog as $$
declare
  today constant date := (make_log_days.at at time zone 'UTC')::date;
  next  constant date := (select (nullif(d.until, '-infinity') at time zone 'UTC')::date from app.log_days() d);
  day   date;
  made  integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('app.make_log_days')); -- of two at once, one finds them made
  for day in select d from generate_series(least(greatest(coalesce(next, today - 1), today - 87), today - 1)::timestamp, today + 14, '1 day') d loop
    continue when to_regclass(format('app_days.log_record_%s', to_char(day, 'YYYYMMDD'))) is not null;
    execute format('create table app_days.log_record_%s (like app.log_record including constraints including indexes including storage)', to_char(day, 'YYYYMMDD'));
    execute format('alter table app.log_record attach partition app_days.log_record_%s for values from (%L) to (%L)',
      to_char(day, 'YYYYMMDD'), day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    made := made + 1;
  end loop;
  return made;
end $$;
-- +goose StatementEnd
revoke execute on function app.make_log_days from public;

-- The archivist owns them: only an owner can detach a day. It may create nothing else in here afterwards, and gives up what an
-- owner may do with single records.
grant create on schema app to app_archivist;
alter table app.log_record owner to app_archivist;
alter function app.log_days owner to app_archivist;
alter function app.make_log_days owner to app_archivist;
revoke create on schema app from app_archivist;
revoke insert, update, delete, truncate, references, trigger on app.log_record from app_archivist;
grant select on app.log_record to current_user; -- for functions of the schema's owner
