// Package postgres opens the database through its transaction pooler.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"nanoflux.ai/backend/shared/outbound"
	"nanoflux.ai/backend/shared/party"
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
// The address must name a host of the register of outside parties (policy P5.1) and verify its certificate (policy P7a), except
// on loopback; an address that doesn't is an error at first use.
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
	if _, err := Config(address); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errAddress
	}
	// Named prepared statements do not survive a transaction pooler.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	// One instance serves one request at a time: a second connection would be dialled beside the first that Open began,
	// and held against the pooler's limit. A frozen instance wakes with a socket that may be dead.
	config.MaxConns, config.MinConns = 1, 0
	config.PingTimeout = time.Second
	config.MaxConnIdleTime = time.Minute
	config.MaxConnLifetime = 5 * time.Minute
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > 10*time.Second }
	return pgxpool.NewWithConfig(context.Background(), config)
}

// errAddress stands for pgx's own error, whose text may hold the password.
var errAddress = errors.New("the database address cannot be used: either it is malformed, or the certificate file that it names is not there")

// Config reads an address for a connection of one's own; it refuses what Open refuses.
func Config(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errAddress
	}
	return config, refuse(config)
}

func refuse(config *pgx.ConnConfig) error {
	first := &pgconn.FallbackConfig{Host: config.Host, TLSConfig: config.TLSConfig}
	for _, to := range append([]*pgconn.FallbackConfig{first}, config.Fallbacks...) {
		if party.Loopback(to.Host) {
			continue
		}
		if to.TLSConfig == nil || to.TLSConfig.InsecureSkipVerify {
			return fmt.Errorf("refusing to reach the database at %s unverified: add sslmode=verify-full to its address", to.Host)
		}
		if err := outbound.Host(to.Host); err != nil {
			return err
		}
	}
	return nil
}

// Transaction runs story in one transaction: committed if it returns nil, else rolled back whole.
func (d *Database) Transaction(ctx context.Context, story func(tx Querier) error) error {
	pool, err := d.pool()
	if err != nil {
		return err
	}
	return outage(pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return story(told{tx}) }))
}

// Close ends all connections; for tests and for tools that end.
func (d *Database) Close() {
	if pool, err := d.pool(); err == nil {
		pool.Close()
	}
}
