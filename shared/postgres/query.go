package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nanoflux.ai/backend/shared/problem"
)

// Exec runs one statement.
func (d *Database) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	pool, err := d.pool()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return told{pool}.Exec(ctx, sql, arguments...)
}

// Query runs one statement that returns rows.
func (d *Database) Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	pool, err := d.pool()
	if err != nil {
		return nil, err
	}
	return told{pool}.Query(ctx, sql, arguments...)
}

// QueryRow runs one statement that returns at most one row.
func (d *Database) QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row {
	pool, err := d.pool()
	if err != nil {
		return failedRow{err}
	}
	return told{pool}.QueryRow(ctx, sql, arguments...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// told is a Querier whose errors say so when it is the database that is in trouble.
type told struct{ db Querier }

func (t told) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	tag, err := t.db.Exec(ctx, sql, arguments...)
	return tag, outage(err)
}

func (t told) Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	rows, err := t.db.Query(ctx, sql, arguments...)
	return toldRows{rows}, outage(err)
}

func (t told) QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row {
	return toldRow{t.db.QueryRow(ctx, sql, arguments...)}
}

type toldRow struct{ row pgx.Row }

func (r toldRow) Scan(into ...any) error { return outage(r.row.Scan(into...)) }

type toldRows struct{ pgx.Rows }

func (r toldRows) Err() error { return outage(r.Rows.Err()) }

// outage turns trouble that passes (a database that is away or full, a lock that was not had in time) into a problem that
// asks the caller to come back. Everything that can be repeated here is safe to repeat.
func outage(err error) error {
	if err == nil || problem.Of(err) != nil || !passes(err) {
		return err
	}
	return problem.New(problem.Unavailable, "database_unavailable", "The service is busy right now. Please try again in a moment.").Because(err)
}

// passes tells trouble of the moment by SQLSTATE (Postgres, appendix A) or by the kind of failure on the way there. A caller
// who ran out of time is told so by the edge.
func passes(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var raised *pgconn.PgError
	if errors.As(err, &raised) {
		switch {
		case raised.Code == "55P03", raised.Code == "57014", raised.Code == "40001", raised.Code == "40P01":
			return true // a lock not had, a statement too slow, a conflict, a deadlock
		}
		class := raised.Code[:min(2, len(raised.Code))]
		return class == "08" || class == "53" || class == "57" || strings.Contains(raised.Message, "max_client_conn") ||
			strings.Contains(raised.Message, "Max client connections")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Raised says whether err is Postgres's error of this SQLSTATE, for example "23505" (unique violation).
func Raised(err error, sqlstate string) bool {
	var raised *pgconn.PgError
	return errors.As(err, &raised) && raised.Code == sqlstate
}
