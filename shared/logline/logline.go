// Package logline writes log lines that cannot carry personal data.
package logline

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"reflect"
	"strings"
)

// Word is a text that appears in a log only if it looks like a name that a programmer gave: one word of at most 200
// characters. Everything else, an e-mail address or a sentence for one, appears as "withheld".
type Word string

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.*:/{}[]()$,=+"

// String withholds a text that does not look like a name.
func (w Word) String() string {
	if len(w) > longest || strings.Trim(string(w), letters) != "" {
		return "withheld"
	}
	return string(w)
}

// MarshalJSON writes what String gives.
func (w Word) MarshalJSON() ([]byte, error) { return []byte(`"` + w.String() + `"`), nil }

const longest = 200

// Write writes a struct of fields as one line of JSON, in one piece, so that lines of parallel invocations never mix.
func Write(out io.Writer, line any) {
	text, err := json.Marshal(line)
	if err != nil {
		text = []byte(`{"level":"ERROR","msg":"a log line could not be written"}`)
	}
	out.Write(append(text, '\n')) //nolint:errcheck // nobody is left to tell
}

// Class names an error without its text, which may quote what a person typed: the Go types along its chain, with the
// SQLSTATE of a database error and the code of an AWS error. No error is "".
func Class(err error) Word {
	var names []string
	for ; err != nil; err = next(err) {
		if name := name(err); name != "" {
			names = append(names, name)
		}
	}
	class := strings.Join(names, "/")
	return Word(class[:min(len(class), longest)])
}

// next goes down the chain; of joined errors it follows the first, which is the one that happened first.
func next(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		if all := many.Unwrap(); len(all) > 0 {
			return all[0]
		}
		return nil
	}
	return errors.Unwrap(err)
}

// name is an error's type; the wrappers that every error passes through say nothing.
func name(err error) string {
	name := strings.TrimLeft(reflect.TypeOf(err).String(), "*")
	switch e := err.(type) { //nolint:errorlint // one link; Class walks the chain
	case interface{ LogClass() string }:
		return e.LogClass()
	case interface{ SQLState() string }:
		return name + ":" + e.SQLState()
	case interface{ ErrorCode() string }:
		return name + ":" + e.ErrorCode()
	}
	if name == "fmt.wrapError" || name == "fmt.wrapErrors" || name == "errors.joinError" {
		return ""
	}
	return name
}

// QuietLibraries withholds what libraries write to the standard logger: the HTTP adapter writes whole addresses there, with
// the codes of a sign-in in them, and the Lambda runtime writes the texts of errors.
func QuietLibraries(out io.Writer) {
	log.SetFlags(0)
	log.SetOutput(withheld{out})
}

type withheld struct{ out io.Writer }

func (w withheld) Write(text []byte) (int, error) {
	_, err := io.WriteString(w.out, `{"level":"ERROR","msg":"a library reported an error; its text is withheld"}`+"\n")
	return len(text), err
}
