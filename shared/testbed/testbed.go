// Package testbed gives tests the real parts that production has; nothing but tests imports it.
package testbed

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// addresses is the line that `local serve` prints; infra/local documents its fields.
type addresses struct {
	Google   string            `json:"google"`
	CDN      string            `json:"cdn"`
	Bucket   string            `json:"bucket"`
	Models   string            `json:"models"`
	Stripe   string            `json:"stripe"`
	Postgres string            `json:"postgres"`
	Pooler   string            `json:"pooler"`
	Secrets  map[string]string `json:"secrets"`

	// alive is the pipe to the parts; unreferenced, it would be closed by the garbage collector.
	alive io.Closer
}

// once is the one thing that a test process shares: its parts, started when the first test asks for one.
var once = sync.OnceValues(find)

// parts returns the parts that NANOFLUX_PARTS names (`local with` sets it, so that many test processes share them), else
// this process's own.
func parts(t testing.TB) addresses {
	t.Helper()
	found, err := once()
	if err != nil {
		t.Fatalf("the parts for tests do not start: %v", err)
	}
	return found
}

func find() (addresses, error) {
	if file := os.Getenv("NANOFLUX_PARTS"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return addresses{}, fmt.Errorf("NANOFLUX_PARTS: %w", err)
		}
		return decode(content)
	}
	root, err := project()
	if err != nil {
		return addresses{}, err
	}
	program, err := build(root)
	if err != nil {
		return addresses{}, err
	}
	return serve(root, program)
}

// project finds the repository from the test's folder upwards.
func project() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder != filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "template.yaml")); err == nil {
			return folder, nil
		}
		folder = filepath.Dir(folder)
	}
	return "", errors.New("no template.yaml above the test's folder")
}

// build compiles the local cloud. Test processes run beside each other, so one at a time does it.
func build(root string) (string, error) {
	folder := filepath.Join(root, ".local", "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "local")
	said, err := exec.Command("go", "build", "-C", filepath.Join(root, "infra", "local"), "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building infra/local: %w\n%s", err, said)
	}
	return program, nil
}

// serve starts every part. They end when the pipe to them closes, which the kernel does when this process ends.
func serve(root, program string) (addresses, error) {
	command := exec.Command(program, "serve", "--parts=postgres,bucket,google,cdn,models,stripe")
	command.Dir, command.Stderr = root, os.Stderr
	alive, err := command.StdinPipe()
	if err != nil {
		return addresses{}, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return addresses{}, err
	}
	if err := command.Start(); err != nil {
		return addresses{}, err
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return addresses{}, fmt.Errorf("local serve: %w", errors.Join(err, command.Wait()))
	}
	found, err := decode(line)
	found.alive = alive
	return found, err
}

func decode(content []byte) (addresses, error) {
	var found addresses
	err := json.Unmarshal(content, &found)
	return found, err
}
