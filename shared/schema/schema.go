// Package schema holds the database's migrations with the catalogue of every column they make.
package schema

import "embed"

// Migrations are goose files, applied in the order of their numbers by package migration.
//
//go:embed migrations/*.sql
var Migrations embed.FS
