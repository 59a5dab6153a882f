package promises

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copied is the name of the copy of the database.
const copied = "before"

// atCluster runs statements beside the service's database, with nobody connected to it.
func (p *play) atCluster(statements ...string) error {
	_ = p.db.Close(p.ctx)
	cluster, err := pgx.Connect(p.ctx, p.Cluster)
	if err != nil {
		return err
	}
	defer cluster.Close(context.WithoutCancel(p.ctx))
	for _, statement := range append([]string{
		`alter database ` + p.Name + ` allow_connections false`,
		`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '` + p.Name + `'`,
	}, statements...) {
		if _, err := cluster.Exec(p.ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if _, err := cluster.Exec(p.ctx, `alter database `+p.Name+` allow_connections true`); err != nil {
		return err
	}
	return p.connect()
}

// backup copies the database as it is.
func (p *play) backup() error {
	return p.atCluster(`create database ` + copied + ` template ` + p.Name + ` owner postgres`)
}

// restore puts the copy in the database's place: of what happened since, the service knows nothing.
func (p *play) restore() error {
	return p.atCluster(`drop database `+p.Name, `alter database `+copied+` rename to `+p.Name)
}

// onDisk looks through the files of the database, after Postgres has rewritten them and written down what was in memory. The
// write-ahead log goes with the backups and is left out. So are random numbers in the planner's statistics, where samples stay until
// there is something new to sample; words are not.
func (p *play) onDisk() (all []found, err error) {
	tables, err := p.tables()
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{`vacuum (full, analyze) ` + strings.Join(tables, ", "), `vacuum full pg_catalog.pg_statistic`, `checkpoint`} {
		if _, err := p.db.Exec(p.ctx, statement); err != nil {
			return nil, err
		}
	}
	folder, err := p.text(`select current_setting('data_directory') || '/base/' || oid from pg_database where datname = current_database()`)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	read := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if os.IsNotExist(err) { // removed at the checkpoint
			continue
		}
		if err != nil {
			return nil, err
		}
		read++
		some := p.in(content, "disk", filepath.Base(file))
		if len(some) == 0 {
			continue
		}
		of, err := p.relation(file)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			if f.Place = of; of != "pg_statistic" || f.personal() {
				all = append(all, f)
			}
		}
	}
	if read < 100 {
		return nil, fmt.Errorf("only %d files were read in %s", read, folder)
	}
	return all, nil
}

// relation names what a file of the database holds.
func (p *play) relation(file string) (string, error) {
	digits, _, _ := strings.Cut(filepath.Base(file), ".")
	node, err := strconv.Atoi(digits)
	if err != nil {
		return filepath.Base(file), nil //nolint:nilerr // a file that is no relation's
	}
	return p.text(`select coalesce(max(relname), $2) from pg_class where pg_relation_filenode(oid) = $1`, node, digits)
}
