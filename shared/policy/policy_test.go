package policy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// written is how an id stands in code and tests: "policy P4.2b"; used is how registers and pages name one.
var (
	written = regexp.MustCompile(`policy (P[0-9]+(?:\.[0-9]+)?[a-z]?)\b`)
	used    = regexp.MustCompile(`(?:policy |"|#)(P[0-9]+(?:\.[0-9]+)?[a-z]?)(?:\b|")`)
)

// source is one text of the repository.
type source struct {
	path string // from the root
	text string
}

func (s source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.path, ".test.js")
}

// runs says whether what stands there is deployed, or decides about it.
func (s source) runs() bool {
	for _, beside := range []string{"shared/policy/", "shared/testbed/", "infra/local/", "infra/tools/", "functions/site/pages/"} {
		if strings.HasPrefix(s.path, beside) {
			return false
		}
	}
	return !s.isTest()
}

func (s source) names(id string) bool {
	for _, found := range written.FindAllStringSubmatch(s.text, -1) {
		if found[1] == id {
			return true
		}
	}
	return false
}

// sources reads everything that may name a clause.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, top := range []string{"functions", "shared", "infra", ".ci", "template.yaml"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			kinds := []string{".go", ".sql", ".yaml", ".js", ".html"}
			if name, _ := filepath.Rel(root, path); top == ".ci" || slices.Contains(kinds, filepath.Ext(path)) {
				text, err := os.ReadFile(path)
				all = append(all, source{filepath.ToSlash(name), string(text)})
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func clauses(t *testing.T) []Clause {
	t.Helper()
	all, err := Clauses()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Where somebody names a clause that does not exist, its promise is kept by nobody's eyes.
func TestEveryClauseThatIsNamedExists(t *testing.T) {
	known, seen := map[string]bool{}, 0
	for _, c := range clauses(t) {
		known[c.ID] = true
	}
	for _, s := range sources(t) {
		for _, found := range used.FindAllStringSubmatch(s.text, -1) {
			seen++
			if !known[found[1]] {
				t.Errorf("%s names policy %s, which is not in shared/policy/clauses.json", s.path, found[1])
			}
		}
	}
	if seen < 200 {
		t.Errorf("only %d places name a clause: the search itself is broken", seen)
	}
}

func TestEveryClauseOfThePolicyIsListedOnce(t *testing.T) {
	const all = `P2.1 P2.2 P2.3 P2.4 P3.1 P3.2 P3.3 P3.4 P4.1 P4.2a P4.2b P4.2c P5.1 P5.2 P5.3
		P6.1 P6.2 P6.3 P6.4 P7a P7b P7c P7d P7e P8 P9 P10 P11 P12`
	var listed []string
	for _, c := range clauses(t) {
		listed = append(listed, c.ID)
		if c.Says == "" {
			t.Errorf("%s says nothing", c.ID)
		}
	}
	if wanted := strings.Fields(all); !slices.Equal(listed, wanted) {
		t.Errorf("listed are %v, the policy has %v", listed, wanted)
	}
}

// A clause that nothing keeps must say so to people: that is what open is for.
func TestEveryClauseHasCodeThatKeepsIt(t *testing.T) {
	all := sources(t)
	for _, c := range clauses(t) {
		if len(c.KeptBy) == 0 && c.Open == "" {
			t.Errorf("nothing keeps %s: name what does in kept_by, or say in open what is not built", c.ID)
		}
		for _, place := range c.KeptBy {
			if !slices.ContainsFunc(all, func(s source) bool {
				return s.runs() && (s.path == place || strings.HasPrefix(s.path, place+"/")) && s.names(c.ID)
			}) {
				t.Errorf("%s is said to be kept by %s, where no line says \"policy %s\"", c.ID, place, c.ID)
			}
		}
	}
}

func TestEveryClauseHasATestThatProvesIt(t *testing.T) {
	all := tests(t)
	for _, c := range clauses(t) {
		if len(c.ProvedBy) == 0 && len(c.KeptBy) > 0 {
			t.Errorf("nothing proves %s: name the tests in proved_by", c.ID)
		}
		for _, name := range c.ProvedBy {
			if !slices.ContainsFunc(all[name], func(s source) bool { return s.names(c.ID) }) {
				t.Errorf("%s is said to be proved by %s: there is no such test, or its lines do not say \"policy %s\"", c.ID, name, c.ID)
			}
		}
	}
}

// tests gives the text of every test function, with its comment, by its name; a name may stand in several packages.
func tests(t *testing.T) map[string][]source {
	t.Helper()
	all := map[string][]source{}
	for _, s := range sources(t) {
		if !strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, s.path, s.text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				from := f.Pos()
				if f.Doc != nil {
					from = f.Doc.Pos()
				}
				text := s.text[files.Position(from).Offset:files.Position(f.End()).Offset]
				all[f.Name.Name] = append(all[f.Name.Name], source{s.path, text})
			}
		}
	}
	return all
}

// A measure stands in quotes where it is taken, or by its name in the template.
func TestEveryClauseIsWatchedOrSaysWhyNot(t *testing.T) {
	var taken strings.Builder
	for _, s := range sources(t) {
		if s.runs() && (strings.HasPrefix(s.path, "functions/watch-promises/") || strings.HasPrefix(s.path, "shared/promise/") ||
			strings.HasPrefix(s.path, "shared/schema/migrations/") || s.path == "template.yaml") {
			taken.WriteString(s.text)
		}
	}
	for _, c := range clauses(t) {
		if (len(c.WatchedBy) == 0) == (c.Unwatched == "") {
			t.Errorf("%s needs either measures in watched_by, or in unwatched why none can be taken while the service runs", c.ID)
		}
		for _, measure := range c.WatchedBy {
			if !regexp.MustCompile(`["' ]` + regexp.QuoteMeta(measure) + `["'\n]`).MatchString(taken.String()) {
				t.Errorf("%s is said to be watched by %s, which neither watch-promises nor template.yaml has", c.ID, measure)
			}
		}
	}
}

// What watch-promises says of a clause, the clause says of it.
func TestEveryMeasureWatchesTheClauseThatItNames(t *testing.T) {
	watched, measures := map[string][]string{}, 0
	for _, c := range clauses(t) {
		watched[c.ID] = c.WatchedBy
	}
	taken := regexp.MustCompile(`\w+\("([a-z_]+)", "(P[^"]+)", "`)
	for _, s := range sources(t) {
		if s.path != "functions/watch-promises/measures.go" {
			continue
		}
		for _, found := range taken.FindAllStringSubmatch(s.text, -1) {
			measures++
			if measure, id := found[1], found[2]; !slices.Contains(watched[id], measure) {
				t.Errorf("%s watches %s, whose watched_by in shared/policy/clauses.json does not name it", measure, id)
			}
		}
	}
	if measures < 30 {
		t.Errorf("only %d measures were found: the search itself is broken", measures)
	}
}
