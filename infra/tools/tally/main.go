// Command tally sums up what `go test -json` prints: closing lines, what failed or was skipped with its output, a count.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
)

func main() {
	browser := flag.String("browser", "InTheBrowser$", "expression for the names of the tests that drive a real browser; empty where there are none")
	flag.Parse()

	sum := newTally(os.Stdout, regexp.MustCompile(*browser))
	if err := sum.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	sum.close()
	if !sum.good() {
		os.Exit(1)
	}
}
