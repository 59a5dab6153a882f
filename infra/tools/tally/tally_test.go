package main

import (
	"regexp"
	"strings"
	"testing"
)

func sumOf(t *testing.T, lines ...string) (*tally, string) {
	t.Helper()
	var out strings.Builder
	sum := newTally(&out, regexp.MustCompile("InTheBrowser$"))
	if err := sum.read(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	sum.close()
	return sum, out.String()
}

func TestAPassingRunShowsClosingLinesAndCounts(t *testing.T) {
	sum, out := sumOf(t,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"a detail\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/one"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
		`{"Action":"pass","Package":"p"}`)
	if !sum.good() {
		t.Error("a passing run is called bad")
	}
	want := "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\nbrowser journey: not run, no test of that name\n"
	if out != want {
		t.Errorf("printed %q, want %q", out, want)
	}
}

func TestAFailedTestIsShownWithWhatItsCasesPrinted(t *testing.T) {
	sum, out := sumOf(t,
		`{"Action":"output","Package":"p","Test":"TestA/one","Output":"got 1, want 2\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestA/one"}`,
		`{"Action":"fail","Package":"p","Test":"TestA"}`,
		`{"Action":"fail","Package":"p"}`)
	if sum.good() {
		t.Error("a failed run is called good")
	}
	if !strings.Contains(out, "got 1, want 2") || !strings.Contains(out, "0 passed, 1 failed, 0 skipped") {
		t.Errorf("printed %q", out)
	}
}

func TestATestCutOffByACrashIsShown(t *testing.T) {
	sum, out := sumOf(t,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}`,
		`{"Action":"fail","Package":"p"}`)
	if sum.good() || !strings.Contains(out, "panic: boom") {
		t.Errorf("good %v, printed %q", sum.good(), out)
	}
}

func TestARaceIsShownWhoeverItIsReportedUnder(t *testing.T) {
	_, out := sumOf(t,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"WARNING: DATA RACE\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestB"}`,
		`{"Action":"fail","Package":"p","Test":"TestA"}`)
	if !strings.Contains(out, "DATA RACE") {
		t.Errorf("printed %q", out)
	}
}

func TestAPackageThatDoesNotCompileFailsTheRun(t *testing.T) {
	sum, out := sumOf(t,
		`{"Action":"pass","Package":"q","Test":"TestB"}`,
		`{"ImportPath":"p","Action":"build-output","Output":"p.go:3: undefined: x\n"}`,
		`{"ImportPath":"p","Action":"build-fail"}`)
	if sum.good() || !strings.Contains(out, "undefined: x") {
		t.Errorf("good %v, printed %q", sum.good(), out)
	}
}

func TestARunWithoutTestsIsNotGood(t *testing.T) {
	if sum, _ := sumOf(t, `{"Action":"pass","Package":"p"}`); sum.good() {
		t.Error("a run of no test is called good")
	}
}

func TestLinesOfOtherProgramsArePassedOn(t *testing.T) {
	_, out := sumOf(t, `postgres: the disk is full`)
	if !strings.HasPrefix(out, "postgres: the disk is full") {
		t.Errorf("printed %q", out)
	}
}

func TestTheLastLineSaysWhetherTheBrowserRan(t *testing.T) {
	for _, c := range []struct{ action, said, want string }{
		{"pass", "", "ran"},
		{"fail", "", "failed"},
		{"skip", "install chromium", "not run, no Chromium found"},
		{"skip", "not today", "not run, its test was skipped"},
	} {
		_, out := sumOf(t,
			`{"Action":"output","Package":"p","Test":"TestJourneyInTheBrowser","Output":"`+c.said+`\n"}`,
			`{"Action":"`+c.action+`","Package":"p","Test":"TestJourneyInTheBrowser"}`)
		if !strings.HasSuffix(out, "browser journey: "+c.want+"\n") {
			t.Errorf("%s saying %q printed %q, want the last line to end on %q", c.action, c.said, out, c.want)
		}
	}
}
