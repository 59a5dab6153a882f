package main

import (
	"regexp"
	"testing"
)

func TestTheBenchPrintsItsTableAndHoldsTheBooksToWhatItTold(t *testing.T) {
	said, err := local("bench", "-events=80", "-images=20").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	// Four of five of the 80 and of the 400 that warm up, whole numbers in each round, at 200 credits.
	for _, line := range []string{`an account with 40 objects`, `every account ended with a receipt, no row and no object`, `(?m)^  median +\d+ +(\d+|-) +`, `380 different events granted 380 lots, 76000 credits; 76000 expected; 0 payments unclaimed, 0 books`} {
		if !regexp.MustCompile(line).Match(said) {
			t.Errorf("no line fits %q:\n%s", line, said)
		}
	}
}
