package lambda

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

func TestAFailingStartShowsTheLastLines(t *testing.T) {
	s, _ := run(t, Config{}, func(f *template.Function) {
		f.Environment["PROBE_START"], f.Environment["PROBE_SAYS"] = "exit", "SITE_URL is not set"
	})
	failed, result := ask(t, s, `{}`)
	want := "probe stopped before its first request (exit status 3):\nSITE_URL is not set"
	if result.FunctionError == "" || failed.Type != "Runtime.ExitError" || failed.Message != want {
		t.Errorf("%s", result.Payload)
	}
}

func TestAReportedInitErrorIsTheAnswer(t *testing.T) {
	s, _ := run(t, Config{}, func(f *template.Function) { f.Environment["PROBE_START"] = "report" })
	if failed, _ := ask(t, s, `{}`); failed.Type != "Probe" || failed.Message != "the setting is missing" {
		t.Errorf("%+v", failed)
	}
}

func TestABuildThatFailsIsTheAnswer(t *testing.T) {
	s, _ := run(t, Config{Binary: func(string) (string, error) { return "", errors.New("main.go:3: syntax error") }}, nil)
	if failed, _ := ask(t, s, `{}`); failed.Message != "probe cannot be built: main.go:3: syntax error" {
		t.Errorf("%+v", failed)
	}
}

func TestAChangedBinaryReplacesIdleInstances(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "bootstrap")
	text, err := os.ReadFile(probe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o700); err != nil {
		t.Fatal(err)
	}
	s, _ := run(t, Config{Binary: func(string) (string, error) { return copied, nil }}, nil)
	before, _ := ask(t, s, `{}`)
	calm(t, s)
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(copied, later, later); err != nil {
		t.Fatal(err)
	}
	if after, _ := ask(t, s, `{}`); after.PID == before.PID {
		t.Error("the old binary still answers")
	}
}
