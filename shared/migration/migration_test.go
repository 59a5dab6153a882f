package migration_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/migration"
	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/testbed"
)

// empty makes a database in which nothing was migrated, and returns its owner's address.
func empty(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	at := testbed.Postgres(t).Owner
	owner, err := pgx.Connect(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	name := "empty_" + strings.ToLower(rand.Text())
	if _, err := owner.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := owner.Exec(ctx, "drop database "+name+" with (force)"); err != nil {
			t.Log(err)
		}
		owner.Close(ctx)
	})
	address, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
}

// files are the migrations in their order.
func files(t *testing.T) (names []string) {
	t.Helper()
	entries, err := schema.Migrations.ReadDir("migrations")
	if err != nil || len(entries) == 0 {
		t.Fatal("no migrations found", err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestUpAppliesEachMigrationOnce(t *testing.T) {
	t.Parallel()
	at := empty(t)
	for _, wanted := range [][]string{files(t), {}} {
		if applied, err := migration.Up(context.Background(), at); err != nil || !slices.Equal(applied, wanted) {
			t.Fatalf("applied %v, %v; want %v", applied, err, wanted)
		}
	}
}

func TestTwoDeploymentsAtOnceApplyEachMigrationOnce(t *testing.T) {
	t.Parallel()
	at := empty(t)
	applied := make([][]string, 2)
	var all sync.WaitGroup
	for i := range applied {
		all.Go(func() {
			var err error
			if applied[i], err = migration.Up(context.Background(), at); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if together := slices.Concat(applied...); !slices.Equal(together, files(t)) {
		t.Errorf("applied %v", applied)
	}
}

// overhear relays connections to a server and keeps what its clients say.
func overhear(t *testing.T, server string) (address string, said func() []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var mu sync.Mutex
	var heard bytes.Buffer
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { _, _ = io.Copy(client, upstream); client.Close() }()
			go func() {
				defer upstream.Close()
				part := make([]byte, 4096)
				for {
					n, err := client.Read(part)
					mu.Lock()
					heard.Write(part[:n])
					mu.Unlock()
					if _, failed := upstream.Write(part[:n]); err != nil || failed != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), func() []byte {
		mu.Lock()
		defer mu.Unlock()
		return bytes.Clone(heard.Bytes())
	}
}

// A role of its own, since passwords belong to the cluster, not to a database.
func TestARoleGetsInWithItsPasswordWhichTheServerIsNeverTold(t *testing.T) {
	ctx, at := context.Background(), testbed.Postgres(t)
	direct, err := url.Parse(at.Owner)
	if err != nil {
		t.Fatal(err)
	}
	role := "test_" + strings.ToLower(rand.Text())
	owner, err := pgx.Connect(ctx, at.Owner)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(ctx)
	if _, err := owner.Exec(ctx, "create role "+role); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := owner.Exec(ctx, "drop role "+role); err != nil {
			t.Error(err)
		}
	}()
	pooler, err := url.Parse(at.Web)
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(password string) error {
		address := *pooler
		address.User = url.UserPassword(role, password)
		db, err := pgx.Connect(ctx, address.String())
		if err != nil {
			return err
		}
		defer db.Close(ctx)
		return db.QueryRow(ctx, `select 1`, pgx.QueryExecModeExec).Scan(new(int))
	}
	var said func() []byte
	direct.Host, said = overhear(t, direct.Host)
	first, second := `it's "1" \ %s ü `+rand.Text(), rand.Text()
	for _, password := range []string{first, second} {
		if err := migration.SetPasswords(ctx, direct.String(), map[string]string{role: password}); err != nil {
			t.Fatal(err)
		}
		if err := signIn(password); err != nil {
			t.Errorf("it does not get in: %v", err)
		}
	}
	if signIn(first) == nil {
		t.Error("the old password still opens")
	}
	if heard := said(); bytes.Contains(heard, []byte(first)) || bytes.Contains(heard, []byte(second)) {
		t.Error("the server was told the password")
	} else if !bytes.Contains(heard, []byte("SCRAM-SHA-256$4096:")) {
		t.Errorf("no verifier was sent: %q", heard)
	}
}

func TestAnUnknownRoleIsNamed(t *testing.T) {
	t.Parallel()
	err := migration.SetPasswords(context.Background(), testbed.Postgres(t).Owner, map[string]string{`no"body`: "secret-word"})
	if err == nil || !strings.Contains(err.Error(), `letting no"body in`) || strings.Contains(err.Error(), "secret-word") {
		t.Error(err)
	}
}
