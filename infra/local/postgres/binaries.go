// Package postgres runs a private Postgres cluster that resembles Supabase's.
package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// oldest is the first major version that the schema is written for; Supabase offers 15 and 17.
const oldest = 15

// Binaries is a folder with initdb and postgres of one major version.
type Binaries struct {
	Folder string
	Major  int
}

// usualFolders are where packages put Postgres: Debian, Red Hat, source builds, Homebrew (both processors), Postgres.app.
func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
}

// Find returns the Postgres to use: the folder in PG_BIN if that is set, else the one whose data is in home, else the
// newest one on this machine, else one that is fetched into cache (an absolute folder outside the project). say is told
// before something is fetched.
func Find(home, cache string, say func(string)) (Binaries, error) {
	if folder := os.Getenv("PG_BIN"); folder != "" {
		found, err := inspect(folder)
		if err != nil {
			return Binaries{}, fmt.Errorf("PG_BIN: %w; set it to the folder that holds initdb and postgres, %d or newer", err, oldest)
		}
		return found, nil
	}
	found := installed()
	for _, binaries := range found {
		if _, err := os.Stat(filepath.Join(binaries.data(home), "PG_VERSION")); err == nil {
			return binaries, nil
		}
	}
	if len(found) > 0 {
		return found[0], nil
	}
	return fetch(cache, say)
}

// installed lists the usable Postgres folders of this machine, the newest first.
func installed() []Binaries {
	var folders []string
	if said, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(said)))
	}
	for _, pattern := range usualFolders() {
		matches, _ := filepath.Glob(pattern)
		folders = append(folders, matches...)
	}
	var found []Binaries
	for _, folder := range folders {
		if binaries, err := inspect(folder); err == nil {
			found = append(found, binaries)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Major > found[j].Major })
	return found
}

// inspect asks the postgres in folder for its version; a folder with a client only has no initdb.
func inspect(folder string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
		return Binaries{}, fmt.Errorf("%s has no initdb", folder)
	}
	said, err := exec.Command(filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s/postgres does not start: %w", folder, err)
	}
	number := regexp.MustCompile(`\d+`).FindString(string(said))
	major, err := strconv.Atoi(number)
	if err != nil || major < oldest {
		return Binaries{}, fmt.Errorf("%s is %s, older than %d", folder, strings.TrimSpace(string(said)), oldest)
	}
	return Binaries{Folder: folder, Major: major}, nil
}

// data is the cluster's folder; another major version cannot read it, so each has its own.
func (b Binaries) data(home string) string { return filepath.Join(home, strconv.Itoa(b.Major)) }

func (b Binaries) path(name string) string { return filepath.Join(b.Folder, name) }
