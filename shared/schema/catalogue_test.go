package schema_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

// columns of the migrated database: "table.column" → data type.
func columns(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	db, err := pgx.Connect(ctx, testbed.Postgres(t).Owner)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, `select table_name || '.' || column_name, data_type from information_schema.columns where table_schema = 'app'`)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var name, kind string
	if _, err := pgx.ForEachRow(rows, []any{&name, &kind}, func() error { found[name] = kind; return nil }); err != nil {
		t.Fatal(err)
	}
	return found
}

// policy P2.1: whatever is kept about people has been declared.
func TestEveryColumnIsInTheCatalogue(t *testing.T) {
	found, listed := columns(t), map[string]bool{}
	if len(found) < 50 {
		t.Fatalf("only %d columns were found: the search itself is broken", len(found))
	}
	for _, c := range schema.Catalogue() {
		if listed[c.Name] {
			t.Errorf("%s is listed twice", c.Name)
		}
		listed[c.Name] = true
		if _, ok := found[c.Name]; !ok {
			t.Errorf("%s is in the catalogue, but not in the database", c.Name)
		}
		if c.Holds == "" || c.Whose == "" || c.Export == "" || c.Erase == "" || c.Kept == "" {
			t.Errorf("%s: the catalogue leaves something undecided", c.Name)
		}
	}
	for name := range found {
		if !listed[name] {
			t.Errorf("%s is not in the catalogue: decide in shared/schema/catalogue.go what it holds, whose, how exported, how erased, how long kept", name)
		}
	}
}

// What is exported opened is sealed, so it can only be bytes; and what is a person's free text or address is never plain.
// policy P7b: names, addresses, prompts.
func TestPersonalTextIsSealed(t *testing.T) {
	found := columns(t)
	for _, c := range schema.Catalogue() {
		sealed := c.Export == schema.Opened
		if sealed != (c.Erase == schema.WithKey) {
			t.Errorf("%s: sealed with the account's key means opened in the export and erased with the key", c.Name)
		}
		if sealed && found[c.Name] != "bytea" {
			t.Errorf("%s is %s, but sealed fields are bytea", c.Name, found[c.Name])
		}
		for _, personal := range []string{"name", "email", "picture", "prompt", "address", "browser", "system"} {
			families := strings.HasPrefix(c.Name, "log_record.") // of closed lists, which the database holds them to
			if strings.HasSuffix(c.Name, "."+personal) && !sealed && !families {
				t.Errorf("%s is personal text and not sealed", c.Name)
			}
		}
	}
}

// At an erasure the rows that refer to an account are found by these; an index over some rows only is of no use to a cascade.
func TestEveryReferenceHasAnIndexOverAllRows(t *testing.T) {
	db := people.Open(t)
	if n := people.Ask[int](t, db, `select count(*) from pg_constraint where contype = 'f' and connamespace = 'app'::regnamespace`); n < 10 {
		t.Fatalf("only %d references were found: the search itself is broken", n)
	}
	if bare := list(t, db, `
		select r.conrelid::regclass || '.' || a.attname from pg_constraint r
		join pg_attribute a on a.attrelid = r.conrelid and a.attnum = r.conkey[1]
		where r.contype = 'f' and r.connamespace = 'app'::regnamespace and not exists (
			select from pg_index i where i.indrelid = r.conrelid and i.indkey[0] = r.conkey[1] and i.indpred is null)`); len(bare) > 0 {
		t.Errorf("without: %v", bare)
	}
}
