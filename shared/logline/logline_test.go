package logline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"strings"
	"testing"
)

func TestAWordIsANameOrWithheld(t *testing.T) {
	for _, name := range []string{"", "image_not_found", "swept"} {
		if got := Word(name).String(); got != name {
			t.Errorf("%q is %q", name, got)
		}
	}
	for _, text := range []string{"ann@example.com", "a red fox", "line\nbreak", `quo"te`, "ünlaut", "\xff", "50%", "a_", "it's", "Ann", "seventeenletterss", strings.Repeat("a_", 20) + "a"} {
		if got, _ := json.Marshal(Word(text)); string(got) != `"withheld"` {
			t.Errorf("%q is %s", text, got)
		}
	}
}

type stateError struct{ state string }

func (stateError) Error() string      { return "secret" }
func (e stateError) SQLState() string { return e.state }

type codeError struct{}

func (*codeError) Error() string     { return "secret" }
func (*codeError) ErrorCode() string { return "NoSuchKey" }

func TestAClassIsTheTypesOfAChain(t *testing.T) {
	for want, err := range map[ErrorClass]error{
		"":                                nil,
		"errors.errorString":              errors.New("secret"),
		"fs.PathError/errors.errorString": &fs.PathError{Path: "secret", Err: fs.ErrNotExist},
		"logline.stateError:23505":        fmt.Errorf("secret: %w", stateError{"23505"}),
		"logline.codeError:NoSuchKey":     errors.Join(&codeError{}, errors.New("second")),
	} {
		if got := Class(err); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Class(stateError{"ann@example.com"}).String(); got != "withheld" {
		t.Errorf("got %s", got)
	}
}

func TestALongChainIsCutNotWithheld(t *testing.T) {
	err := errors.New("x")
	for range 40 {
		err = &fs.PathError{Err: err}
	}
	if got := Class(err).String(); len(got) > 200 || len(got) < 180 || !strings.HasPrefix(got, "fs.PathError/fs.PathError/") || !strings.HasSuffix(got, "/fs.PathError") {
		t.Errorf("got %s", got)
	}
}

func recovered(value any) (p *Panic) {
	defer func() { p = Recovered(recover()) }()
	panic(value)
}

func TestAPanicTellsTypeAndPlaceNotText(t *testing.T) {
	for want, value := range map[ErrorClass]any{"panic:string": "secret", "panic:*errors.errorString": errors.New("secret"), "panic:int": 7} {
		p := recovered(value)
		if got := Class(p); got != want || strings.Contains(p.Error(), "secret") {
			t.Errorf("got %s", got)
		}
		stack, _ := json.Marshal(p.Stack)
		if !bytes.Contains(stack, []byte("logline_test.go")) || bytes.Contains(stack, []byte("secret")) {
			t.Errorf("got %s", stack)
		}
	}
}

func TestAPanicOfTheRuntimeKeepsItsText(t *testing.T) {
	var any any = "secret"
	defer func() {
		if got := Class(Recovered(recover())).String(); got != "panic:interface_conversion:_interface_{}_is_string,_not_int" {
			t.Errorf("got %s", got)
		}
	}()
	_ = any.(int)
}

func TestWriteIsOneLineInOnePiece(t *testing.T) {
	var out parts
	Write(&out, struct{ A, B string }{"a\nb", "c"})
	if len(out) != 1 || out[0] != `{"A":"a\nb","B":"c"}`+"\n" {
		t.Errorf("wrote %q", out)
	}
	Write(&out, func() {})
	if len(out) != 2 || !json.Valid([]byte(out[1])) {
		t.Errorf("wrote %q", out)
	}
}

type parts []string

func (p *parts) Write(text []byte) (int, error) {
	*p = append(*p, string(text))
	return len(text), nil
}

func TestQuietLibrariesWithholdsTheText(t *testing.T) {
	writer, flags := log.Writer(), log.Flags()
	defer func() { log.SetOutput(writer); log.SetFlags(flags) }()
	var out parts
	QuietLibraries(&out)
	log.Print("secret")
	if len(out) != 1 || !json.Valid([]byte(out[0])) || strings.Contains(out[0], "secret") {
		t.Errorf("wrote %q", out)
	}
}
