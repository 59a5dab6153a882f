// Package logline writes log lines that cannot carry personal data.
package logline

import (
	"encoding/json"
	"io"
	"log"
)

// Write writes a struct of fields as one line of JSON, in one piece, so that lines of parallel invocations never mix.
func Write(out io.Writer, line any) {
	text, err := json.Marshal(line)
	if err != nil {
		text = []byte(`{"level":"ERROR","msg":"a log line could not be written"}`)
	}
	out.Write(append(text, '\n')) //nolint:errcheck // nobody is left to tell
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
