package main

import (
	"context"
	"encoding/json"
	"fmt"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/schema"
)

// picturesAPage is how many images a page of the library shows.
const picturesAPage = 200

// sheet is how far the pages are: which item is the first of them, which page of the library is next, behind which row.
type sheet struct {
	First int64           `json:"first"`
	Page  int             `json:"page"` // from 0
	After json.RawMessage `json:"after,omitempty"`
	Rows  int             `json:"rows"` // images on the pages so far
	Full  bool            `json:"full"` // no page of the library is missing
}

// pages makes what can be made only when it is known what could not be included, for the last volume: the library's pages and the
// first page, and the manifest.
func (p *packer) pages(ctx context.Context) error {
	var at sheet
	if err := json.Unmarshal(p.Cursor, &at); err != nil {
		return err
	}
	tail, err := p.Tail(ctx, p.db)
	if err != nil {
		return err
	}
	for p.Scope == archive.Account && !at.Full {
		if err := late(ctx); err != nil {
			return err
		}
		if at, err = p.libraryPage(ctx, at, &tail); err != nil {
			return err
		}
	}
	var items []archive.Item
	if p.Scope == archive.Account {
		if items, err = p.front(ctx, at, &tail); err != nil {
			return err
		}
	}
	manifest, err := p.manifest(ctx, tail.Volume, items)
	if err != nil {
		return err
	}
	items = append(items, tail.Append(manifest))
	return p.Add(ctx, p.db, items, archive.StepLast, sheet{First: at.First}, p.clock.Now())
}

// libraryPage makes one page of images with their prompts.
func (p *packer) libraryPage(ctx context.Context, at sheet, tail *archive.Tail) (sheet, error) {
	t, err := p.table(ctx, "image")
	if err != nil {
		return at, err
	}
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = field(c)
	}
	entries, err := p.Page(ctx, p.db, t.Name, columns, at.After, picturesAPage)
	if err != nil {
		return at, err
	}
	rows, _, err := p.open(t, entries)
	if err != nil {
		return at, err
	}
	pictures, err := p.pictures(ctx, t, rows)
	if err != nil {
		return at, err
	}
	next := at
	next.Full, next.Rows = len(entries) < picturesAPage, at.Rows+len(entries)
	var items []archive.Item
	if len(entries) > 0 {
		next.Page, next.After = at.Page+1, entries[len(entries)-1].Place
		item, err := p.stage(ctx, fmt.Sprintf("library/%d.html", next.Page), libraryHTML(next.Page, pictures))
		if err != nil {
			return at, err
		}
		items = append(items, tail.Append(item))
	}
	return next, p.Add(ctx, p.db, items, archive.StepPages, next, p.clock.Now())
}

func (p *packer) table(ctx context.Context, name string) (table, error) {
	tables, err := p.tables(ctx)
	if err != nil {
		return table{}, err
	}
	for _, t := range tables {
		if t.Name == name {
			return t, nil
		}
	}
	return table{}, fmt.Errorf("the table %s is not exported", name)
}

// shown is an image on a page: what is known of it, and its file or why there is none.
type shown struct {
	item   archive.Item
	values map[string]string
}

// pictures puts rows of images together with their files.
func (p *packer) pictures(ctx context.Context, t table, rows [][]json.RawMessage) ([]shown, error) {
	all := make([]shown, len(rows))
	ids := make([]string, len(rows))
	for i, row := range rows {
		all[i].values = map[string]string{}
		for j, c := range t.columns {
			all[i].values[field(c)] = plain(row[j])
		}
		ids[i] = all[i].values["id"]
	}
	items, err := p.Pictures(ctx, p.db, ids)
	if err != nil {
		return nil, err
	}
	files := map[string]archive.Item{}
	for _, item := range items {
		files[*item.ImageID] = item
	}
	for i, id := range ids {
		all[i].item = files[id]
	}
	return all, nil
}

// front makes the first page and the text beside it.
func (p *packer) front(ctx context.Context, at sheet, tail *archive.Tail) ([]archive.Item, error) {
	tables, err := p.tables(ctx)
	if err != nil {
		return nil, err
	}
	names, err := p.Names(ctx, p.db, "data/%.html")
	if err != nil {
		return nil, err
	}
	var items []archive.Item
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{"index.html", frontHTML(p.OrderedAt, tables, names, at, tail.Volume)},
		{"README.txt", readme(p.OrderedAt, tail.Volume)},
	} {
		item, err := p.stage(ctx, file.name, file.content)
		if err != nil {
			return nil, err
		}
		items = append(items, tail.Append(item))
	}
	return items, nil
}

// title of a table is its name in words.
func title(t archive.Table) string { return words(t.Name) }

// heading of a column is what the data map says that it holds.
func heading(c schema.Column) string { return c.Holds }
