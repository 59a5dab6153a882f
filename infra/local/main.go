// Command local runs the whole service on this machine: no container, no account, no key.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = `local runs the service on this machine.

  local run [--ephemeral]               everything, with its data in .local; PORT chooses the site's port (8080)
  local serve --parts=postgres,bucket   only these parts (postgres, bucket, google, cdn, models, stripe, all), wiped at the end
  local with --parts=… -- command …     runs a command beside such parts; NANOFLUX_PARTS names their addresses
  local fire -name sweep-stalled [-at 2026-12-24T00:00:00Z]   fires a schedule of the running service now
  local promises [-years 7] [-json file]   plays years of people who come and leave, and says which promises of the policy were kept
  local bench                           measures a service of its own beside what limits it, and checks its books
  local reset                           wipes the data in .local
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// A second Ctrl-C ends this process at once; its children follow.
	context.AfterFunc(ctx, stop)
	// Writing to a terminal that was closed must not end us before the children are stopped.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	err := dispatch(ctx, os.Args[1:])
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.As(err, &exit):
		os.Exit(max(exit.ExitCode(), 1))
	default:
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return flag.ErrHelp
	}
	rest := arguments[1:]
	switch arguments[0] {
	case "run":
		return run(ctx, rest)
	case "serve":
		return serve(ctx, rest)
	case "with":
		return with(ctx, rest)
	case "fire":
		return fire(ctx, rest)
	case "promises":
		return keepPromises(ctx, rest)
	case "bench":
		return measure(ctx, rest)
	case "reset":
		return reset()
	}
	fmt.Fprint(os.Stderr, usage)
	return flag.ErrHelp
}
