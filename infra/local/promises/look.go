package promises

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/infra/local/promises/search"
)

// found is a mark in a place where it is kept.
type found struct {
	search.Mark
	Kind  string // of the place: table, disk, object, cdn, log, stripe
	Place string
}

// personal says that it is about the person, rather than a random number that stands for the account.
func (f found) personal() bool {
	return !strings.HasSuffix(f.What, " id") && f.What != "prefix" && f.What != "pseudonym" && f.What != "image"
}

func (f found) String() string {
	return fmt.Sprintf("%s of %s in %s %s", f.What, f.Whose, f.Kind, f.Place)
}

// printedFor is how long CloudWatch keeps what is printed (RetentionInDays in template.yaml): older lines are gone there.
const printedFor = 60 * 24 * time.Hour

// everywhere looks for every mark in every place. The files of the database are looked at where asked, since that rewrites them.
func (p *play) everywhere(disk bool) ([]found, error) {
	if _, err := p.Printed.Flush(p.ctx); err != nil {
		return nil, err
	}
	var all []found
	for _, look := range []func() ([]found, error){p.inTables, p.inObjects, p.inCDN, p.inLogs, p.atStripe} {
		some, err := look()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	if disk {
		some, err := p.onDisk()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (p *play) in(text []byte, kind, place string) (all []found) {
	for _, mark := range p.marks.In(text) {
		all = append(all, found{mark, kind, place})
	}
	return all
}

// tables of every schema that is not Postgres' own; what is partitioned is read as one, what is not attached by itself.
func (p *play) tables() ([]string, error) {
	rows, err := p.db.Query(p.ctx, `
		select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') order by 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (p *play) inTables() (all []found, err error) {
	tables, err := p.tables()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(tables, "app.payment") {
		return nil, fmt.Errorf("the tables %v are not the service's", tables)
	}
	for _, table := range tables {
		rows, err := p.db.Query(p.ctx, `select x::text from `+table+` x`)
		if err != nil {
			return nil, err
		}
		var whole bytes.Buffer
		var row []byte
		if _, err := pgx.ForEachRow(rows, []any{&row}, func() error { whole.Write(row); return whole.WriteByte('\n') }); err != nil {
			return nil, fmt.Errorf("%s: %w", table, err)
		}
		all = append(all, p.in(whole.Bytes(), "table", table)...)
	}
	return all, nil
}

// inObjects reads the bucket's files: their names, what is in them, and what the bucket knows of them.
func (p *play) inObjects() (all []found, err error) {
	err = filepath.WalkDir(filepath.Dir(p.Objects), func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && entry.IsDir() && path == p.Objects {
			return nil
		}
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(p.Objects, path)
		all = append(all, p.in([]byte(name), "object", name)...)
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all = append(all, p.in(content, "object", name)...)
		return nil
	})
	return all, err
}

func (p *play) inCDN() (all []found, _ error) {
	p.CDN.Kept(func(key string, body []byte) {
		all = append(all, p.in([]byte(key), "cdn", key)...)
		all = append(all, p.in(body, "cdn", key)...)
	})
	return all, nil
}

// inLogs reads what was printed, but for lines that CloudWatch would not have any more.
func (p *play) inLogs() (all []found, err error) {
	files, err := filepath.Glob(filepath.Join(p.Logs, "*.log"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no logs in %s: %w", p.Logs, err)
	}
	oldest := p.Now().Add(-printedFor)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		var kept bytes.Buffer
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			if at, dated := dateOf(lines.Bytes()); !dated || at.After(oldest) {
				kept.Write(lines.Bytes())
				kept.WriteByte('\n')
			}
		}
		file.Close()
		if err := lines.Err(); err != nil {
			return nil, err
		}
		all = append(all, p.in(kept.Bytes(), "log", filepath.Base(name))...)
	}
	return all, nil
}

// dateOf reads the time of a record that a function printed.
func dateOf(line []byte) (at time.Time, dated bool) {
	begin := bytes.IndexByte(line, '{')
	if begin < 0 {
		return at, false
	}
	var record struct{ Time time.Time }
	if json.Unmarshal(line[begin:], &record) != nil {
		return at, false
	}
	return record.Time, !record.Time.IsZero()
}

// atStripe looks through all that the stand-in knows of anybody. Numbers stay there with the payments; names must not.
func (p *play) atStripe() (all []found, err error) {
	var whole bytes.Buffer
	if err := p.Till.Save(&whole); err != nil {
		return nil, err
	}
	for _, f := range p.in(whole.Bytes(), "stripe", "") {
		if !strings.HasSuffix(f.What, " id") {
			all = append(all, f)
		}
	}
	return all, nil
}
