package pooler

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"nanoflux.ai/backend/infra/local/process"
)

// find returns the path of PgBouncer or nothing. Debian puts it where only root's PATH looks.
func find() string {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// settings is PgBouncer's configuration. As in the relay, nothing of a session survives its transaction: a statement
// prepared by name or a SET fails every time instead of now and then.
const settings = `[databases]
* = host=127.0.0.1 port=%d

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
auth_user = %s
auth_query = select rolname, rolpassword from pg_authid where rolname = $1 and rolcanlogin
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
server_reset_query = discard all
server_reset_query_always = 1
server_idle_timeout = 60
query_wait_timeout = 30
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`

func (p Plan) startPgBouncer(ctx context.Context, starter *process.Starter, program string) (*Pooler, error) {
	folder := filepath.Join(p.Home, "pooler")
	if err := p.User.Folder(folder); err != nil {
		return nil, err
	}
	users := filepath.Join(folder, "users.txt")
	if err := p.User.WriteFile(users, fmt.Appendf(nil, "%q %q\n", p.Role, p.Password)); err != nil {
		return nil, err
	}
	log, err := os.Create(p.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	more := statements(program)
	var failed error
	command := func(port int) *exec.Cmd {
		configuration := filepath.Join(folder, "pgbouncer.ini")
		content := fmt.Appendf(nil, settings+more, p.Server, port, users, p.Role, size)
		failed = p.User.WriteFile(configuration, content)
		cmd := exec.Command(program, configuration)
		cmd.Dir, cmd.Stdout, cmd.Stderr = folder, log, log
		p.User.Run(cmd)
		return cmd
	}
	// PgBouncer ends at once on SIGTERM, and waits for its clients on SIGINT.
	child, port, err := starter.StartListening(ctx, process.Listening{Port: p.Port, Command: command,
		Ready: process.Accepts, Ending: syscall.SIGTERM, Folder: folder})
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, fmt.Errorf("PgBouncer did not start: %w\n%s", err, process.Tail(p.Log))
	}
	return &Pooler{port: port, stop: func() { child.Stop(grace) }, done: child.Done()}, nil
}

// statements turns off what PgBouncer does for prepared statements since 1.21: it would hide what breaks elsewhere.
func statements(program string) string {
	said, _ := exec.Command(program, "--version").Output()
	version := regexp.MustCompile(`1\.(\d+)`).FindSubmatch(said)
	if version == nil {
		return ""
	}
	if minor, _ := strconv.Atoi(string(version[1])); minor >= 21 {
		return "max_prepared_statements = 0\n"
	}
	return ""
}
