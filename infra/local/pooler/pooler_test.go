package pooler

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
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
		_, err := db.Exec(t.Context(), "named")
		if state(err) != "26000" {
			t.Errorf("err = %v; want 26000, prepared statement does not exist", err)
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

// PgBouncer 1.18 loses its place in the stream when copy data follows the error.
func TestACopyThatFailsLeavesTheConnectionUsable(t *testing.T) {
	through(t, func(t *testing.T, address string) {
		db := connect(t, address)
		_, err := db.PgConn().CopyFrom(t.Context(), strings.NewReader(strings.Repeat("rubbish\n", 100000)), "copy pg_temp.missing from stdin")
		if err == nil {
			t.Error("no error")
		}
		if _, err := db.Exec(t.Context(), "select 1", pgx.QueryExecModeExec); err != nil {
			t.Error(err)
		}
	}, "builtin")
}

func TestALongPipelineIsAnsweredInOrder(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		db := connect(t, address)
		pipeline := db.PgConn().StartPipeline(t.Context())
		for i := range 500 {
			pipeline.SendQueryParams("select $1::int, repeat('x', 1000)", [][]byte{fmt.Append(nil, i)}, nil, nil, nil)
			if i%7 == 0 {
				_ = pipeline.Sync()
			}
		}
		if err := pipeline.Sync(); err != nil {
			t.Fatal(err)
		}
		for next := 0; next < 500; {
			results, err := pipeline.GetResults()
			if err != nil {
				t.Fatal(err)
			}
			if rows, is := results.(*pgconn.ResultReader); is {
				if got := rows.Read(); string(got.Rows[0][0]) != fmt.Sprint(next) {
					t.Fatalf("answer %d is %s", next, got.Rows[0][0])
				}
				next++
			}
		}
		if err := pipeline.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUnknownChoiceIsRefused(t *testing.T) {
	t.Setenv("POOLER", "odyssey")
	if _, err := Start(t.Context(), process.NewStarter(), plan); err == nil || !strings.Contains(err.Error(), "pgbouncer, builtin or empty") {
		t.Errorf("err = %v", err)
	}
}

func TestASettingInTheAddressIsRefused(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		if _, err := pgx.Connect(t.Context(), address+"&search_path=app"); err == nil {
			t.Error("a setting that the next transaction would not have was let pass")
		}
	})
}

func TestALaterPasswordIsTheOneThatCounts(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		connect(t, address)
		owner := connect(t, fmt.Sprintf("postgres://postgres:b@%s/%s?sslmode=disable", process.Address(plan.Server), postgres.Database))
		change := func(to string) {
			if _, err := owner.Exec(t.Context(), "alter role app_web password '"+to+"'"); err != nil {
				t.Fatal(err)
			}
		}
		change("other")
		defer change("secret")
		later, err := pgx.Connect(t.Context(), strings.Replace(address, "secret", "other", 1))
		if err != nil {
			t.Fatal(err)
		}
		defer later.Close(t.Context())
		if _, err := later.Exec(t.Context(), "select 1", pgx.QueryExecModeExec); err != nil {
			t.Error(err)
		}
	})
}

func TestADatabaseInUseCanBeDroppedByItsOwner(t *testing.T) {
	each(t, func(t *testing.T, address string) {
		owner := connect(t, fmt.Sprintf("postgres://postgres:b@%s/%s?sslmode=disable", process.Address(plan.Server), postgres.Database))
		if _, err := owner.Exec(t.Context(), "create database brief"); err != nil {
			t.Fatal(err)
		}
		db := connect(t, strings.Replace(address, "/"+postgres.Database+"?", "/brief?", 1))
		if _, err := db.Exec(t.Context(), "select 1", pgx.QueryExecModeExec); err != nil {
			t.Error(err)
		}
		if _, err := owner.Exec(t.Context(), "drop database brief with (force)"); err != nil {
			t.Error(err)
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
