package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// event is one line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// tally counts top-level tests: a table's cases are one sentence, so they are one test.
type tally struct {
	out                     io.Writer
	browser                 *regexp.Regexp
	passed, failed, skipped int
	broken                  bool
	journey                 string
	output                  map[string][]string // by package and test, until that test has ended
}

func newTally(out io.Writer, browser *regexp.Regexp) *tally {
	return &tally{
		out:     out,
		browser: browser,
		journey: "not run, no test of that name",
		output:  map[string][]string{},
	}
}

// read takes events to the end of the stream. A line that is no event is passed on as it is: it comes from a program
// around `go test`, and is the explanation if that one failed.
func (t *tally) read(stream io.Reader) error {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(t.out, line)
		return
	}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(t.out, e.Output)
	case e.Action == "build-fail":
		t.broken = true
	case e.Test == "":
		t.ofPackage(e)
	default:
		t.ofTest(e)
	}
}

func (t *tally) ofPackage(e event) {
	switch e.Action {
	case "output":
		// A passing package's bare PASS says nothing that its closing line does not.
		if e.Output != "PASS\n" && !strings.Contains(e.Output, "[no test files]") {
			fmt.Fprint(t.out, e.Output)
		}
	case "fail":
		t.broken = true
		t.unfinished(e.Package)
	}
}

// unfinished shows what the tests printed that a crash or a timeout cut off: they have no closing event of their own.
func (t *tally) unfinished(pkg string) {
	for key, lines := range t.output {
		if strings.HasPrefix(key, pkg+" ") {
			fmt.Fprint(t.out, strings.Join(lines, ""))
			delete(t.output, key)
		}
	}
}

func (t *tally) ofTest(e event) {
	top, _, isCase := strings.Cut(e.Test, "/")
	key := e.Package + " " + top
	switch e.Action {
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			t.output[key] = append(t.output[key], e.Output)
		}
	case "pass", "fail", "skip":
		if isCase {
			return
		}
		said := strings.Join(t.output[key], "")
		delete(t.output, key)
		t.count(e.Action)
		if t.browser.MatchString(top) {
			t.follow(e.Action, said)
		}
		// A race is reported under the name of whichever test spoke last, which may be one that passes.
		if e.Action != "pass" || strings.Contains(said, "WARNING: DATA RACE") {
			fmt.Fprint(t.out, said)
		}
	}
}

func (t *tally) count(action string) {
	switch action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
		t.broken = true
	case "skip":
		t.skipped++
	}
}

// follow notes how a test in the browser ended; what the worst of them said stays.
func (t *tally) follow(action, said string) {
	switch {
	case action == "fail":
		t.journey = "failed"
	case t.journey == "failed":
	case action == "pass":
		t.journey = "ran"
	case strings.Contains(strings.ToLower(said), "chromium"):
		t.journey = "not run, no Chromium found"
	default:
		t.journey = "not run, its test was skipped"
	}
}

// close prints the sum; whether a browser was there is the last line, because nothing else says it.
func (t *tally) close() {
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if t.browser.String() != "" {
		fmt.Fprintf(t.out, "browser journey: %s\n", t.journey)
	}
}

// good is false also when nothing ran: a suite that found no tests has proved nothing.
func (t *tally) good() bool {
	return !t.broken && t.passed > 0
}
