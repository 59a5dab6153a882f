package promises

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Playing takes minutes: make promises-broken.
var plays = flag.Bool("play", false, "play each broken build")

// root of the project.
const root = "../../.."

// breakages are builds in which one line is wrong, and the clauses that this must turn red.
var breakages = []struct {
	name, file, old, new string
	days                 int // of the play
	clauses              []string
}{
	{"exports are left out when an account's objects are listed", "shared/bucket/list.go",
		"\t\tif len(page) > 0 {", `		seen := page[:0]
		for _, o := range page {
			if len(o.Key) < 35 || o.Key[26:35] != "/exports/" {
				seen = append(seen, o)
			}
		}
		if page = seen; len(page) > 0 {`,
		24, []string{"P4.2a"}},
	{"erasures end on day 31", "functions/sweep-accounts/stages.go",
		"\tif at.Before(e.DueAt) {\n\t\treturn s.rest(ctx, e, e.DueAt)",
		"\tif late := e.RequestedAt.Add(31 * 24 * time.Hour); at.Before(late) {\n\t\treturn s.rest(ctx, e, late)",
		24, []string{"P4.2a", "P6.2"}},
	{"the content network is forgotten", "functions/sweep-accounts/stages.go",
		`s.edge.PurgeUnder(ctx, e.Prefix+"/")`, "nil", 24, []string{"P4.2a"}},
	{"the key is kept", "functions/sweep-accounts/stages.go",
		"keys, err := account.Shred(ctx, tx, e.AccountID)", "keys, err := int64(0), error(nil)", 24, []string{"P7b"}},
	{"no day of the logs is dropped", "functions/sweep-logs/main.go",
		"dropped, err := logbook.DropDays(ctx, session, at)", "dropped, err := 0, error(nil)", 92, []string{"P4.2b"}},
	{"payments are kept a day longer", "shared/billing/purge.go",
		"at, years, most).Scan", "at.AddDate(0, 0, -1), years, most).Scan", 24, []string{"P4.2c"}},
}

// overlay writes a file for go build -overlay that replaces one line of one source.
func overlay(t *testing.T, file, old, new string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), old); n != 1 {
		t.Fatalf("%s has %q %d times, not once: what shall be broken now?", file, old, n)
	}
	folder := t.TempDir()
	replaced, list := filepath.Join(folder, filepath.Base(file)), filepath.Join(folder, "overlay.json")
	named, err := json.Marshal(map[string]any{"Replace": map[string]string{source: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{replaced: []byte(strings.Replace(string(content), old, new, 1)), list: named} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestEachBrokenBuildTurnsExactlyItsClausesRed(t *testing.T) {
	local := filepath.Join(t.TempDir(), "local")
	if *plays {
		if said, err := exec.Command("go", "build", "-buildvcs=false", "-o", local, "..").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			broken := overlay(t, b.file, b.old, b.new)
			if !*plays {
				return // that there is something to be broken is all that can be said in no time
			}
			kept := filepath.Join(t.TempDir(), "promises.json")
			cmd := exec.Command(local, "promises", "-days", strconv.Itoa(b.days), "-json", kept, "-overlay", broken)
			cmd.Dir = root
			said, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("it ended with %v", err)
			}
			var report Report
			content, err := os.ReadFile(kept)
			if err == nil {
				err = json.Unmarshal(content, &report)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			if red := report.Broken(); !slices.Equal(red, b.clauses) {
				t.Errorf("red are %v, not %v\n%s", red, b.clauses, said)
			}
		})
	}
}
