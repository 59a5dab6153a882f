-- What an event that came before makes shared/billing ask of the database.
select exists (select from app.stripe_event where id = 'evt_' || :round || '_' || :client_id || '_' || :n) as seen,
       coalesce((select version from app.payment where id = 'pi_' || :round || '_' || :client_id || '_' || :n),
                (select version from app.subscription where id = 'pi_' || :round || '_' || :client_id || '_' || :n), 0) as version;
