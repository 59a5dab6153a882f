package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bytes"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/testbed/people"
)

// list reads one column as the database's owner.
func list[V any](t *testing.T, w world, sql string, arguments ...any) []V {
	t.Helper()
	rows, err := w.people.Owner.Query(t.Context(), sql, arguments...)
	must(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[V])
	must(t, err)
	return values
}

// tables of every schema that is not Postgres' own.
func (w world) tables(t *testing.T) []string {
	t.Helper()
	return list[string](t, w, `select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables
		where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`)
}

// belonging is a table with rows of accounts, and which are those of account $1.
type belonging struct{ Name, Condition string }

func (w world) belongings(t *testing.T) []belonging {
	t.Helper()
	rows, err := w.people.Owner.Query(t.Context(), `select name, condition from app.belongings() union all select 'account', 'id = $1'`)
	must(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[belonging])
	must(t, err)
	return all
}

// marks are everything that says who somebody is: what they are called, and the number of each of their rows.
func (w world) marks(t *testing.T, p person) []string {
	t.Helper()
	marks := []string{p.name, p.ID, p.Prefix, p.Pseudonym, hex.EncodeToString(p.Token)}
	if p.customer != "" {
		marks = append(marks, p.customer)
	}
	for _, b := range w.belongings(t) {
		has := people.Ask[bool](t, w.people, `select exists (select from information_schema.columns where table_schema = 'app'
			and table_name = $1 and column_name = 'id' and data_type in ('uuid', 'text'))`, b.Name)
		if has && b.Name != "plan_invoice" { // its number stays with the payment
			marks = append(marks, list[string](t, w, fmt.Sprintf(`select id::text from app.%s where %s`, b.Name, b.Condition), p.ID)...)
		}
	}
	return marks
}

// forms of a mark as a row's text may have it: as it is, or as the bytes of a column.
func forms(mark string) []string {
	raw := hex.EncodeToString([]byte(mark))
	if len(mark) == 36 {
		return []string{mark, raw, strings.ReplaceAll(mark, "-", "")}
	}
	return []string{mark, raw}
}

// traces names every table with one of the marks in any column.
func (w world) traces(t *testing.T, marks []string) (found []string) {
	t.Helper()
	var patterns []string
	for _, mark := range marks {
		for _, form := range forms(mark) {
			patterns = append(patterns, "%"+form+"%")
		}
	}
	for _, table := range w.tables(t) {
		found = append(found, list[string](t, w, fmt.Sprintf(`select '%s: ' || x::text from %s x where x::text ilike any ($1)`, table, table), patterns)...)
	}
	return found
}

// rows is a hash of each table's rows, of all that stays the same whoever is erased.
func (w world) rows(t *testing.T) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for _, table := range w.tables(t) {
		if slices.Contains([]string{"app.receipt", "app.free_grant_guard", "app.staff_action", "app.job_success"}, table) {
			continue
		}
		hashes[table] = people.Ask[string](t, w.people, `select coalesce(string_agg(x::text, E'\n' order by x::text), '') from `+table+` x`)
	}
	return hashes
}

// of gives the rows of one account, by table, with those of its payments.
func (w world) of(t *testing.T, account string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, b := range append(w.belongings(t),
		belonging{"payment", `id in (select payment_id from app.payment_owner where account_id = $1)`},
		belonging{"payment_return", `payment_id in (select payment_id from app.payment_owner where account_id = $1)`}) {
		rows[b.Name] = people.Ask[string](t, w.people,
			fmt.Sprintf(`select coalesce(string_agg(x::text, E'\n' order by x::text), '') from app.%s x where %s`, b.Name, b.Condition), account)
	}
	return rows
}

// same fails the test where rows or objects are not what they were.
func same(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for name, was := range before {
		if after[name] != was {
			t.Errorf("%s, %s: it was\n%s\nand is\n%s", what, name, was, after[name])
		}
	}
	for name := range after {
		if _, known := before[name]; !known {
			t.Errorf("%s, %s is new", what, name)
		}
	}
}

// objectsOf gives a hash of each object under a prefix.
func (w world) objectsOf(t *testing.T, prefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, w.objects.Walk(t.Context(), prefix, func(page []bucket.Object) error {
		for _, object := range page {
			body, err := w.objects.Get(t.Context(), object.Key, 1<<20)
			if err != nil {
				return err
			}
			found[object.Key] = fmt.Sprintf("%x of %s", sha256.Sum256(body), object.At)
		}
		return nil
	}))
	return found
}

// status of a link at the CDN.
func status(t *testing.T, link string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	must(t, err)
	reply, err := http.DefaultClient.Do(request)
	must(t, err)
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	return reply.StatusCode
}

// links to the objects of somebody's images.
func (w world) linksOf(p person) (all []string) {
	for _, stored := range p.images {
		all = append(all, w.links.Link(stored.Key, time.Now()), w.links.Link(stored.ThumbnailKey, time.Now()))
	}
	return all
}

// stripeSays is everything that Stripe shows of anybody, in one text.
func (w world) stripeSays(t *testing.T) string {
	t.Helper()
	var all []any
	for _, list := range []string{"customers", "subscriptions", "invoices", "payment_intents", "charges", "refunds", "checkout/sessions"} {
		all = append(all, w.till.Get("/v1/"+list+"?limit=100"))
	}
	text, err := json.Marshal(append(all, w.till.Events()))
	must(t, err)
	return string(text)
}

// onDisk says which marks are in the files of the database, after Postgres has rewritten them. Its owner may not order a
// checkpoint; dropping a database waits for one. Two places are left out: the write-ahead log, which goes with the backups, and, but
// for the first mark, the planner's statistics, where samples of random numbers stay until there is something new to sample.
func (w world) onDisk(t *testing.T, marks []string) (found []string) {
	t.Helper()
	w.people.Do(t, `vacuum (full, analyze) `+strings.Join(w.tables(t), ", "))
	w.people.Do(t, `vacuum full pg_catalog.pg_statistic`)
	other := "checkpoint_" + strings.ToLower(rand.Text())
	w.people.Do(t, `create database `+other)
	w.people.Do(t, `drop database `+other)
	folder := people.Ask[string](t, w.people,
		`select '/proc/' || pg_backend_pid() || '/cwd/base/' || oid from pg_database where datname = current_database()`)
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	read := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if os.IsNotExist(err) { // removed at the checkpoint
			continue
		}
		must(t, err)
		read++
		for _, mark := range marks {
			raw, _ := hex.DecodeString(strings.ReplaceAll(mark, "-", ""))
			if bytes.Contains(content, []byte(mark)) || len(raw) >= 16 && bytes.Contains(content, raw) {
				of := list[string](t, w, `select coalesce(max(relname), '') from pg_class where pg_relation_filenode(oid)::text = $1`, filepath.Base(file))
				if of[0] != "pg_statistic" || mark == marks[0] {
					found = append(found, mark+" in "+of[0])
				}
			}
		}
	}
	if read < 100 {
		t.Fatalf("only %d files were read in %s", read, folder)
	}
	return found
}
