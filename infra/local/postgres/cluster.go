package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

// Superuser is the role that owns the cluster; on Supabase nobody but the platform has it.
const Superuser = "supabase_admin"

// Plan says what cluster to run.
type Plan struct {
	Binaries Binaries
	// Home is a folder that User may enter; the data is in a folder below it.
	Home string
	User *process.User
	// Log is the file that the server writes to.
	Log string
	// Port is the wished port, 0 for any.
	Port int
	// Ephemeral trades durability for speed, for a cluster that is wiped at exit.
	Ephemeral bool
	// SuperuserPassword, OwnerPassword and PoolerPassword are those of supabase_admin, postgres and pooler.
	SuperuserPassword, OwnerPassword, PoolerPassword string
}

// A Cluster is a running Postgres.
type Cluster struct {
	Port  int
	child *process.Child
}

// Start runs the planned cluster, made now if it is not there, and returns when it answers. Roles and the database app
// are there afterwards.
func Start(ctx context.Context, starter *process.Starter, plan Plan) (*Cluster, error) {
	data := plan.Binaries.data(plan.Home)
	if err := plan.initialise(ctx, starter, data); err != nil {
		return nil, err
	}
	if err := endLeftover(data); err != nil {
		return nil, err
	}
	log, err := os.Create(plan.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := func(port int) *exec.Cmd {
		cmd := exec.Command(plan.Binaries.path("postgres"), plan.arguments(data, port)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = data, log, log
		plan.User.Run(cmd)
		return cmd
	}
	// SIGINT is the postmaster's fast shutdown: it rolls back, writes a checkpoint and ends.
	child, port, err := starter.StartListening(ctx, process.Listening{Port: plan.Port, Command: command,
		Ready: plan.prepare, Ending: syscall.SIGINT})
	if err != nil {
		return nil, fmt.Errorf("Postgres did not start: %w\n%s", err, process.Tail(plan.Log))
	}
	return &Cluster{Port: port, child: child}, nil
}

// Stop ends the cluster and all connections.
func (c *Cluster) Stop() { c.child.Stop(10 * time.Second) }

// Done is closed when the server has ended, for whatever reason.
func (c *Cluster) Done() <-chan struct{} { return c.child.Done() }

// URL is where role connects to the database without a pooler.
func (c *Cluster) URL(role, password, database string) string {
	return url(c.Port, role, password, database)
}

func url(port int, role, password, database string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", role, password, process.Address(port), database)
}

func (p Plan) arguments(data string, port int) []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=",
		"max_connections=200",
		"timezone=UTC",
		"log_timezone=UTC",
		"synchronous_commit=off",
	}
	if p.Ephemeral {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	arguments := []string{"-D", data}
	for _, setting := range settings {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

// initialise makes the cluster in a folder beside its place and then renames it, so that one which was interrupted is
// never taken for a whole one.
func (p Plan) initialise(ctx context.Context, starter *process.Starter, data string) error {
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		return nil
	}
	partial := filepath.Join(p.Home, "unfinished")
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	password := filepath.Join(p.Home, "password")
	if err := p.User.WriteFile(password, []byte(p.SuperuserPassword)); err != nil {
		return err
	}
	defer os.Remove(password)
	arguments := []string{"-D", partial, "-U", Superuser, "--pwfile=" + password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"}
	if p.Ephemeral {
		arguments = append(arguments, "--no-sync")
	}
	if err := p.run(ctx, starter, exec.Command(p.Binaries.path("initdb"), arguments...)); err != nil {
		return err
	}
	return os.Rename(partial, data)
}

func (p Plan) run(ctx context.Context, starter *process.Starter, cmd *exec.Cmd) error {
	var said strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Home, &said, &said
	p.User.Run(cmd)
	child, err := starter.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		child.Stop(time.Second)
		return ctx.Err()
	case <-child.Done():
	}
	if child.Err() != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, child.Err(), strings.TrimSpace(said.String()))
	}
	return nil
}

// endLeftover clears up after a runner that died without a word: its server may still be on its way down, or, where no
// parent-death signal exists, still be up.
func endLeftover(data string) error {
	lock := filepath.Join(data, "postmaster.pid")
	content, err := os.ReadFile(lock)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	if !process.EndLeftover(pid, data, syscall.SIGINT, 10*time.Second) {
		return fmt.Errorf("the Postgres of an earlier run (process %d) does not end; end it and start again", pid)
	}
	if err := os.Remove(lock); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
