package setting

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestAMissingVariableIsNamed(t *testing.T) {
	t.Setenv("TEST_EMPTY", "")
	for _, name := range []string{"TEST_EMPTY", "TEST_NEVER_SET"} {
		for _, err := range []error{second(required(name)), second(key(name)), second(address(name))} {
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "template.yaml") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRequiredGivesTheValue(t *testing.T) {
	t.Setenv("TEST_NAME", " value ")
	if got := Required("TEST_NAME"); got != " value " {
		t.Errorf("got %q", got)
	}
}

func TestAKeyIs32BytesInBase64(t *testing.T) {
	want := bytes.Repeat([]byte{0xfb}, 32)
	t.Setenv("TEST_KEY", base64.StdEncoding.EncodeToString(want))
	if got := Key("TEST_KEY"); !bytes.Equal(got, want) {
		t.Errorf("got %x", got)
	}
	for _, bad := range []string{"hunter2", base64.StdEncoding.EncodeToString(want[:31]), base64.StdEncoding.EncodeToString(append(want, 1)), base64.URLEncoding.EncodeToString(want)} {
		t.Setenv("TEST_KEY", bad)
		if _, err := key("TEST_KEY"); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAnAddressIsAbsoluteAndEndsWithoutASlash(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com": "https://example.com", "https://example.com/": "https://example.com",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "https://api.example.com/client/v4/": "https://api.example.com/client/v4",
	} {
		t.Setenv("TEST_URL", text)
		if got := URL("TEST_URL"); got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	for _, bad := range []string{"example.com", "/path", "ftp://example.com", "https://", "https://user:secret@example.com", "https://example.com?a=b", "https://%zz", "http://example.com", "http://127.0.0.1.example.com"} {
		t.Setenv("TEST_URL", bad)
		if _, err := address("TEST_URL"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestTheFunctionRefusesToStart runs this test binary again, without the variable.
func TestTheFunctionRefusesToStart(t *testing.T) {
	if os.Getenv("TEST_REFUSES") != "" {
		Required("TEST_NEVER_SET")
		os.Exit(0)
	}
	command := exec.Command(os.Args[0], "-test.run=^TestTheFunctionRefusesToStart$")
	command.Env = append(os.Environ(), "TEST_REFUSES=yes")
	var said bytes.Buffer
	command.Stderr = &said
	exit, ok := errors.AsType[*exec.ExitError](command.Run())
	if !ok || exit.ExitCode() != 1 {
		t.Fatalf("it ended with %v", exit)
	}
	if want := "The variable TEST_NEVER_SET is missing: give it to this function in template.yaml.\n"; said.String() != want {
		t.Errorf("it said %q", said.String())
	}
}
