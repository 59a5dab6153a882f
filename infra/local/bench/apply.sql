-- What one new event about a paid pack makes shared/billing ask of the database, statement by statement. The ids are made
-- of a counter, since pgbench has no strings of its own.
\set n :n + 1
\set buyer random(1, :buyers)
select exists (select from app.stripe_event where id = 'evt_' || :round || '_' || :client_id || '_' || :n) as seen,
       coalesce((select version from app.payment where id = 'pi_' || :round || '_' || :client_id || '_' || :n),
                (select version from app.subscription where id = 'pi_' || :round || '_' || :client_id || '_' || :n), 0) as version \gset
begin;
insert into app.stripe_event (id, type, at) values ('evt_' || :round || '_' || :client_id || '_' || :n, 'checkout.session.completed', :at)
on conflict do nothing;
with earlier as (select status, returned from app.payment where id = 'pi_' || :round || '_' || :client_id || '_' || :n)
insert into app.payment as p (id, kind, offer, amount, currency, paid_at, charge, invoice, invoice_number, tax_country,
	status, returned, version)
values ('pi_' || :round || '_' || :client_id || '_' || :n, 'pack', nullif('pack-200', ''), 500, 'usd', :at,
	nullif('ch_' || :round || '_' || :client_id || '_' || :n, ''), nullif('', ''), nullif('', ''), nullif('US', ''), 'paid', 0, 1)
on conflict (id) do update set kind = excluded.kind, offer = excluded.offer, charge = excluded.charge,
	invoice = excluded.invoice, invoice_number = excluded.invoice_number, tax_country = excluded.tax_country,
	status = excluded.status, returned = excluded.returned, version = p.version + 1
where p.version = :version
returning not exists (select from earlier e where e.status = p.status and e.returned = p.returned) as changed;
select account_id as account from app.customer where id = 'cus_limit' || :buyer \gset
insert into app.payment_owner (payment_id, account_id) values ('pi_' || :round || '_' || :client_id || '_' || :n, :account)
on conflict do nothing;
select app.grant_credits(:account, 'pack', 'pi_' || :round || '_' || :client_id || '_' || :n, 200, :at, :until);
commit;
