package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/schema"
	"nanoflux.ai/backend/shared/seal"
)

// rowsAFile is how many rows a data file has at most.
const rowsAFile = 1000

// table is one whose rows are exported, with those of its columns that are.
type table struct {
	archive.Table
	columns []schema.Column
}

// field is a column's name in its table.
func field(c schema.Column) string { return c.Name[strings.Index(c.Name, ".")+1:] }

// tables gives all of them, in the order of their names.
func (p *packer) tables(ctx context.Context) ([]table, error) {
	found, err := archive.Tables(ctx, p.db)
	if err != nil {
		return nil, err
	}
	var all []table
	for _, t := range found {
		exported := table{Table: t}
		for _, c := range schema.Catalogue() {
			if strings.HasPrefix(c.Name, t.Name+".") && c.Export != schema.LeftOut {
				exported.columns = append(exported.columns, c)
			}
		}
		if len(exported.columns) > 0 {
			all = append(all, exported)
		}
	}
	return all, nil
}

// place is how far the data is: the next page of a table, behind a row.
type place struct {
	Table string          `json:"table"`
	Page  int             `json:"page"` // from 1
	After json.RawMessage `json:"after,omitempty"`
}

// data writes the account's rows into files, each page in a file of JSON and one to read.
func (p *packer) data(ctx context.Context) error {
	tables, err := p.tables(ctx)
	if err != nil {
		return err
	}
	var at place
	if err := json.Unmarshal(p.Cursor, &at); err != nil {
		return err
	}
	tail, err := p.Tail(ctx, p.db)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t.Name < at.Table {
			continue
		}
		if t.Name != at.Table {
			at = place{Table: t.Name, Page: 1}
		}
		for more := true; more; {
			if err := late(ctx); err != nil {
				return err
			}
			if more, err = p.dataPage(ctx, t, &at, &tail); err != nil {
				return err
			}
		}
	}
	return p.Advance(ctx, p.db, archive.StepImages, index{}, p.clock.Now())
}

// dataPage writes one page and says whether there is another one.
func (p *packer) dataPage(ctx context.Context, t table, at *place, tail *archive.Tail) (more bool, err error) {
	columns := []string{"id"}
	if _, has := t.Columns["id"]; !has {
		columns = nil
	}
	for _, c := range t.columns {
		if name := field(c); !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	entries, err := p.Page(ctx, p.db, t.Name, columns, at.After, rowsAFile+1)
	if err != nil {
		return false, err
	}
	if more = len(entries) > rowsAFile; more {
		entries = entries[:rowsAFile]
	}
	rows, unreadable, err := p.open(t, entries)
	if err != nil {
		return false, err
	}
	items, err := p.dataFiles(ctx, t, at.Page, rows, more)
	if err != nil {
		return false, err
	}
	for i, item := range append(items, unreadable...) {
		item = tail.Deal(item)
		if i < len(items) {
			items[i] = item
		} else {
			items = append(items, item)
		}
	}
	next := place{Table: t.Name + " "} // behind the table, before any other
	if more {
		next = place{Table: t.Name, Page: at.Page + 1, After: entries[rowsAFile-1].Place}
	}
	if err := p.Add(ctx, p.db, items, archive.StepData, next, p.clock.Now()); err != nil {
		return false, err
	}
	*at = next
	return more, nil
}

// dataFiles puts a page's rows as JSON and as HTML, and with the first page the schema of the JSON.
func (p *packer) dataFiles(ctx context.Context, t table, page int, rows [][]json.RawMessage, more bool) ([]archive.Item, error) {
	type file struct {
		name    string
		content []byte
	}
	name := fmt.Sprintf("data/%s-%d", t.Name, page)
	files := []file{{name + ".json", rowsJSON(t, rows)}, {name + ".html", rowsHTML(t, page, rows, more)}}
	if page == 1 {
		files = append(files, file{"data/" + t.Name + ".schema.json", rowsSchema(t)})
	}
	var items []archive.Item
	for _, f := range files {
		item, err := p.stage(ctx, f.name, f.content)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// open gives the values of rows in the order of the table's columns, sealed ones opened. What cannot be opened is null, and named
// among what is not included.
func (p *packer) open(t table, entries []archive.Entry) (rows [][]json.RawMessage, unreadable []archive.Item, err error) {
	for _, entry := range entries {
		var id string
		if raw, has := entry.Content["id"]; has {
			if err := json.Unmarshal(raw, &id); err != nil {
				id = string(raw) // a number
			}
		}
		values := make([]json.RawMessage, len(t.columns))
		for i, c := range t.columns {
			value, err := p.value(t, c, id, entry.Content[field(c)])
			if errors.Is(err, seal.ErrUnreadable) {
				reason := archive.Damaged
				unreadable = append(unreadable, archive.Item{Name: "data/" + c.Name + " of " + id, Omitted: &reason})
				value = json.RawMessage("null")
			} else if err != nil {
				return nil, nil, err
			}
			values[i] = value
		}
		rows = append(rows, values)
	}
	return rows, unreadable, nil
}

// value is a column's content as it is exported: text opened, bytes in hexadecimal, no end as null.
func (p *packer) value(t table, c schema.Column, id string, raw json.RawMessage) (json.RawMessage, error) {
	var bare string
	switch kind := t.Columns[field(c)]; {
	case bytes.Equal(raw, []byte("null")):
		return raw, nil
	case c.Export == schema.Opened:
		var sealed seal.Sealed
		if err := json.Unmarshal(raw, &sealed); err != nil {
			return nil, err
		}
		text, err := p.Key.Open(c.Name+"/"+id, sealed)
		if err != nil {
			return nil, err
		}
		return json.Marshal(text)
	case kind == "bytea":
		if err := json.Unmarshal(raw, &bare); err != nil {
			return nil, err
		}
		return json.Marshal(strings.TrimPrefix(bare, `\x`))
	case strings.HasPrefix(kind, "timestamp") && bytes.Contains(raw, []byte("infinity")):
		return json.RawMessage("null"), nil
	}
	return raw, nil
}

// rowsJSON is an array of objects, one a line.
func rowsJSON(t table, rows [][]json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteString("[")
	for i, row := range rows {
		b.WriteString(separator(i))
		for j, value := range row {
			name, _ := json.Marshal(field(t.columns[j])) // a string
			fmt.Fprintf(&b, "%s%s: %s", [2]string{"{", ", "}[min(j, 1)], name, value)
		}
		b.WriteString("}")
	}
	b.WriteString("\n]\n")
	return b.Bytes()
}

// separator stands before an element of an array that has one a line.
func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

// rowsSchema describes the table's JSON by what the data map and Postgres say of its columns (JSON Schema 2020-12).
func rowsSchema(t table) []byte {
	properties, required := map[string]any{}, []string{}
	for _, c := range t.columns {
		property := map[string]any{"description": c.Holds}
		for name, value := range typeOf(t.Columns[field(c)], c.Export == schema.Opened) {
			property[name] = value
		}
		properties[field(c)], required = property, append(required, field(c))
	}
	text, _ := json.MarshalIndent(map[string]any{ // of maps and strings
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": t.Name, "type": "array",
		"items": map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false},
	}, "", "  ")
	return append(text, '\n')
}

// typeOf says what a column of a Postgres type is in JSON.
func typeOf(kind string, opened bool) map[string]any {
	if element, array := strings.CutSuffix(kind, "[]"); array {
		return map[string]any{"type": []string{"array", "null"}, "items": typeOf(element, false)}
	}
	switch {
	case opened:
		return map[string]any{"type": []string{"string", "null"}}
	case kind == "bytea":
		return map[string]any{"type": []string{"string", "null"}, "pattern": "^([0-9a-f]{2})*$"}
	case kind == "uuid":
		return map[string]any{"type": []string{"string", "null"}, "format": "uuid"}
	case kind == "date":
		return map[string]any{"type": []string{"string", "null"}, "format": "date"}
	case strings.HasPrefix(kind, "timestamp"):
		return map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
	case kind == "bigint", kind == "integer", kind == "smallint":
		return map[string]any{"type": []string{"integer", "null"}}
	case kind == "boolean":
		return map[string]any{"type": []string{"boolean", "null"}}
	case kind == "jsonb", kind == "json":
		return map[string]any{}
	}
	return map[string]any{"type": []string{"string", "null"}}
}
