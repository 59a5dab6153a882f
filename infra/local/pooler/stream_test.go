package pooler

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"nanoflux.ai/backend/infra/local/postgres"
	"nanoflux.ai/backend/infra/local/process"
)

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

// PgBouncer 1.18 gives such a statement to another connection; the application sends none.
func TestAStatementBegunBehindASyncStaysOnItsConnection(t *testing.T) {
	through(t, func(t *testing.T, address string) {
		pipeline := connect(t, address).PgConn().StartPipeline(t.Context())
		pipeline.SendQueryParams("select 1", nil, nil, nil, nil)
		_ = pipeline.Sync()
		pipeline.SendPrepare("", "select 7", nil)
		pipeline.SendFlushRequest()
		if err := pipeline.Flush(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // the first answer is here, the second statement not yet at its end
		pipeline.SendQueryPrepared("", nil, nil, nil)
		if err := pipeline.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := pipeline.Close(); err != nil {
			t.Error(err)
		}
	}, "builtin")
}

// PgBouncer 1.18 is out of this for the reason above.
func TestCopyDataThatComesTooLateTakesNoConnection(t *testing.T) {
	through(t, func(t *testing.T, address string) {
		for range size + 1 {
			db := connect(t, address)
			if _, err := db.PgConn().Exec(t.Context(), "copy pg_temp.missing from stdin").ReadAll(); err == nil {
				t.Fatal("no error")
			}
			late := db.PgConn().Frontend()
			late.Send(&pgproto3.CopyData{Data: []byte("rubbish\n")})
			late.Send(&pgproto3.CopyDone{})
			if err := late.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := connect(t, address).Exec(ctx, "select 1", pgx.QueryExecModeExec); err != nil {
			t.Error(err)
		}
	}, "builtin")
}
