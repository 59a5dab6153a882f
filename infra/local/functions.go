package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

// A workshop builds the functions as they are deployed, and again when their sources have changed.
type workshop struct {
	project string
	starter *process.Starter
	say     func(string)

	frozen string // folder of binaries that stay as they are; "" where sources are watched

	mu     sync.Mutex
	built  map[string]built // by function folder
	all    built            // the build at the start
	looked map[string]look  // by source folder
}

type built struct {
	begun  time.Time
	failed error
}

// A look at a source folder: what its newest change is.
type look struct {
	at, newest time.Time
}

// glance is how long a look is good for: a burst of requests looks once.
const glance = 300 * time.Millisecond

func newWorkshop(project string, starter *process.Starter, say func(string)) *workshop {
	return &workshop{project: project, starter: starter, say: say, built: map[string]built{}, looked: map[string]look{}}
}

// folder is where the binaries are. Runs with data of their own share it, so that nothing is built twice.
func (w *workshop) folder() string { return filepath.Join(w.project, ".local", "functions") }

// buildAll builds every function, and the programs of other folders.
func (w *workshop) buildAll(ctx context.Context, programs ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.begun = time.Now()
	return w.build(ctx, w.folder()+string(filepath.Separator), append(programs, "./functions/...")...)
}

// freeze copies the binaries as they are now into a folder, from where they run from now on whatever becomes of their sources. An
// overlay, as `go build -overlay` takes it, replaces source files in them.
func (w *workshop) freeze(ctx context.Context, folder, overlay string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := os.CopyFS(folder, os.DirFS(w.folder())); err != nil {
		return err
	}
	w.frozen = folder
	if overlay == "" {
		return nil
	}
	path, err := filepath.Abs(overlay)
	if err != nil {
		return err
	}
	// What the overlay does not concern is up to date and is not linked again.
	return w.build(ctx, folder+string(filepath.Separator), "-overlay="+path, "./functions/...")
}

// Binary returns the path of a function's current binary: built anew if something that it may be made of has changed.
func (w *workshop) Binary(function string) (string, error) {
	if w.frozen != "" {
		return filepath.Join(w.frozen, function), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	path := filepath.Join(w.folder(), function)
	last, known := w.built[function]
	if !known {
		last = w.all
	}
	if !w.changed(function, last.begun) {
		return path, last.failed
	}
	last = built{begun: time.Now()}
	last.failed = w.build(context.Background(), path, "./functions/"+function)
	w.built[function] = last
	if last.failed != nil {
		w.say(last.failed.Error())
	} else {
		w.say(fmt.Sprintf("%-24s %.1f s", function+" …", time.Since(last.begun).Seconds()))
	}
	return path, last.failed
}

// build runs the compiler with the flags of `make build`. Other runs of this project wait meanwhile.
func (w *workshop) build(ctx context.Context, output string, packages ...string) error {
	if err := os.MkdirAll(w.folder(), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(w.project, ".local", "functions.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	var said bytes.Buffer
	flags := []string{"build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", output}
	cmd := exec.Command("go", append(flags, packages...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.project, &said, &said
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS)
	child, err := w.starter.Start(cmd, syscall.SIGTERM)
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("Go is not installed; get it from https://go.dev/dl and start again")
	}
	if err != nil {
		return err
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(time.Second)
		return ctx.Err()
	}
	if child.Err() != nil {
		return fmt.Errorf("%s does not compile:\n%s", strings.Join(packages, " or "), bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// changed reports whether the function's own sources or the shared ones are newer than a build.
func (w *workshop) changed(function string, since time.Time) bool {
	for _, folder := range []string{filepath.Join("functions", function), "shared"} {
		if w.newest(folder).After(since) {
			return true
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if info, err := os.Stat(filepath.Join(w.project, file)); err == nil && info.ModTime().After(since) {
			return true
		}
	}
	return false
}

// newest is when something in a source folder changed last. Folders count too: deleting a file changes nothing else.
func (w *workshop) newest(folder string) time.Time {
	last := w.looked[folder]
	if time.Since(last.at) < glance {
		return last.newest
	}
	last = look{at: time.Now()}
	_ = filepath.WalkDir(filepath.Join(w.project, folder), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !strings.HasSuffix(path, "_test.go") {
			if info, err := entry.Info(); err == nil && info.ModTime().After(last.newest) {
				last.newest = info.ModTime()
			}
		}
		return nil // what disappears while it is looked at is seen missing in its folder
	})
	w.looked[folder] = last
	return last.newest
}
