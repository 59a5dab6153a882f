package pooler

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/infra/local/postgres"
)

func TestFortyClientsShareTenConnections(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		var mu sync.Mutex
		servers := map[int]bool{}
		var clients sync.WaitGroup
		for range 40 {
			clients.Go(func() {
				db, err := pgx.Connect(t.Context(), address)
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close(t.Context())
				for range 10 {
					var pid int
					if err := db.QueryRow(t.Context(), "select pg_backend_pid() from pg_sleep(0.001)", pgx.QueryExecModeExec).Scan(&pid); err != nil {
						t.Error(err)
					}
					mu.Lock()
					servers[pid] = true
					mu.Unlock()
				}
			})
		}
		clients.Wait()
		if len(servers) < 2 || len(servers) > size {
			t.Errorf("40 clients used %d connections; want 2 to %d", len(servers), size)
		}
	})
}

func TestATransactionKeepsItsConnection(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		first, second := connect(t, address), connect(t, address)
		tx, err := first.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pid := func(db interface {
			QueryRow(context.Context, string, ...any) pgx.Row
		}) (id int) {
			if err := db.QueryRow(t.Context(), "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&id); err != nil {
				t.Fatal(err)
			}
			return id
		}
		mine := pid(tx)
		for range 5 {
			if pid(second) == mine {
				t.Fatal("another client got the connection of an open transaction")
			}
		}
		if pid(tx) != mine {
			t.Error("the transaction changed its connection")
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAStatementPreparedByNameDoesNotOutliveItsTransaction(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		db := connect(t, address)
		if _, err := db.Prepare(t.Context(), "named", "select 1"); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			time.Sleep(20 * time.Millisecond) // until the connection it was prepared on is free again
			_, err := db.Exec(t.Context(), "named")
			if state(err) != "26000" {
				t.Errorf("err = %v; want 26000, prepared statement does not exist", err)
			}
		}
	})
}

func TestASettingDoesNotOutliveItsTransaction(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		db := connect(t, address)
		if _, err := db.Exec(t.Context(), "set statement_timeout = '7s'"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var kept string
			if err := db.QueryRow(t.Context(), "show statement_timeout", pgx.QueryExecModeSimpleProtocol).Scan(&kept); err != nil || kept == "7s" {
				t.Errorf("statement_timeout = %s, %v", kept, err)
			}
		}
	})
}

func TestCancelReachesTheQuery(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		db, other := connect(t, address), connect(t, address)
		time.AfterFunc(200*time.Millisecond, func() { _ = db.PgConn().CancelRequest(context.Background()) })
		begun := time.Now()
		_, err := db.Exec(t.Context(), "select pg_sleep(10)", pgx.QueryExecModeExec)
		if state(err) != "57014" || time.Since(begun) > 5*time.Second {
			t.Errorf("after %v: %v; want 57014, canceled", time.Since(begun), err)
		}
		for _, each := range []*pgx.Conn{db, other} {
			if _, err := each.Exec(t.Context(), "select 1", pgx.QueryExecModeExec); err != nil {
				t.Errorf("after the cancel: %v", err)
			}
		}
	})
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		for _, wrong := range []string{strings.Replace(address, "secret", "guess", 1), strings.Replace(address, "app_web", "nobody", 1)} {
			if _, err := pgx.Connect(t.Context(), wrong); err == nil {
				t.Errorf("%s was let in", wrong)
			}
		}
	})
}

func TestAClientThatLeavesInATransactionLeavesNoLock(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		for range size + 2 {
			db := connect(t, address)
			if _, err := db.Exec(t.Context(), "begin", pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(t.Context(), "select pg_advisory_xact_lock(1)", pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
			db.PgConn().Conn().Close()
		}
	})
}

// PgBouncer waits for the database to appear, for query_wait_timeout.
func TestAMissingDatabaseIsSaidAtLogin(t *testing.T) {
	through(t, func(t *testing.T, address string) {
		_, err := pgx.Connect(t.Context(), strings.Replace(address, "/"+postgres.Database+"?", "/missing?", 1))
		if err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("err = %v", err)
		}
	}, "builtin")
}
