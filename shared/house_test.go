// Package house_test is the floor plan of this repository: what each package may import, who may use which vendor's
// library, who owns which table.
package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "nanoflux.ai/backend/"

// Floors, from the ground up. A package may import what stands on the floors that its own floor's line in `may` names.
const (
	word     = "word"     // imports nothing of ours but words before it
	gate     = "gate"     // the only importer of its vendor's library
	noun     = "noun"     // the only owner of its tables
	edge     = "edge"     // the only importers of aws-lambda-go
	function = "function" // one Lambda each
	program  = "program"  // run by operators at their own machine
	bed      = "bed"      // for tests only
)

// plan lists every package, lower ones first. Words, nouns and gates may import what stands before them on their own floor.
var plan = []struct{ name, floor string }{
	{"shared/problem", word},
	{"shared/party", word},
	{"shared/setting", word},
	{"shared/logline", word},
	{"shared/schema", word},
	{"shared/retention", word},
	{"shared/seal", word},
	{"shared/page", word},
	{"shared/tool", word},
	{"shared/offer", word},
	{"shared/picture", word},
	{"shared/zipfile", word},
	{"shared/receipt", word},
	{"shared/policy", word},

	{"shared/outbound", gate},
	{"shared/postgres", gate},
	{"shared/migration", gate},
	{"shared/bucket", gate},
	{"shared/cdn", gate},
	{"shared/bell", gate},
	{"shared/google", gate},
	{"shared/model", gate},
	{"shared/payment", gate},

	{"shared/session", noun},
	{"shared/account", noun},
	{"shared/credit", noun},
	{"shared/image", noun},
	{"shared/upload", noun},
	{"shared/archive", noun},
	{"shared/generation", noun},
	{"shared/billing", noun},
	{"shared/erasure", noun},
	{"shared/approval", noun},
	{"shared/promise", noun},
	{"shared/logbook", noun},

	{"shared/web", edge},
	{"shared/task", edge},

	{"functions/account", function},
	{"functions/billing", function},
	{"functions/checkout", function},
	{"functions/delete-account", function},
	{"functions/delete-image", function},
	{"functions/draw", function},
	{"functions/export", function},
	{"functions/generate", function},
	{"functions/keep-logs", function},
	{"functions/library", function},
	{"functions/login", function},
	{"functions/login-callback", function},
	{"functions/logout", function},
	{"functions/migrate", function},
	{"functions/pack-export", function},
	{"functions/promises", function},
	{"functions/reconcile-stripe", function},
	{"functions/settings", function},
	{"functions/site", function},
	{"functions/staff", function},
	{"functions/stripe-webhook", function},
	{"functions/sweep-accounts", function},
	{"functions/sweep-logs", function},
	{"functions/sweep-payments", function},
	{"functions/sweep-stalled", function},
	{"functions/upload", function},
	{"functions/watch-promises", function},

	{"infra/stripe-setup", program},
	{"infra/verify-receipt", program},

	{"shared/testbed", bed},
	{"shared/testbed/people", bed},
	{"shared/testbed/visitor", bed},
	{"shared/testbed/till", bed},
}

var may = map[string][]string{
	word:     {word},
	gate:     {word, gate},
	noun:     {word, gate, noun},
	edge:     {word},
	function: {word, gate, noun, edge},
	program:  {word, gate},
	bed:      {word, gate, noun, bed},
}

// vendors says which of our packages may import a vendor's; the longest prefix that fits decides. Nouns may use pgx for its
// types and row collectors, its pool is the postgres gate's. What is not listed may not be imported by anyone.
var vendors = map[string][]string{
	"github.com/aws/aws-lambda-go/":               {"shared/web", "shared/task"},
	"github.com/awslabs/aws-lambda-go-api-proxy/": {"shared/web"},
	"github.com/aws/aws-sdk-go-v2/aws":            {"shared/bucket", "shared/bell"},
	"github.com/aws/aws-sdk-go-v2/service/s3":     {"shared/bucket"},
	"github.com/aws/aws-sdk-go-v2/service/lambda": {"shared/bell"},
	"github.com/aws/smithy-go":                    {"shared/bucket"},
	"github.com/coreos/go-oidc/":                  {"shared/google"},
	"github.com/go-jose/go-jose/v4":               {"shared/receipt"},
	"golang.org/x/oauth2":                         {"shared/google"},
	"github.com/jackc/pgx/v5":                     {"shared/postgres", "shared/migration", noun},
	"github.com/jackc/pgx/v5/pgxpool":             {"shared/postgres"},
	"github.com/jackc/pgx/v5/stdlib":              {"shared/migration"},
	"github.com/pressly/goose/":                   {"shared/migration"},
	"golang.org/x/image/":                         {"shared/picture"},
	"github.com/mileusna/useragent":               {"shared/session", "shared/web"},
	"github.com/stripe/stripe-go/v76":             {"shared/payment"},
	"github.com/google/uuid":                      {"shared/page", "shared/web", noun},
}

type pkg struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
	Standard        bool
	Deps            []string
}

func packages(t *testing.T, arguments ...string) []pkg {
	t.Helper()
	var stderr bytes.Buffer
	list := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports,Standard,Deps", "-tags", "lambda.norpc"}, arguments...)...)
	list.Dir, list.Stderr = "..", &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func place(name string) (floor string, at int) {
	for i, p := range plan {
		if p.name == name {
			return p.floor, i
		}
	}
	return "", -1
}

func TestEveryPackageIsListedAndArrowsPointDown(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 {
			continue // only tests
		}
		seen[name] = true
		floor, at := place(name)
		if at < 0 {
			t.Errorf("%s is not in the plan: list it in shared/house_test.go on its floor", name)
			continue
		}
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			floorBelow, atBelow := place(below)
			switch {
			case !slices.Contains(may[floor], floorBelow):
				t.Errorf("%s (%s) may not import %s (%s)", name, floor, below, floorBelow)
			case floor == floorBelow && atBelow > at:
				t.Errorf("%s stands before %s in the plan, so it may not import it", name, below)
			}
		}
	}
	for _, p := range plan {
		if !seen[p.name] {
			t.Errorf("%s is in the plan, but not in the repository", p.name)
		}
	}
}

func TestEachVendorsLibraryHasOneGate(t *testing.T) {
	standard := map[string]bool{}
	for _, p := range packages(t, "std") {
		standard[p.ImportPath] = true
	}
	for _, p := range packages(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		floor, _ := place(name)
		if floor == bed {
			continue
		}
		for _, imported := range p.Imports {
			if standard[imported] || strings.HasPrefix(imported, module) {
				continue
			}
			longest := ""
			for prefix := range vendors {
				if strings.HasPrefix(imported, prefix) && len(prefix) > len(longest) {
					longest = prefix
				}
			}
			if longest == "" {
				t.Errorf("%s imports %s, which has no gate: see vendors in shared/house_test.go", name, imported)
			} else if !slices.Contains(vendors[longest], name) && !slices.Contains(vendors[longest], floor) {
				t.Errorf("%s may not import %s: that is for %v", name, imported, vendors[longest])
			}
		}
	}
}

// text/template keeps the linker from dropping dead methods: every function that links it is twice as large.
func TestOnlyMigrateLinksTemplates(t *testing.T) {
	for _, p := range packages(t, "./functions/...") {
		if strings.HasSuffix(p.ImportPath, "/migrate") {
			continue
		}
		for _, dep := range []string{"text/template", "html/template", "net/rpc"} {
			if slices.Contains(p.Deps, dep) {
				t.Errorf("%s links %s", p.ImportPath, dep)
			}
		}
	}
}

func TestNoFunctionLinksTheTestbed(t *testing.T) {
	for _, p := range packages(t, "./functions/...") {
		for _, dep := range p.Deps {
			if name, ours := strings.CutPrefix(dep, module); ours {
				if floor, _ := place(name); floor == bed {
					t.Errorf("%s links %s", p.ImportPath, name)
				}
			}
		}
	}
}
