package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A table is named in SQL as app.<table>; a call of one of the schema's functions has a parenthesis behind its name.
var (
	named   = regexp.MustCompile(`\bapp\.([a-z_0-9]+)\b(\s*\()?`)
	created = regexp.MustCompile(`(?m)^create table app\.([a-z_0-9]+)`)
)

func tables(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("schema/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations found", err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range created.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
	}
	return all
}

func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range []string{"*/*.go", "../functions/*/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "testbed/") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = file
		}
	}
	return files
}

func TestOneTableHasOneOwner(t *testing.T) {
	all, owner := tables(t), map[string]string{}
	for name, file := range goFiles(t) {
		dir := filepath.Dir(name)
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			sql, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range named.FindAllStringSubmatch(sql, -1) {
				table := m[1]
				// "insert into app.x (columns)" has a parenthesis too, so what is a table is decided by the schema.
				if !slices.Contains(all, table) {
					continue
				}
				if before := owner[table]; before != "" && before != dir {
					t.Errorf("%s and %s both name the table app.%s: its owner offers a verb or a SQL function", before, dir, table)
				}
				owner[table] = dir
			}
			return true
		})
	}
	if len(owner) < 5 {
		t.Fatalf("only %d tables were found in SQL: the search itself is broken", len(owner))
	}
	for table, dir := range owner {
		if floor, _ := place("shared/" + dir); floor != noun {
			t.Errorf("app.%s is owned by %s, which is no noun", table, dir)
		}
	}
}

// Time is an argument: a function's clock is its event's. The wall clock may only measure how long something took, or
// keep a connection alive.
func TestNobodyReadsTheWallClock(t *testing.T) {
	allowed := []string{"bell/bell.go", "web/web.go", "web/visit.go", "task/clock.go", "task/run.go", "task/task.go"}
	for name, file := range goFiles(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if of, ok := n.X.(*ast.Ident); ok && of.Name == "time" && n.Sel.Name == "Now" && !slices.Contains(allowed, name) {
					t.Errorf("%s calls time.Now: take the time as an argument", name)
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && strings.Contains(n.Value, "now()") {
					t.Errorf("%s lets Postgres tell the time: pass it as an argument", name)
				}
			}
			return true
		})
	}
}

func TestHouseRulesOfStyle(t *testing.T) {
	forbidden := []string{"util", "common", "core", "helper", "base", "misc", "types", "models", "service", "manager"}
	for name, file := range goFiles(t) {
		if slices.Contains(forbidden, filepath.Base(filepath.Dir(name))) {
			t.Errorf("%s: the package's name says nothing", name)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					t.Errorf("%s has an init function", name)
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR && !constant(d) {
					t.Errorf("%s keeps state in a package-level variable: %s", name, d.Specs[0].(*ast.ValueSpec).Names[0].Name)
				}
			}
		}
	}
}

// constant says whether every variable of a declaration is one that only the language keeps from being a constant: an
// error, a problem, embedded files, a compiled pattern, or the proof that a type has an interface.
func constant(d *ast.GenDecl) bool {
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		embedded := d.Doc != nil && strings.Contains(d.Doc.List[len(d.Doc.List)-1].Text, "go:embed")
		for _, name := range v.Names {
			if !embedded && name.Name != "_" && !strings.HasPrefix(name.Name, "Err") && !strings.HasPrefix(name.Name, "err") {
				return false
			}
		}
	}
	return true
}
