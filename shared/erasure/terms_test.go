package erasure_test

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/erasure"
)

// Seven days of grace, an hour of the schedule, two of the edge, three of margin: nineteen of the policy's thirty days are left.
// policy P4.2a: backups count too.
func TestBackupsThatOutliveThePromiseAreRefused(t *testing.T) {
	t.Parallel()
	for days, fits := range map[string]bool{
		"0": true, "7": true, "14": true, "19": true,
		"20": false, "30": false, "-1": false, "": false, "7 days": false, "1.5": false, "9223372036854775807": false, "300000000": false,
	} {
		if _, err := erasure.ParseTerms(days); (err == nil) != fits {
			t.Errorf("%q: %v", days, err)
		}
	}
}

func TestTheDatesOfADeletionAddUpToThePromise(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.Add(time.Duration(n) * 24 * time.Hour) }
	for days, eraseBy := range map[string]int{"0": 30, "7": 23, "19": 11} {
		terms, err := erasure.ParseTerms(days)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := terms.Dates(at, true), (erasure.Dates{UndoUntil: day(7), EraseBy: day(eraseBy), BackupsUntil: day(30)}); got != want {
			t.Errorf("%s: %+v, not %+v", days, got, want)
		}
		if got, want := terms.Dates(at, false), (erasure.Dates{UndoUntil: at, EraseBy: day(eraseBy), BackupsUntil: day(30)}); got != want {
			t.Errorf("%s, at once: %+v, not %+v", days, got, want)
		}
	}
}
