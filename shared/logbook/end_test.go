package logbook

import (
	"testing"
	"time"
)

// Of every day of eight years with two leap years, at every hour of the clock: what is kept never reaches ninety days before the next
// firing but one, though clocks are an hour off; what is dropped is at least 87 days old.
func TestWhatIsKeptNeverGetsNinetyDaysOld(t *testing.T) {
	t.Parallel()
	for day := time.Date(2026, 1, 1, 22, 30, 0, 0, time.UTC); day.Year() < 2034; day = day.AddDate(0, 0, 1) {
		for _, wrong := range []time.Duration{-time.Hour, 0, time.Hour} {
			at := day.Add(wrong)
			oldest := end(at)
			if oldest != oldest.Truncate(24*time.Hour) || at.Sub(oldest) < 87*24*time.Hour {
				t.Fatalf("at %s records are kept from %s on", at, oldest)
			}
			if second := day.AddDate(0, 0, 2).Add(time.Hour); !oldest.AddDate(0, 0, 90).After(second) {
				t.Fatalf("at %s records of %s are kept, which are too old at %s", at, oldest, second)
			}
		}
	}
	for at, wanted := range map[string]string{
		"2027-03-01T11:59:59Z": "2026-12-03", "2027-03-01T12:00:00Z": "2026-12-04", // the end of that day + 36 h is day 90 of the one before
		"2028-03-01T12:00:00Z": "2027-12-05", "2028-02-29T12:00:00Z": "2027-12-04", "2100-03-01T12:00:00Z": "2099-12-04",
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if got := end(moment).Format(time.DateOnly); err != nil || got != wanted {
			t.Errorf("at %s records are kept from %s on, not %s", at, got, wanted)
		}
	}
}
