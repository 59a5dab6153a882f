package bench

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed apply.sql
var applySQL string

//go:embed repeat.sql
var repeatSQL string

var (
	speed   = regexp.MustCompile(`tps = ([0-9.]+) \(without`)
	failure = regexp.MustCompile(`number of failed transactions: ([1-9]\d*)`)
)

// limit lets pgbench do what so many events ask of the database and gives its transactions per second. The round keeps its
// ids apart from other rounds'. Nothing is prepared by name, as nothing of ours can be behind a transaction pooler.
func limit(ctx context.Context, plan Plan, round, number int) (float64, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	arguments := []string{"--no-vacuum", "--protocol=extended", fmt.Sprint("--client=", abreast), "--jobs=2",
		fmt.Sprint("--transactions=", number/abreast)}
	now := time.Now().UTC()
	for name, value := range map[string]any{"n": 0, "round": round, "buyers": buyers,
		"at": now.Format(time.RFC3339), "until": now.Add(packLifetime).Format(time.RFC3339)} {
		arguments = append(arguments, fmt.Sprintf("--define=%s=%v", name, value))
	}
	for name, script := range map[string]struct {
		sql    string
		weight int
	}{"apply": {applySQL, repeats - 1}, "repeat": {repeatSQL, 1}} {
		path := filepath.Join(folder, name+".sql")
		if err := os.WriteFile(path, []byte(script.sql), 0o600); err != nil {
			return 0, err
		}
		arguments = append(arguments, fmt.Sprintf("--file=%s@%d", path, script.weight))
	}
	said, err := exec.CommandContext(ctx, plan.Pgbench, append(arguments, plan.Cashier)...).CombinedOutput()
	found := speed.FindSubmatch(said)
	if err != nil || found == nil || failure.Match(said) {
		return 0, fmt.Errorf("pgbench: %v\n%s", err, strings.TrimSpace(string(said)))
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
