package schema_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/testbed"
)

func TestWhatWasBookedBeforeTheLedgerKnewDebtsStillBalances(t *testing.T) {
	ctx := context.Background()
	db, err := pgx.Connect(ctx, testbed.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	do := func(sql string) {
		t.Helper()
		if _, err := db.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	migrate := func(file string) {
		t.Helper()
		text, err := schema.Migrations.ReadFile("migrations/" + file)
		if err != nil {
			t.Fatal(err)
		}
		do(string(text))
	}
	do(`create schema app`)
	migrate("00001_first.sql")
	do(`
		insert into app.account (id, prefix, name, email, picture, created_at)
		select ('00000000-0000-0000-0000-00000000000' || n)::uuid, repeat(n::text, 26), '', '', '', '2026-01-01' from generate_series(1, 2) n;
		select app.grant_free_credits(id, sha256(id::text::bytea), 50, '2026-01-01', '2028-01-01') from app.account;
		select app.hold_credits(id, gen_random_uuid(), n, '2026-01-02') from app.account, generate_series(1, 4) n;
		select app.settle_hold(id, '2026-01-03') from app.credit_hold where amount = 2;
		select app.release_hold(id, '2026-01-03') from app.credit_hold where amount = 3`)
	migrate("00002_ledger.sql")
	do(`
		select app.settle_hold(id, '2026-01-04') from app.credit_hold where amount = 4;
		select app.hold_credits(id, gen_random_uuid(), 1, '2026-01-04') from app.account;
		update app.credit_grant set expires_at = '2026-01-05';
		select app.expire_credits('2026-01-05', 10)`)
	var entries, wrong int
	if err := db.QueryRow(ctx, `select (select count(*) from app.credit_entry), (select count(*) from app.unbalanced_books())`).Scan(&entries, &wrong); err != nil {
		t.Fatal(err)
	}
	if entries != 20 || wrong != 0 {
		t.Errorf("of %d entries, not 20, %d accounts' books do not balance", entries, wrong)
	}
}
