package testbed

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestEachTestGetsItsOwnMigratedDatabase(t *testing.T) {
	ctx := context.Background()
	first, second := Postgres(t), Postgres(t)
	for _, address := range []string{first.Web, first.Reader, first.Worker, first.Sweeper, second.Web} {
		db, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		var tables int
		if err := db.QueryRow(ctx, "select count(*) from pg_tables where schemaname = 'app'", pgx.QueryExecModeExec).Scan(&tables); err != nil || tables < 5 {
			t.Errorf("%d tables, %v", tables, err)
		}
		db.Close(ctx)
	}
	if first.Web == second.Web {
		t.Error("two tests share a database")
	}
}

func TestEachTestGetsItsOwnBucket(t *testing.T) {
	if first, second := Bucket(t), Bucket(t); first.Name == second.Name {
		t.Error("two tests share a bucket")
	}
}
