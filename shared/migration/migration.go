// Package migration brings the schema up to date.
package migration

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/schema"
)

// Up applies what is missing, in order, each in its own transaction, and returns the names of what it applied. Two
// deployments at once wait for each other (a session lock), so the address must be the direct one, not the pooler's.
func Up(ctx context.Context, address string) ([]string, error) {
	config, err := postgres.Config(address)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config) // goose speaks database/sql
	defer db.Close()
	err = again(func() error { _, err := db.ExecContext(ctx, `create schema if not exists app`); return err })
	if err != nil {
		return nil, fmt.Errorf("making the schema: %w", err)
	}
	files, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("app.schema_version"), goose.WithSessionLocker(locker),
		goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	applied := []string{}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, err
}

// SetPasswords lets the application's roles in, each with its own password. The server is given a SCRAM verifier
// (RFC 5803), never the password, so that no statement log can hold one.
func SetPasswords(ctx context.Context, address string, passwords map[string]string) error {
	config, err := postgres.Config(address)
	if err != nil {
		return err
	}
	db, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting to set passwords: %w", err)
	}
	defer db.Close(ctx)
	for role, password := range passwords {
		verifier, err := scramVerifier(password)
		if err != nil {
			return err
		}
		// A verifier is base64, digits and $ only, so it needs no quoting beyond the quotes.
		statement := fmt.Sprintf(`alter role %s login password '%s'`, pgx.Identifier{role}.Sanitize(), verifier)
		if err := again(func() error { _, err := db.Exec(ctx, statement); return err }); err != nil {
			return fmt.Errorf("letting %s in: %w", role, err)
		}
	}
	return nil
}

// again repeats what another deployment got in the way of: "if not exists" does not see what is not committed yet (23505),
// and of two changes of a role at once Postgres refuses one (XX000).
func again(attempt func() error) (err error) {
	for range 10 {
		if err = attempt(); !postgres.Raised(err, "23505") && !postgres.Raised(err, "XX000") {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// scramVerifier computes SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey> (RFC 5802, RFC 7677).
func scramVerifier(password string) (string, error) {
	const iterations = 4096
	salt := make([]byte, 16)
	rand.Read(salt)
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	mac := func(text string) []byte {
		m := hmac.New(sha256.New, salted)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}
