package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/infra/local/process"
)

// plan is a cluster of the test's own.
func plan(t *testing.T) Plan {
	t.Helper()
	user, err := process.Unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	outer, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(outer) })
	if err := os.Chmod(outer, 0o711); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(outer, "home")
	if err := user.Folder(home); err != nil {
		t.Fatal(err)
	}
	binaries, err := Find(home, filepath.Join(outer, "cache"), func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Binaries: binaries, Home: home, User: user, Log: filepath.Join(outer, "log"), Ephemeral: true,
		SuperuserPassword: "a", OwnerPassword: "b", PoolerPassword: "c"}
}

func start(t *testing.T, p Plan) *Cluster {
	t.Helper()
	cluster, err := Start(t.Context(), process.NewStarter(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

func TestTheClusterResemblesSupabase(t *testing.T) {
	cluster := start(t, plan(t))
	owner := connect(t, cluster.URL("postgres", "b", Database))
	for sentence, query := range map[string]string{
		"postgres is no superuser":              "select not rolsuper from pg_roles where rolname = 'postgres'",
		"postgres passes row-level security":    "select rolbypassrls and rolcreaterole and rolcreatedb from pg_roles where rolname = 'postgres'",
		"postgres owns the database":            "select pg_get_userbyid(datdba) = 'postgres' from pg_database where datname = current_database()",
		"the REST interface's roles are there":  "select count(*) = 4 from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')",
		"only service_role passes row security": "select bool_and(rolbypassrls = (rolname = 'service_role')) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')",
		"passwords are kept as SCRAM":           "select current_setting('password_encryption') = 'scram-sha-256'",
		"there is no socket to get in by":       "select current_setting('unix_socket_directories') = ''",
		"only this machine can connect":         "select current_setting('listen_addresses') = '127.0.0.1'",
	} {
		var holds bool
		if err := owner.QueryRow(t.Context(), query).Scan(&holds); err != nil || !holds {
			t.Errorf("%s: %v, %v", sentence, holds, err)
		}
	}
	if _, err := owner.Exec(t.Context(), "create table public.open (n int)"); err != nil {
		t.Fatal(err)
	}
	var open bool
	if err := owner.QueryRow(t.Context(), "select has_table_privilege('anon', 'public.open', 'select')").Scan(&open); err != nil || !open {
		t.Errorf("a new table in public is open to anon on Supabase: %v, %v", open, err)
	}
	if _, err := owner.Exec(t.Context(), "create role superb superuser"); err == nil {
		t.Error("postgres made a superuser")
	}
}

func TestNobodyGetsInWithoutTheRightPassword(t *testing.T) {
	cluster := start(t, plan(t))
	for _, role := range []string{"postgres", Superuser, PoolerRole, "anon"} {
		if _, err := pgx.Connect(t.Context(), cluster.URL(role, "guess", Database)); err == nil {
			t.Errorf("%s was let in", role)
		}
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	p := plan(t)
	cluster := start(t, p)
	if _, err := connect(t, cluster.URL("postgres", "b", Database)).Exec(t.Context(), "create table kept as select 42 as n"); err != nil {
		t.Fatal(err)
	}
	cluster.Stop()
	var n int
	if err := connect(t, start(t, p).URL("postgres", "b", Database)).QueryRow(t.Context(), "select n from kept").Scan(&n); err != nil || n != 42 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestOtherSecretsAreSaidAtOnce(t *testing.T) {
	p := plan(t)
	start(t, p).Stop()
	p.SuperuserPassword = "lost"
	_, err := Start(t.Context(), process.NewStarter(), p)
	if err == nil || !strings.Contains(err.Error(), "other secrets") {
		t.Errorf("err = %v", err)
	}
}

func TestAWrongFolderInPgBinIsSaid(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir())
	_, err := Find(t.TempDir(), t.TempDir(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "PG_BIN") {
		t.Errorf("err = %v", err)
	}
}

func TestAnOldPostgresIsNotUsed(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := inspect(folder); err == nil || !strings.Contains(err.Error(), "older than 15") {
		t.Errorf("err = %v", err)
	}
}
