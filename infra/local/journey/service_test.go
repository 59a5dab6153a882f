package journey

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain starts the whole service once for all journeys, or takes the running one that JOURNEY_SITE names.
func TestMain(m *testing.M) {
	if os.Getenv("JOURNEY_SITE") != "" {
		os.Exit(m.Run())
	}
	at, stop, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "The service does not start:", err)
		os.Exit(1)
	}
	os.Setenv("JOURNEY_SITE", at.Site)
	os.Setenv("JOURNEY_CONTROL", at.Control)
	os.Setenv("JOURNEY_POSTGRES", at.Postgres)
	os.Setenv("JOURNEY_STRIPE", at.Stripe)
	os.Setenv("JOURNEY_STRIPE_KEY", at.Secrets["STRIPE_SECRET_KEY"])
	code := max(m.Run(), keepsNothingOfCards(at))
	stop()
	os.Exit(code)
}

// running is the origin of the service.
func running() string { return strings.TrimSuffix(os.Getenv("JOURNEY_SITE"), "/") }

// addresses of the service and of what tests need to disturb it and to look behind it.
type addresses struct {
	Site, Control, Postgres, Stripe, Logs string
	Secrets                               map[string]string
}

// start builds the local cloud and runs it, on free ports and with data of its own.
func start() (at addresses, stop func(), err error) {
	folder, err := os.MkdirTemp("", "journey")
	if err != nil {
		return at, nil, err
	}
	program := filepath.Join(folder, "local")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "..")
	if said, err := build.CombinedOutput(); err != nil {
		return at, nil, errors.Join(fmt.Errorf("%w: %s", err, said), os.RemoveAll(folder))
	}
	cmd := exec.Command(program, "serve", "--parts=all")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // closed, it ends the service, even when this test is killed
	if err != nil {
		return at, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := cmd.Start(); err != nil {
		return at, nil, err
	}
	stop = func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "The service ended with", err)
		}
		os.RemoveAll(folder)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err == nil && at.Site == "" {
		err = errors.New("it did not say where the site is")
	}
	if err != nil {
		stop()
		return at, nil, err
	}
	return at, stop, nil
}
