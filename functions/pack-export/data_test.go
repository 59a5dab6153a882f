package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// rich gives an account a row in every table that is exported, with something in every column.
func (s packing) rich(t *testing.T, v visitor.Visitor) {
	t.Helper()
	s.shelve(t, v, noise(t, 5000), "a lighthouse")
	order, failed := s.newID(t), s.newID(t)
	fill := strings.NewReplacer("ACCOUNT", v.AccountID, "ORDER", order, "FAILED", failed,
		"AT", s.begun.Add(-time.Second).Format(time.RFC3339Nano), "PROMPT", fmt.Sprintf(`\x%x`, v.Key.Seal("generation.prompt/"+order, "draw a lighthouse")))
	for _, sql := range []string{
		`insert into app.generation (id, account_id, tool, prompt, size, seed, inputs, cost, idempotency_key, request_hash, status, error_code,
				created_at, runnable_at, started_at, finished_at)
			values ('ORDER', 'ACCOUNT', 'text-to-image', 'PROMPT', '1024x1024', 7, '{ORDER}', 3, 'ORDER', sha256(''), 'succeeded', null, 'AT', 'AT', 'AT', 'AT'),
			       ('FAILED', 'ACCOUNT', 'edit', null, null, null, '{}', 3, 'FAILED', sha256(''), 'failed', 'refused', 'AT', 'AT', 'AT', 'AT')`,
		`insert into app.provider_call (generation_id, provider, model, started_at, finished_at, outcome) values ('ORDER', 'workers-ai', 'flux', 'AT', 'AT', 'drawn')`,
		`insert into app.credit_hold (id, account_id, amount, state, held_at, closed_at) values ('ORDER', 'ACCOUNT', 3, 'settled', 'AT', 'AT')`,
		`insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after, cause)
			values ('ACCOUNT', 99, 'AT', 'reverse', 'x', -1, 0, 0, 0, 0, 0, 'refund')`,
		`insert into app.upload (id, account_id, key, content_type, bytes, created_at, expires_at, image_id)
			values ('ORDER', 'ACCOUNT', 'ORDER', 'image/png', 10, 'AT', 'AT', 'ORDER')`,
		`insert into app.customer (account_id, id, operation, begun_at) values ('ACCOUNT', 'cus_ORDER', gen_random_uuid(), 'AT')`,
		`insert into app.subscription (id, account_id, offer, status, created_at, period_end, cancel_at, ended_at, version)
			values ('sub_ORDER', 'ACCOUNT', 'plus-monthly', 'canceled', 'AT', 'AT', 'AT', 'AT', 1)`,
		`insert into app.payment (id, kind, offer, amount, currency, paid_at, charge, invoice, invoice_number, tax_country, status, returned, version)
			values ('pi_ORDER', 'plan', 'plus-monthly', 900, 'usd', 'AT', 'ch_1', 'in_1', 'N-1', 'DE', 'partly_refunded', 100, 1),
			       ('pi_FAILED', 'plan', 'nobodys', 900, 'usd', 'AT', 'ch_2', 'in_2', 'N-2', 'DE', 'paid', 0, 1)`,
		`insert into app.payment_owner (payment_id, account_id) values ('pi_ORDER', 'ACCOUNT')`,
		`insert into app.payment_return (id, payment_id, kind, status, amount, currency, at, counts)
			values ('re_ORDER', 'pi_ORDER', 'refund', 'succeeded', 100, 'usd', 'AT', true)`,
		`insert into app.plan_invoice (id, account_id, payment_id, total, credits, takes, takes_from, paid_at)
			values ('in_ORDER', 'ACCOUNT', 'pi_ORDER', 900, 200, 5, 'in_0', 'AT')`,
		`insert into app.preference (account_id, theme, mail_results, mail_billing, mail_news, changed_at) values ('ACCOUNT', 'dark', true, false, true, 'AT')`,
		`update app.account set corrected = '{name}' where id = 'ACCOUNT'`,
	} {
		s.do(t, fill.Replace(sql))
	}
}

func (s packing) do(t testing.TB, sql string, arguments ...any) {
	t.Helper()
	testbed.Column[string](t, s.testbed, sql+" returning 'done'", arguments...)
}

func (s packing) newID(t *testing.T) string {
	t.Helper()
	return testbed.One[string](t, s.testbed, `select gen_random_uuid()::text`)
}

// openable are the columns of a person that nothing is in while the account is open.
const openable = "account.closed_at"

// What the data map says is exported is in there, value for value, of this account and no other, whatever table it comes from.
// policy P6.3: everything that is about a person.
func TestEveryColumnThatIsExportedIsInTheArchive(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada, grace := visitor.SignIn(t, s.testbed, s.service), visitor.SignIn(t, s.testbed, s.service)
	s.rich(t, ada)
	s.rich(t, grace)
	u := s.packed(t, s.order(t, ada))
	seen := 0
	for _, c := range schema.Catalogue() {
		if c.Export == schema.LeftOut {
			continue
		}
		seen++
		table, column, _ := strings.Cut(c.Name, ".")
		got, want := u.column(t, table, column), s.column(t, ada, c)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the archive has %v, the database %v", c.Name, got, want)
		}
		if c.Name != openable && !slices.ContainsFunc(got, func(value string) bool { return value != "null" }) {
			t.Errorf("%s: nothing is in it, so this test says nothing of it: give the rich account something there", c.Name)
		}
		if content := u.files["data/"+table+".schema.json"]; !describes(t, content, column) {
			t.Errorf("the schema of %s does not know %s", table, column)
		}
	}
	if seen < 80 {
		t.Errorf("only %d columns were looked at", seen)
	}
	for name, content := range u.files {
		for _, c := range []string{"token_hash", "wrapped", "pseudonym", ada.Prefix, grace.AccountID} {
			if bytes.Contains(content, []byte(c)) {
				t.Errorf("%s holds %s", name, c)
			}
		}
	}
}

// column gives a column's values in the archive, in JSON, in any order but always the same.
func (u unpacked) column(t testing.TB, table, column string) (values []string) {
	t.Helper()
	for _, row := range u.rows(t, table) {
		value, there := row[column]
		if !there {
			t.Errorf("%s.%s is missing in a row", table, column)
		}
		text, _ := json.Marshal(value)
		values = append(values, string(text))
	}
	slices.Sort(values)
	return values
}

// column gives a column's values in the database, opened by hand.
func (s packing) column(t *testing.T, v visitor.Visitor, c schema.Column) (values []string) {
	t.Helper()
	table, column, _ := strings.Cut(c.Name, ".")
	condition := testbed.One[string](t, s.testbed, `select condition from app.exportable() where name = $1`, table)
	id := "''"
	if c.Export == schema.Opened {
		id = "id::text"
	}
	for _, pair := range testbed.Column[[]string](t, s.testbed, fmt.Sprintf(`
		select array[%s, coalesce(to_jsonb(%s)::text, 'null')] from app.%s where (%s)`, id, column, table, condition), v.AccountID) {
		value, sealed := pair[1], seal.Sealed(nil)
		switch {
		case value == "null":
		case c.Export == schema.Opened:
			if err := json.Unmarshal([]byte(value), &sealed); err != nil {
				t.Fatal(err)
			}
			text, err := v.Key.Open(c.Name+"/"+pair[0], sealed)
			if err != nil {
				t.Fatal(err)
			}
			quoted, _ := json.Marshal(text)
			value = string(quoted)
		default:
			var decoded any
			if err := json.Unmarshal([]byte(strings.ReplaceAll(value, `"\\x`, `"`)), &decoded); err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(decoded)
			value = string(text)
		}
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}

func describes(t *testing.T, content []byte, column string) bool {
	t.Helper()
	var told struct {
		Schema string `json:"$schema"`
		Items  struct {
			Properties map[string]struct{ Description string }
			Required   []string
		}
	}
	if err := json.Unmarshal(content, &told); err != nil || told.Schema != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("%v, %s", err, content)
	}
	return told.Items.Properties[column].Description != "" && slices.Contains(told.Items.Required, column)
}

// A table that comes later is exported by itself; one that cannot be is noticed here.
func TestEveryTableWithSomethingToExportIsReached(t *testing.T) {
	t.Parallel()
	s := open(t)
	reached := testbed.Column[string](t, s.testbed, `select name from app.exportable()`)
	for _, c := range schema.Catalogue() {
		if table, _, _ := strings.Cut(c.Name, "."); c.Export != schema.LeftOut && !slices.Contains(reached, table) {
			t.Errorf("%s is to be exported, but app.exportable does not find its table", c.Name)
		}
	}
}
