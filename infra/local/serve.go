package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// defaultSite is the origin that stand-alone parts expect the site at.
const defaultSite = "http://localhost:8080"

// serve starts parts for a test or a tool, prints one line of JSON with their addresses, and ends when its standard input
// is closed: whoever started it cannot forget it.
func serve(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	list := flags.String("parts", "all", "what to start: postgres,bucket,google,cdn,models,stripe or all")
	data := flags.String("data", "", "a folder that keeps the data; empty for one that is wiped at the end")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return beside(ctx, *list, *data, announce)
}

// with runs a command beside parts and ends as that ends.
func with(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("with", flag.ContinueOnError)
	list := flags.String("parts", "all", "what to start: postgres,bucket,google,cdn,models,stripe or all")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("say what to run: local with --parts=postgres -- go test ./shared/credit")
	}
	return beside(ctx, *list, "", func(ctx context.Context, r *runner) error {
		file := filepath.Join(r.data, "parts.json")
		if err := writeJSON(file, r.at); err != nil {
			return err
		}
		cmd := exec.Command(flags.Arg(0), flags.Args()[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), "NANOFLUX_PARTS="+file)
		child, err := r.starter.StartInGroup(cmd, syscall.SIGTERM)
		if err != nil {
			return err
		}
		select {
		case <-child.Done():
		case <-ctx.Done():
			child.Stop(10 * time.Second)
		}
		return child.Err()
	})
}

// beside starts parts, with their data in a folder or, for "", in one that is wiped afterwards, and does work while they run.
func beside(ctx context.Context, list, data string, work func(context.Context, *runner) error) error {
	data, err := absolute(data)
	if err != nil {
		return err
	}
	r, err := newRunner(io.Discard, data)
	if err != nil {
		return err
	}
	return r.during(ctx, func(ctx context.Context) error {
		if list == "all" {
			return r.startAll(ctx, 0)
		}
		return r.startChosen(ctx, list)
	}, work)
}

// during does work while what start starts runs, and stops all of it.
func (r *runner) during(ctx context.Context, start func(context.Context) error, work func(context.Context, *runner) error) error {
	defer r.stop()
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	r.at.Secrets, r.at.Logs = r.secrets, filepath.Join(r.data, "logs")
	err := start(ctx)
	if err == nil && !r.ephemeral {
		err = writeJSON(filepath.Join(r.data, addressesFile), r.at)
	}
	if err == nil {
		err = work(ctx, r)
	}
	// A part that ended by itself explains every other failure.
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (r *runner) startChosen(ctx context.Context, list string) error {
	chosen, err := chooseParts(list)
	if err != nil {
		return err
	}
	return r.startParts(ctx, chosen, defaultSite)
}

// absolute keeps "" as it is: that means a folder of its own.
func absolute(folder string) (string, error) {
	if folder == "" {
		return "", nil
	}
	return filepath.Abs(folder)
}
