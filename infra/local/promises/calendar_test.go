package promises

import (
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// played counts the firings of three schedules in some days, of which the first one begins with a departure or not.
func played(t *testing.T, departure bool, length time.Duration) (counts map[string]int, batches int, last time.Time) {
	t.Helper()
	c, err := newCalendar([]template.Schedule{
		{Name: "minutely", Expression: "rate(1 minute)"}, {Name: "hourly", Expression: "cron(50 * * * ? *)"}, {Name: "daily", Expression: "cron(30 22 * * ? *)"},
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2027, 2, 25, 9, 0, 0, 0, time.UTC)
	if departure {
		c.departed(began)
		c.acted(began)
	}
	counts = map[string]int{}
	err = c.firings(began, began.Add(length), func(all []firing) error {
		batches++
		for i, f := range all {
			counts[f.Name]++
			if has(all[:i], f.Name) {
				t.Errorf("%s comes twice at once, at %s", f.Name, f.at)
			}
			if f.at.Before(last) {
				t.Errorf("%s at %s comes after %s", f.Name, f.at, last)
			}
			last = f.at
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.all {
		every := map[string]int{"minutely": 24 * 60, "hourly": 24, "daily": 1}[c.all[i].schedule.Name]
		if all := c.all[i].fired + c.all[i].left; length >= 24*time.Hour && all < every*int(length/(24*time.Hour))-every {
			t.Errorf("%s: %d played and %d left out are not all that there are", c.all[i].schedule.Name, c.all[i].fired, c.all[i].left)
		}
	}
	return counts, batches, last
}

func TestAfterADepartureEveryHourIsPlayedForFortyDaysAndEveryMinuteForAnHour(t *testing.T) {
	t.Parallel()
	counts, _, _ := played(t, true, 40*24*time.Hour)
	if counts["daily"] != 40 || counts["hourly"] != 960 || counts["minutely"] < 59+958 || counts["minutely"] > 60+960 {
		t.Errorf("played were %v", counts)
	}
}

func TestOfAQuietWeekOneHourIsPlayedAndEveryDailyFiring(t *testing.T) {
	t.Parallel()
	counts, batches, last := played(t, false, 364*24*time.Hour)
	if counts["daily"] != 364 || counts["hourly"] != 52 || counts["minutely"] != 52 {
		t.Errorf("played were %v", counts)
	}
	if batches != 364+52 || last.Before(time.Date(2028, 2, 23, 0, 0, 0, 0, time.UTC)) { // of each Monday: the evening before with what is watched, what watches
		t.Errorf("in %d batches until %s", batches, last)
	}
}
