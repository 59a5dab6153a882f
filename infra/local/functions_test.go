package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

// module makes a project of one function that says word, and a workshop for it.
func module(t *testing.T, word string) *workshop {
	t.Helper()
	w := newWorkshop(t.TempDir(), process.NewStarter(), func(line string) { t.Log(line) })
	file(t, w, "go.mod", "module example.com/m\n\ngo 1.26\n")
	file(t, w, "shared/word/word.go", "package word\n\nconst Word = \""+word+"\"\n")
	file(t, w, "functions/say/main.go", "package main\n\nimport \"example.com/m/shared/word\"\n\nfunc main() { print(word.Word) }\n")
	if err := w.buildAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func file(t *testing.T, w *workshop, name, content string) {
	t.Helper()
	path := filepath.Join(w.project, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said is what the function's current binary says.
func said(t *testing.T, w *workshop) string {
	t.Helper()
	time.Sleep(glance)
	path, err := w.Binary("say")
	if err != nil {
		t.Fatal(err)
	}
	words, err := exec.Command(path).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(words)
}

func TestAChangedSourceIsInTheNextBinary(t *testing.T) {
	w := module(t, "one")
	if got := said(t, w); got != "one" {
		t.Errorf("said %q", got)
	}
	file(t, w, "shared/word/word.go", "package word\n\nconst Word = \"two\"\n")
	if got := said(t, w); got != "two" {
		t.Errorf("after a change of shared: %q", got)
	}
	file(t, w, "functions/say/main.go", "package main\n\nfunc main() { print(\"three\") }\n")
	if got := said(t, w); got != "three" {
		t.Errorf("after a change of the function: %q", got)
	}
	if err := os.Remove(filepath.Join(w.project, "functions/say/main.go")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(glance)
	if _, err := w.Binary("say"); err == nil {
		t.Error("a function without sources has a binary")
	}
}

func TestASourceThatDoesNotCompileSaysWhereUntilItDoes(t *testing.T) {
	w := module(t, "one")
	file(t, w, "functions/say/main.go", "package main\n\nfunc main() { print(nothing) }\n")
	time.Sleep(glance)
	for range 2 {
		if _, err := w.Binary("say"); err == nil || !strings.Contains(err.Error(), "main.go:3") {
			t.Errorf("err = %v", err)
		}
	}
	file(t, w, "functions/say/main.go", "package main\n\nfunc main() { print(\"mended\") }\n")
	if got := said(t, w); got != "mended" {
		t.Errorf("said %q", got)
	}
}

func TestNothingIsBuiltWhereNothingChanged(t *testing.T) {
	w := module(t, "one")
	said(t, w)
	file(t, w, "shared/word/word_test.go", "package word\n")
	said(t, w)
	// A new file changes its folder, so this one may be looked at again; from then on nothing may happen.
	begun := w.built["say"].begun
	for range 3 {
		said(t, w)
	}
	if w.built["say"].begun != begun {
		t.Error("built again")
	}
}
