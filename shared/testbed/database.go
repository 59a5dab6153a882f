package testbed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/migration"
	"nanoflux.ai/backend/shared/schema"
)

// A Database is a migrated database that belongs to one test. The roles connect through the transaction pooler, as in
// production; Owner is migrate's direct connection.
type Database struct {
	Web, Reader, Worker, Sweeper, Cashier, Eraser, Staff, Logger, Watcher string

	// Archivist and Owner connect directly: what they do is not for a transaction pooler.
	Archivist, Owner string
}

// Postgres makes a database like production's and drops it when the test ends. It is copied from a template, which is made
// once for each set of migrations.
func Postgres(t testing.TB) Database {
	t.Helper()
	p := parts(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	owner, err := pgx.Connect(ctx, p.Postgres)
	if err != nil {
		t.Fatalf("connect as the database's owner: %v", err)
	}
	defer owner.Close(ctx)
	template, err := p.template(ctx, owner)
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := owner.Exec(ctx, "create database "+name+" template "+template); err != nil {
		t.Fatalf("copy the template database: %v", err)
	}
	t.Cleanup(func() { p.drop(t, name) })
	return Database{
		Web:       p.pooled(name, "app_web"),
		Reader:    p.pooled(name, "app_reader"),
		Worker:    p.pooled(name, "app_worker"),
		Sweeper:   p.pooled(name, "app_sweeper"),
		Cashier:   p.pooled(name, "app_cashier"),
		Eraser:    p.pooled(name, "app_eraser"),
		Staff:     p.pooled(name, "app_staff"),
		Logger:    p.pooled(name, "app_logger"),
		Watcher:   p.pooled(name, "app_watcher"),
		Archivist: p.directAs(name, "app_archivist"),
		Owner:     p.direct(name),
	}
}

// Empty makes a database without a schema and returns its owner's address. Migrations change the roles of the whole cluster,
// so the test that asks for it is the only one to migrate until it ends.
func Empty(t testing.TB) string {
	t.Helper()
	p := parts(t)
	ctx := context.Background()
	owner, err := pgx.Connect(ctx, p.Postgres)
	if err != nil {
		t.Fatalf("connect as the database's owner: %v", err)
	}
	t.Cleanup(func() { owner.Close(ctx) }) // and the lock with it
	name := "test_" + strings.ToLower(rand.Text())
	for _, statement := range []string{"select pg_advisory_lock(hashtext('testbed'))", "create database " + name} {
		if _, err := owner.Exec(ctx, statement); err != nil {
			t.Fatalf("make an empty database: %v", err)
		}
	}
	t.Cleanup(func() { p.drop(t, name) })
	return p.direct(name)
}

// passwords are those of the application's roles, which are the same in every database of the cluster.
func (a addresses) passwords() map[string]string {
	return map[string]string{
		"app_web":       a.Secrets["DATABASE_PASSWORD_WEB"],
		"app_reader":    a.Secrets["DATABASE_PASSWORD_READER"],
		"app_worker":    a.Secrets["DATABASE_PASSWORD_WORKER"],
		"app_sweeper":   a.Secrets["DATABASE_PASSWORD_SWEEPER"],
		"app_cashier":   a.Secrets["DATABASE_PASSWORD_CASHIER"],
		"app_eraser":    a.Secrets["DATABASE_PASSWORD_ERASER"],
		"app_staff":     a.Secrets["DATABASE_PASSWORD_STAFF"],
		"app_logger":    a.Secrets["DATABASE_PASSWORD_LOGGER"],
		"app_archivist": a.Secrets["DATABASE_PASSWORD_ARCHIVIST"],
		"app_watcher":   a.Secrets["DATABASE_PASSWORD_WATCHER"],
	}
}

// template returns the name of the migrated database that tests copy. Test processes run beside each other: a lock lets
// one make it, and it gets its name only when it is whole.
func (a addresses) template(ctx context.Context, owner *pgx.Conn) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	if _, err := owner.Exec(ctx, "select pg_advisory_lock(hashtext('testbed'))"); err != nil {
		return "", err
	}
	defer func() { _, _ = owner.Exec(ctx, "select pg_advisory_unlock(hashtext('testbed'))") }() // it goes with the connection, too
	var exists bool
	if err := owner.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil || exists {
		return name, err
	}
	unfinished := "unfinished_" + name
	for _, statement := range []string{"drop database if exists " + unfinished + " with (force)", "create database " + unfinished} {
		if _, err := owner.Exec(ctx, statement); err != nil {
			return "", err
		}
	}
	if _, err := migration.Up(ctx, a.direct(unfinished)); err != nil {
		return "", err
	}
	if err := migration.SetPasswords(ctx, a.direct(unfinished), a.passwords()); err != nil {
		return "", err
	}
	_, err = owner.Exec(ctx, "alter database "+unfinished+" rename to "+name)
	return name, err
}

// templateName changes with every change of a migration.
func templateName() (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(schema.Migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := schema.Migrations.ReadFile(path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	return fmt.Sprintf("template_%x", hash.Sum(nil)[:8]), err
}

// drop removes a test's database with every connection that the pooler still keeps to it.
func (a addresses) drop(t testing.TB, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	owner, err := pgx.Connect(ctx, a.Postgres)
	if err != nil {
		t.Logf("drop %s: %v", name, err)
		return
	}
	defer owner.Close(ctx)
	if _, err := owner.Exec(ctx, "drop database "+name+" with (force)"); err != nil {
		t.Logf("drop %s: %v", name, err)
	}
}

func (a addresses) direct(database string) string {
	address, _ := url.Parse(a.Postgres) // it was parsed by pgx before
	address.Path = "/" + database
	return address.String()
}

// directAs is a role's own connection, past the pooler: Supabase calls it session mode.
func (a addresses) directAs(database, role string) string {
	address, _ := url.Parse(a.direct(database))
	address.User = url.UserPassword(role, a.passwords()[role])
	return address.String()
}

func (a addresses) pooled(database, role string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", role, a.passwords()[role], a.Pooler, database)
}
