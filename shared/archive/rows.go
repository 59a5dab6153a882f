package archive

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/postgres"
)

// Table is one with rows of accounts in it, and the types of its columns as Postgres names them.
type Table struct {
	Name    string
	Columns map[string]string
}

// Tables gives every table with something of an account in it, in the order of their names.
func Tables(ctx context.Context, db postgres.Querier) ([]Table, error) {
	rows, err := db.Query(ctx, `select name, columns from app.exportable()`)
	if err != nil {
		return nil, fmt.Errorf("finding what is exported: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Table])
}

// Entry is a row of a table as Postgres writes it in JSON, with its place among the others.
type Entry struct {
	Content map[string]json.RawMessage
	Place   json.RawMessage
}

// Page gives up to limit rows that the account had in a table when the archive was ordered, those behind a place; nil begins.
func (c *Claimed) Page(ctx context.Context, db postgres.Querier, table string, columns []string, after json.RawMessage, limit int) ([]Entry, error) {
	var behind *string
	if after != nil {
		text := string(after)
		behind = &text
	}
	rows, err := db.Query(ctx, `select content, place from app.export_page($1, $2, $3::text[], $4::text::jsonb, $5)`, c.ID, table, columns, behind, limit)
	if err != nil {
		return nil, fmt.Errorf("reading what is exported: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
}

// Chosen gives up to limit of the images that the archive was ordered with, from an index on.
func (c *Claimed) Chosen(ctx context.Context, db postgres.Querier, from, limit int) ([]string, error) {
	rows, err := db.Query(ctx, `select unnest(a.images[$2 + 1 : $2 + $3])::text from app.archive a where a.id = $1`, c.ID, from, limit)
	return strings(rows, err, "reading what an archive holds")
}

// Names of the items that are listed under a pattern of SQL's like, in their order.
func (c *Claimed) Names(ctx context.Context, db postgres.Querier, like string) ([]string, error) {
	rows, err := db.Query(ctx, `select path from app.archive_item where archive_id = $1 and path like $2 and omitted is null order by number`, c.ID, like)
	return strings(rows, err, "listing an archive")
}
