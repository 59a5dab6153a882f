// Package pooler puts a transaction-mode connection pooler in front of Postgres, as Supabase does.
package pooler

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"nanoflux.ai/backend/infra/local/pooler/relay"
	"nanoflux.ai/backend/infra/local/process"
)

// size is how many connections to each database each role has; Supabase's smallest project has 15 for all.
const size = 10

// Plan says what pooler to run.
type Plan struct {
	// Home is a folder that User may enter.
	Home string
	User *process.User
	// Log is the file that the pooler writes to.
	Log string
	// Port is the wished port, 0 for any.
	Port int
	// Server is the port of Postgres on 127.0.0.1.
	Server int
	// Role and Password let the pooler look up in Database how other roles log in.
	Role, Password, Database string
}

// A Pooler is a running pooler.
type Pooler struct {
	port int
	stop func()
	done <-chan struct{}
}

// Start runs PgBouncer where it is installed, else the relay of this module. The environment variable POOLER chooses:
// pgbouncer or builtin.
func Start(ctx context.Context, starter *process.Starter, plan Plan) (*Pooler, error) {
	installed := find()
	switch choice := os.Getenv("POOLER"); choice {
	case "builtin":
		return plan.startRelay()
	case "pgbouncer":
		if installed == "" {
			return nil, fmt.Errorf("POOLER=pgbouncer, but PgBouncer is not installed; install the package pgbouncer or leave POOLER empty")
		}
		return plan.startPgBouncer(ctx, starter, installed)
	case "":
		if installed == "" {
			return plan.startRelay()
		}
		return plan.startPgBouncer(ctx, starter, installed)
	default:
		return nil, fmt.Errorf("POOLER=%s; it is pgbouncer, builtin or empty", choice)
	}
}

func (p Plan) startRelay() (*Pooler, error) {
	lookup := url.URL{Scheme: "postgres", User: url.UserPassword(p.Role, p.Password), Host: process.Address(p.Server),
		Path: p.Database, RawQuery: "sslmode=disable"}
	front, err := relay.New(process.Address(p.Server), lookup.String(), size)
	if err != nil {
		return nil, err
	}
	listener, err := process.Listen(p.Port)
	if err != nil {
		return nil, err
	}
	go front.Serve(listener)
	return &Pooler{port: process.Port(listener), stop: front.Close}, nil
}

// Address is where clients connect: host:port.
func (p *Pooler) Address() string { return process.Address(p.port) }

// Stop ends the pooler and all connections through it.
func (p *Pooler) Stop() { p.stop() }

// Done is closed when the pooler has ended by itself; it is nil where the pooler is part of this process.
func (p *Pooler) Done() <-chan struct{} { return p.done }

const grace = 2 * time.Second
