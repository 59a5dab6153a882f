package journey

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// keepsNothingOfCards looks through every table and every log for what people typed on Stripe's pages: no stored row and no
// log line may contain a card's number, its security code or a full address. It gives the exit code, 0 or 1.
func keepsNothingOfCards(at addresses) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	found, err := lookEverywhere(ctx, at)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Whether cards are kept anywhere could not be found out:", err)
		return 1
	}
	for _, place := range found {
		fmt.Fprintln(os.Stderr, "FAIL: kept of a card or an address:", place)
	}
	return min(len(found), 1)
}

func lookEverywhere(ctx context.Context, at addresses) ([]string, error) {
	db, err := pgx.Connect(ctx, at.Postgres)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	inRows, err := inTables(ctx, db)
	if err != nil {
		return nil, err
	}
	inLines, err := inLogs(at.Logs)
	return append(inRows, inLines...), err
}

// sensitive names what of a text is a card's number, its security code, or a part of the address.
func sensitive(text string) (found []string) {
	text = strings.ToLower(readable(text))
	for _, card := range []string{goodCard, declinedCard, askingCard} {
		if numberOf(card).MatchString(text) {
			found = append(found, "card "+card)
		}
	}
	// The four digits mean something only where they stand alone; of ids and moments, they are a part by chance.
	uuids := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	alone := regexp.MustCompile(`(^|[^0-9a-z.:])` + cvc + `($|[^0-9a-z])`)
	if alone.MatchString(uuids.ReplaceAllString(text, "")) {
		found = append(found, "security code")
	}
	for _, part := range []string{street, town, postcode} {
		if strings.Contains(text, strings.ToLower(part)) {
			found = append(found, "address "+part)
		}
	}
	return found
}

// readable spells out bytes, which Postgres writes as \x and hexadecimal digits.
func readable(text string) string {
	return regexp.MustCompile(`\\x[0-9a-f]+`).ReplaceAllStringFunc(text, func(digits string) string {
		content, _ := hex.DecodeString(digits[len(`\x`):])
		return string(content)
	})
}

// numberOf finds a card's number however its digits are grouped.
func numberOf(card string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(card, " ", `(?:[ +_.-]|%20)?`))
}

// inTables gives the rows of any table, whoever's it is, that hold something sensitive.
func inTables(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}) (found []string, err error) {
	tables, err := texts(ctx, db, `
		select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema') order by 1`)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(tables, "app.payment") {
		return nil, errors.New("the tables are not the service's")
	}
	for _, table := range tables {
		rows, err := texts(ctx, db, "select to_json(whole)::text from "+table+" whole")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if what := sensitive(row); len(what) > 0 {
				found = append(found, fmt.Sprintf("%v in %s: %.200s", what, table, row))
			}
		}
	}
	return found, nil
}

func texts(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}, sql string) ([]string, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// inLogs gives the lines of all logs in a folder that hold something sensitive.
func inLogs(folder string) (found []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no logs in %q", folder))
	}
	for _, file := range files {
		log, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(log)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			if what := sensitive(lines.Text()); len(what) > 0 {
				found = append(found, fmt.Sprintf("%v in %s: %.200s", what, filepath.Base(file), lines.Text()))
			}
		}
		log.Close()
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	return found, nil
}
