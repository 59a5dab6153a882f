package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
)

// invoke runs the job for its event.json, as the deployment does.
func invoke(t *testing.T, m migrate) (applied, error) {
	t.Helper()
	event, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	return task.Handler(m.run)(t.Context(), event)
}

// role makes a role that may not log in yet.
func role(t *testing.T, owner string) string {
	t.Helper()
	db, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := db.Exec(t.Context(), "create role "+name+" nologin"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(context.Background(), "drop role "+name); err != nil {
			t.Error(err)
		}
		db.Close(context.Background())
	})
	return name
}

func logIn(t *testing.T, owner, role, password string) error {
	t.Helper()
	address, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(role, password)
	db, err := pgx.Connect(t.Context(), address.String())
	if err == nil {
		db.Close(t.Context())
	}
	return err
}

func TestAnEmptyDatabaseGetsEveryMigrationOnceAndTheRolesAreLetIn(t *testing.T) {
	address := testbed.Empty(t)
	name, password := role(t, address), "it's a \"secret\" \\ of ours"
	m := migrate{address: address, passwords: map[string]string{name: password}}

	first, err := invoke(t, m)
	if err != nil || len(first.Applied) == 0 || !strings.HasPrefix(first.Applied[0], "00001_") {
		t.Fatalf("applied %v, %v", first.Applied, err)
	}
	if err := logIn(t, address, name, password); err != nil {
		t.Errorf("the role is not let in: %v", err)
	}
	if logIn(t, address, name, "another") == nil {
		t.Error("the role is let in with any password")
	}
	again, err := invoke(t, m)
	if err != nil || len(again.Applied) != 0 {
		t.Errorf("applied again: %v, %v", again.Applied, err)
	}
	if answer, _ := json.Marshal(again); string(answer) != `{"applied":[]}` {
		t.Errorf("the deployment reads %s", answer)
	}
}

func TestAFailureDoesNotTellThePassword(t *testing.T) {
	t.Parallel()
	m := migrate{address: "postgres://postgres:secret@127.0.0.1:1/app?sslmode=disable", passwords: map[string]string{"app_web": "secret"}}
	if _, err := invoke(t, m); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("it fails with %v", err)
	}
}

// Logs are kept from the first minute: there are days for a fortnight, by the clock of the deployment's event.
func TestThereAreDaysForTheFirstLogs(t *testing.T) {
	address := testbed.Empty(t)
	if _, err := invoke(t, migrate{address: address}); err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	var days string
	err = db.QueryRow(t.Context(), `select to_char(since at time zone 'UTC', 'YYYY-MM-DD') || ' ' || to_char(until at time zone 'UTC', 'YYYY-MM-DD') from app.log_days()`).Scan(&days)
	if event, _ := os.ReadFile("event.json"); err != nil || days != "2026-11-30 2026-12-16" {
		t.Errorf("for %s there are days from and until %s, %v", event, days, err)
	}
}
