package cdn_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// The edge of production is JavaScript, and so are its tests; where there is no node, this one says that it tried nothing.
func TestTheWorkerOfProductionPassesItsTests(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is missing")
		}
		t.Log("node is not installed: infra/cdn/worker.js was NOT tested")
		return
	}
	command := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap", "worker.test.js")
	command.Dir = "../../cdn"
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("\n# fail 0\n")) || bytes.Contains(out, []byte("\n# pass 0\n")) {
		t.Errorf("%v\n%s", err, out)
	}
}
