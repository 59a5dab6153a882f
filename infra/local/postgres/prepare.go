package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/infra/local/process"
)

// Database is the application's database.
const Database = "app"

// PoolerRole is the role that may read how roles log in, and nothing else.
const PoolerRole = "pooler"

// roles gives the cluster what a new Supabase project has: a powerful owner that is not a superuser, and the roles of
// its REST interface (supabase/postgres, migrations/db/init-scripts).
const roles = `
do $$ begin
  if not exists (select from pg_roles where rolname = 'postgres') then
    create role postgres login createrole createdb bypassrls replication;
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
    grant anon, authenticated, service_role to postgres with admin option;
    create role pooler login;
    grant pg_monitor, pg_signal_backend, pg_read_all_data to postgres;
  end if;
end $$;
`

// grants is what Supabase grants in the schema public of every database: whatever postgres creates there is open to
// the REST interface unless row-level security forbids it. The pooler reads how roles log in. It goes into template1, so
// that test databases have it too.
const grants = `
grant usage on schema public to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to anon, authenticated, service_role;
grant select on pg_authid to pooler;
`

// prepare connects as the superuser and brings the cluster to the planned state; an error means not ready yet.
func (p Plan) prepare(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return p.as(ctx, port, "postgres", func(db *pgx.Conn) error {
		var exists bool
		if err := db.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", Database).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if err := p.create(ctx, port, db); err != nil {
				return err
			}
		}
		_, err := db.Exec(ctx, "alter role postgres password "+quote(p.OwnerPassword)+"; alter role "+PoolerRole+" password "+quote(p.PoolerPassword))
		return err
	})
}

func (p Plan) create(ctx context.Context, port int, db *pgx.Conn) error {
	if _, err := db.Exec(ctx, roles); err != nil {
		return err
	}
	err := p.as(ctx, port, "template1", func(template *pgx.Conn) error {
		_, err := template.Exec(ctx, grants)
		return err
	})
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, "create database "+Database+" owner postgres")
	return err
}

func (p Plan) as(ctx context.Context, port int, database string, work func(*pgx.Conn) error) error {
	db, err := pgx.Connect(ctx, url(port, Superuser, p.SuperuserPassword, database))
	if refused := new(pgconn.PgError); errors.As(err, &refused) && refused.Code == "28P01" {
		return process.Hopeless{Err: fmt.Errorf("the database in %s was made with other secrets; bring its secrets.json back, or wipe it with make reset", p.Home)}
	}
	if err != nil {
		return fmt.Errorf("connect as %s: %w", Superuser, err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	return work(db)
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
