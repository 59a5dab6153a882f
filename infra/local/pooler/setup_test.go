package pooler

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
)

// plan leads to the one cluster of all tests, which has a role app_web with the password secret.
var plan Plan

func TestMain(m *testing.M) {
	stop, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServer() (stop func(), err error) {
	user, err := process.Unprivileged()
	if err != nil {
		return nil, err
	}
	outer, err := os.MkdirTemp("", "pooler-")
	if err != nil {
		return nil, err
	}
	home := filepath.Join(outer, "database")
	// The user of Postgres passes through the outer folder.
	if err := errors.Join(os.Chmod(outer, 0o711), user.Folder(home)); err != nil {
		return nil, err
	}
	binaries, err := postgres.Find(home, filepath.Join(outer, "cache"), func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	cluster, err := postgres.Start(ctx, process.NewStarter(), postgres.Plan{Binaries: binaries, Home: home, User: user,
		Log: filepath.Join(outer, "log"), Ephemeral: true, SuperuserPassword: "a", OwnerPassword: "b", PoolerPassword: "c"})
	if err != nil {
		return nil, err
	}
	plan = Plan{Home: home, User: user, Log: filepath.Join(outer, "pooler.log"), Server: cluster.Port,
		Role: postgres.PoolerRole, Password: "c", Database: postgres.Database}
	stop = func() { cluster.Stop(); os.RemoveAll(outer) }
	owner, err := pgx.Connect(ctx, cluster.URL("postgres", "b", postgres.Database))
	if err == nil {
		_, err = owner.Exec(ctx, "create role app_web login password 'secret'")
		owner.Close(ctx)
	}
	return stop, err
}

// each runs a test through every pooler that is there, with the URL of a role through it.
func each(t *testing.T, test func(t *testing.T, address string)) {
	through(t, test, "builtin", "pgbouncer")
}

func through(t *testing.T, test func(t *testing.T, address string), choices ...string) {
	for _, choice := range choices {
		t.Run(choice, func(t *testing.T) {
			if choice == "pgbouncer" && find() == "" {
				t.Skip("PgBouncer is not installed")
			}
			t.Setenv("POOLER", choice)
			front, err := Start(t.Context(), process.NewStarter(), plan)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(front.Stop)
			test(t, fmt.Sprintf("postgres://app_web:secret@%s/%s?sslmode=disable", front.Address(), postgres.Database))
		})
	}
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

func state(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return fmt.Sprint(err)
}
