package bucket

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

const module = "github.com/versity/versitygw"

// Build returns the path of versitygw, compiled into the folder cache once for each of its versions and then kept.
// source is the folder of the module that pins it; say is told before compiling.
func Build(ctx context.Context, starter *process.Starter, source, cache string, say func(string)) (string, error) {
	version, err := pinned(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, fmt.Sprintf("versitygw-%s-%s-%s", version, runtime.GOOS, runtime.GOARCH))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	say("compiling the S3 server versitygw " + version + ", once on this machine (about a minute)")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	partial := fmt.Sprintf("%s.%d", binary, os.Getpid())
	defer os.Remove(partial)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", partial, module+"/cmd/versitygw")
	build.Dir, build.Stderr = source, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	child, err := starter.Start(build, syscall.SIGTERM)
	if err != nil {
		return "", err
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(time.Second)
		return "", ctx.Err()
	}
	if child.Err() != nil {
		return "", fmt.Errorf("compile versitygw: %w", child.Err())
	}
	return binary, os.Rename(partial, binary)
}

func pinned(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^\s*(?:require\s+)?` + regexp.QuoteMeta(module) + `\s+(\S+)`).FindSubmatch(content)
	if found == nil {
		return "", fmt.Errorf("%s does not pin %s", path, module)
	}
	return string(found[1]), nil
}
