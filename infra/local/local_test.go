package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

// program is this test binary, which TestMain turns into the command when it is called by a test.
func TestMain(m *testing.M) {
	if os.Getenv("BE_LOCAL") == "1" {
		os.Unsetenv("BE_LOCAL")
		main()
		return
	}
	os.Exit(m.Run())
}

func local(arguments ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], arguments...)
	cmd.Env = append(os.Environ(), "BE_LOCAL=1")
	return cmd
}

// A served is a running `local serve`.
type served struct {
	cmd *exec.Cmd
	in  io.Closer
	at  addresses
}

func startServing(t *testing.T, arguments ...string) *served {
	t.Helper()
	s := &served{cmd: local(append([]string{"serve"}, arguments...)...)}
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.in = in
	t.Cleanup(func() {
		in.Close()
		_ = s.cmd.Wait() // a test that killed it knows
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no addresses: %v", err)
	}
	if err := json.Unmarshal(line, &s.at); err != nil {
		t.Fatal(err)
	}
	return s
}

// folder makes a data folder that another user can pass through.
func folder(t *testing.T) string {
	t.Helper()
	data, err := os.MkdirTemp("", "nanoflux-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	if err := os.Chmod(data, 0o711); err != nil {
		t.Fatal(err)
	}
	return data
}

// processes lists the command lines that mention a folder, on Linux.
func processes(mention string) (found []string) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		arguments, _ := os.ReadFile(line)
		if text := strings.ReplaceAll(string(arguments), "\x00", " "); strings.Contains(text, mention) {
			found = append(found, filepath.Dir(line)+" "+text)
		}
	}
	return found
}

// awaitNone waits until no process mentions the folder.
func awaitNone(t *testing.T, mention string) {
	t.Helper()
	var left []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left = processes(mention); len(left) == 0 {
			return
		}
	}
	t.Fatalf("left behind:\n%s", strings.Join(left, "\n"))
}

func TestNothingSurvivesTheRunnerHoweverItEnds(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("only Linux tells children that their parent was killed")
	}
	data := folder(t)
	var before addresses
	for _, how := range []os.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt} {
		s := startServing(t, "--parts=postgres,bucket", "--data="+data)
		if len(processes(data)) < 3 {
			t.Fatalf("want the runner and at least two children, have %v", processes(data))
		}
		if before.Postgres != "" && before.Postgres != s.at.Postgres {
			t.Errorf("the address changed from %s to %s", before.Postgres, s.at.Postgres)
		}
		before = s.at
		if err := s.cmd.Process.Signal(how); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		if how == syscall.SIGKILL {
			continue // the next start finds them on their way down
		}
		if left := processes(data); len(left) > 0 {
			t.Errorf("after %v: %v", how, left)
		}
	}
	s := startServing(t, "--parts=postgres,bucket", "--data="+data)
	_ = s.cmd.Process.Kill()
	awaitNone(t, data)
}

func TestAServerThatWasKilledItselfEndsTheRunAndStartsAgain(t *testing.T) {
	data := folder(t)
	s := startServing(t, "--parts=postgres", "--data="+data)
	content, err := os.ReadFile(filepath.Join(lastDatabaseFolder(t, data), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(content), &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err == nil {
		t.Error("the runner went on, or ended as if all were well")
	}
	startServing(t, "--parts=postgres", "--data="+data)
}

func TestAnInterruptedInitialisationIsBegunAnew(t *testing.T) {
	data := folder(t)
	s := startServing(t, "--parts=postgres", "--data="+data)
	s.in.Close()
	_ = s.cmd.Wait()
	whole := lastDatabaseFolder(t, data)
	if err := os.Rename(whole, filepath.Join(filepath.Dir(whole), "unfinished")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(whole), "unfinished", "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	startServing(t, "--parts=postgres", "--data="+data)
}

// lastDatabaseFolder is the folder of the cluster itself, named by its major version.
func lastDatabaseFolder(t *testing.T, data string) string {
	t.Helper()
	home, err := os.ReadFile(filepath.Join(data, databasePlace))
	if err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(string(home), "[0-9]*"))
	if len(found) != 1 {
		t.Fatalf("clusters: %v", found)
	}
	return found[0]
}

func TestPostgresDoesNotRunAsRootNorWhereItsUserCannotGo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has this problem")
	}
	data := filepath.Join(t.TempDir(), "data") // nobody else can enter it
	s := startServing(t, "--parts=postgres", "--data="+data)
	cluster := lastDatabaseFolder(t, data)
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(cluster)) })
	if !strings.HasPrefix(cluster, sharedTemporary) {
		t.Errorf("the cluster is in %s", cluster)
	}
	info, err := os.Stat(cluster)
	if err != nil || info.Mode().Perm() != 0o700 || info.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Errorf("%v, %v", info, err)
	}
	s.in.Close()
	_ = s.cmd.Wait()
	awaitNone(t, cluster)
}

func TestTwoRunsDoNotShareTheirData(t *testing.T) {
	data := folder(t)
	startServing(t, "--parts=bucket", "--data="+data)
	said, err := local("serve", "--parts=bucket", "--data="+data).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "another run uses "+data) {
		t.Errorf("%v: %s", err, said)
	}
}

func TestWhatIsEphemeralIsGoneAfterwards(t *testing.T) {
	temporary := folder(t)
	t.Setenv("TMPDIR", temporary)
	s := startServing(t, "--parts=postgres,bucket")
	if found, _ := filepath.Glob(filepath.Join(temporary, "nanoflux-parts-*")); len(found) != 1 {
		t.Fatalf("data in %v", found)
	}
	s.in.Close() // as the kernel does when a test ends
	if err := s.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestABusyPortIsSaidWithWhatToDo(t *testing.T) {
	listener, err := process.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = openSite(process.Port(listener))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is taken", process.Port(listener))) || !strings.Contains(err.Error(), "PORT=") {
		t.Errorf("err = %v", err)
	}
}

func TestTheSiteIsOnBothLoopbackAddresses(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6")
	}
	probe.Close()
	listeners, err := openSite(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		defer l.Close()
	}
	if len(listeners) != 2 {
		t.Errorf("%d listeners", len(listeners))
	}
}

func TestWithEndsAsItsCommandEnds(t *testing.T) {
	cmd := local("with", "--parts=google", "--", "sh", "-c", `grep -q google "$NANOFLUX_PARTS" && exit 7`)
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 7 {
		t.Errorf("exit code %d; want 7", code)
	}
}

func TestAWrongPartIsNamedWithTheRightOnes(t *testing.T) {
	_, err := chooseParts("postgres,redis")
	if err == nil || !strings.Contains(err.Error(), `"redis"`) || !strings.Contains(err.Error(), "models") {
		t.Errorf("err = %v", err)
	}
}

func TestSecretsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secrets.json")
	first, err := keptSecrets(file)
	if err != nil {
		t.Fatal(err)
	}
	second, err := keptSecrets(file)
	if err != nil || second["COOKIE_KEY"] != first["COOKIE_KEY"] {
		t.Errorf("%v, %v", second, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
