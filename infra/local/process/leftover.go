package process

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// EndLeftover ends the process pid if its command line mentions owned, a path that nobody else uses. Process ids are
// reused, so the number alone proves nothing. It reports whether the process is gone or was never ours.
func EndLeftover(pid int, owned string, ending syscall.Signal, grace time.Duration) bool {
	if pid <= 1 || !strings.Contains(commandLine(pid), owned) {
		return true
	}
	_ = syscall.Kill(pid, ending)
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !strings.Contains(commandLine(pid), owned) {
			return true
		}
	}
	return false
}

// commandLine returns the arguments of a process, separated by spaces, or nothing.
func commandLine(pid int) string {
	if runtime.GOOS == "linux" {
		arguments, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		return strings.ReplaceAll(string(arguments), "\x00", " ")
	}
	arguments, _ := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	return string(arguments)
}
