package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// run starts the whole service and lets it run until Ctrl-C.
func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	ephemeral := flags.Bool("ephemeral", false, "on free ports, with data that is wiped at the end; prints one line of JSON")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *ephemeral {
		return beside(ctx, "all", "", announce)
	}
	sitePort, err := askedPort()
	if err != nil {
		return err
	}
	begun := time.Now()
	root, err := project()
	if err != nil {
		return err
	}
	r, err := newRunner(os.Stdout, filepath.Join(root, ".local"))
	if err != nil {
		return err
	}
	defer r.stop()
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	err = r.startAll(ctx, sitePort)
	if err == nil {
		err = writeJSON(filepath.Join(r.data, addressesFile), r.at)
	}
	if err == nil {
		r.table(time.Since(begun))
		<-ctx.Done()
		err = context.Cause(ctx)
		r.say("stopping …")
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

// askedPort is the site's port: PORT or 8080.
func askedPort() (int, error) {
	asked := os.Getenv("PORT")
	if asked == "" {
		return 8080, nil
	}
	number, err := strconv.Atoi(asked)
	if err != nil || number < 1 || number > 65535 {
		return 0, fmt.Errorf("PORT=%s is not a port; choose a number from 1024 to 65535", asked)
	}
	return number, nil
}

// table prints where everything is; its last line says that all of it works.
func (r *runner) table(took time.Duration) {
	lines := "\n"
	for _, row := range [][2]string{
		{"site", r.at.Site}, {"google", r.at.Google}, {"bucket", r.at.Bucket}, {"cdn", r.at.CDN}, {"models", r.at.Models},
		{"stripe", r.at.Stripe},
		{"postgres", r.at.Postgres}, {"pooler", r.at.Pooler}, {"control", r.at.Control}, {"data", r.data},
	} {
		lines += fmt.Sprintf("  %-10s %s\n", row[0], row[1])
	}
	r.say(fmt.Sprintf("%s\nstarted in %.1f s; Ctrl-C ends everything\nready: %s", lines, took.Seconds(), r.at.Site))
}

// announce prints the addresses as one line of JSON and waits for the end.
func announce(ctx context.Context, r *runner) error {
	if err := json.NewEncoder(os.Stdout).Encode(r.at); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
