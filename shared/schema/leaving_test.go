package schema_test

import (
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/testbed/people"
)

// What outlives an account though it names it: the erasure until its receipt is written, a hold until its end.
var outlive = []string{"erasure", "legal_hold"}

func belongings(t *testing.T, db people.Database) []string {
	t.Helper()
	found := list(t, db, `select name from app.belongings()`)
	if len(found) < 15 {
		t.Fatalf("only %d tables of accounts were found: the search itself is broken", len(found))
	}
	return found
}

func TestEveryTableOfAccountsIsInAClassOfThePlanOfADeletion(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	tables := append(belongings(t, db), "account")
	for _, table := range tables {
		if schema.ClassOf(table) == "other" {
			t.Errorf("%s is in no class: say in shared/schema/classes.go what it is to people", table)
		}
	}
	seen := map[string]bool{}
	for _, class := range schema.Classes() {
		if class.Sentence == "" || class.Name == "" {
			t.Errorf("%+v says nothing", class)
		}
		for _, table := range class.Tables {
			if seen[table] || !slices.Contains(tables, table) {
				t.Errorf("%s is in two classes, or is no table of accounts", table)
			}
			seen[table] = true
		}
	}
}

func TestWhateverNamesAnAccountGoesWithIt(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	goes := belongings(t, db)
	naming := list(t, db, `
		select t.table_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'app' and c.column_name = 'account_id' and t.table_type = 'BASE TABLE'`)
	if len(naming) < 12 {
		t.Fatalf("only %d tables name an account: the search itself is broken", len(naming))
	}
	for _, table := range naming {
		if slices.Contains(goes, table) == slices.Contains(outlive, table) {
			t.Errorf("%s names an account, and is not reached from app.account by references that cascade", table)
		}
	}
}

func TestWhatTheDataMapErasesWithTheAccountIsErasedWithIt(t *testing.T) {
	t.Parallel()
	goes := append(belongings(t, people.Open(t)), "account")
	for _, c := range schema.Catalogue() {
		table, _, _ := strings.Cut(c.Name, ".")
		if (c.Erase == schema.WithAccount || c.Erase == schema.WithKey) && !slices.Contains(goes, table) {
			t.Errorf("%s is to go with the account, and nothing leads there from it", c.Name)
		}
		if c.Whose == schema.Person && c.Erase == schema.Never {
			t.Errorf("%s is about a person, and never ends", c.Name)
		}
	}
}

// A table that is added later is found without anybody thinking of it: by what erases, and by what looks for what is left.
func TestATableThatIsAddedLaterIsErasedAndLookedForToo(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	db.Do(t, `create table app.diary (id uuid primary key, account_id uuid not null references app.account on delete cascade)`)
	db.Do(t, `create table app.page (number bigint primary key, diary_id uuid not null references app.diary on delete cascade)`)
	db.Do(t, `create table app.note (account_id uuid not null)`)
	ada, bob := db.SignIn(t, "ada", 5), db.SignIn(t, "bob", 5)
	for number, who := range []string{ada.ID, bob.ID} {
		db.Do(t, `with d as (insert into app.diary values (gen_random_uuid(), $1) returning id) insert into app.page select $2, id from d`, who, number)
		db.Do(t, `insert into app.note values ($1)`, who)
	}
	left := func(account string) string {
		return strings.Join(list(t, db, `select name from app.remains('`+account+`') order by name`), " ")
	}
	if got := left(ada.ID); !strings.Contains(got, "diary") || !strings.Contains(got, "note") {
		t.Errorf("before: %s", got)
	}
	db.Do(t, `select * from app.erase_rows($1, '{}', 2000)`, ada.ID)
	if n := people.Ask[int](t, db, `select count(*) from app.page`); n != 1 || people.Ask[int](t, db, `select count(*) from app.diary`) != 1 {
		t.Errorf("%d pages are left of one", n)
	}
	if got := left(ada.ID); got != "account account_key note" && got != "account account_key note " {
		t.Errorf("afterwards: %s", got)
	}
}
