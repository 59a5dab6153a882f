// Package postgres opens the database through its transaction pooler.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Querier is what a verb needs: a pool and a transaction both are one.
type Querier interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// Database is a lazily opened pool: see Open.
type Database struct {
	pool func() (*pgxpool.Pool, error)
}

// Open begins to dial in the background, so that the connection is there when the first request is, and returns at once.
// The address must verify the server's certificate, except on loopback (policy 7, "all data transmission is encrypted");
// an address that doesn't is an error at first use.
func Open(address string) *Database {
	db := &Database{pool: sync.OnceValues(func() (*pgxpool.Pool, error) { return connect(address) })}
	go func() {
		if pool, err := db.pool(); err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			_ = pool.Ping(ctx) // a failure shows at the first query, where somebody can be told
		}
	}()
	return db
}

func connect(address string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the database address cannot be parsed") // pgx's own text may hold the password
	}
	if err := refusePlain(config.ConnConfig); err != nil {
		return nil, err
	}
	// Named prepared statements do not survive a transaction pooler.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	// One instance serves one request at a time; a frozen instance wakes with sockets that may be dead.
	config.MaxConns, config.MinConns = 2, 0
	config.PingTimeout = time.Second
	config.MaxConnIdleTime = time.Minute
	config.MaxConnLifetime = 5 * time.Minute
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > 10*time.Second }
	return pgxpool.NewWithConfig(context.Background(), config)
}

func refusePlain(config *pgx.ConnConfig) error {
	first := &pgconn.FallbackConfig{Host: config.Host, TLSConfig: config.TLSConfig}
	for _, to := range append([]*pgconn.FallbackConfig{first}, config.Fallbacks...) {
		if ip := net.ParseIP(to.Host); to.Host == "localhost" || (ip != nil && ip.IsLoopback()) {
			continue
		}
		if to.TLSConfig == nil || to.TLSConfig.InsecureSkipVerify {
			return fmt.Errorf("refusing to reach the database at %s unverified: add sslmode=verify-full to its address", to.Host)
		}
	}
	return nil
}

// Exec runs one statement.
func (d *Database) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	pool, err := d.pool()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return pool.Exec(ctx, sql, arguments...)
}

// Query runs one statement that returns rows.
func (d *Database) Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	pool, err := d.pool()
	if err != nil {
		return nil, err
	}
	return pool.Query(ctx, sql, arguments...)
}

// QueryRow runs one statement that returns at most one row.
func (d *Database) QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row {
	pool, err := d.pool()
	if err != nil {
		return failedRow{err}
	}
	return pool.QueryRow(ctx, sql, arguments...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// Transaction runs story in one transaction: committed if it returns nil, else rolled back whole.
func (d *Database) Transaction(ctx context.Context, story func(tx Querier) error) error {
	pool, err := d.pool()
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return story(tx) })
}

// Close ends all connections; for tests and for tools that end.
func (d *Database) Close() {
	if pool, err := d.pool(); err == nil {
		pool.Close()
	}
}

// Raised says whether err is Postgres's error of this SQLSTATE, for example "23505" (unique violation).
func Raised(err error, sqlstate string) bool {
	var raised *pgconn.PgError
	return errors.As(err, &raised) && raised.Code == sqlstate
}
