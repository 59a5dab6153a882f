package promises

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// observation is one thing that was seen in the play and that a clause promises or forbids.
type observation struct {
	clause string
	Seen
}

// Seen is what was seen, and when on the clock of the play.
type Seen struct {
	At   time.Time `json:"at"`
	Kept bool      `json:"kept"`
	What string    `json:"what"`
}

// Verdicts.
const (
	Kept      = "kept"
	Broken    = "broken"
	Open      = "open"           // not built yet
	Elsewhere = "seen elsewhere" // in tests only
)

// Clause is what became of a promise.
type Clause struct {
	ID       string   `json:"id"`
	Promised string   `json:"promised"`
	Verdict  string   `json:"verdict"`
	Seen     []Seen   `json:"seen,omitempty"`
	Tests    []string `json:"tests,omitempty"` // that prove what a play cannot show
	Open     string   `json:"open,omitempty"`  // what of it is not built yet
}

// Firings says how often a schedule was played, and how often it was not.
type Firings struct {
	Function string  `json:"function"`
	Schedule string  `json:"schedule"`
	Played   int     `json:"played"`
	LeftOut  int     `json:"left_out"`
	Failed   int     `json:"failed"`
	Ms       float64 `json:"ms"` // each took, on the wall
}

// Report is all that a play has to say.
type Report struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int       `json:"seconds"` // on the wall
	Planted int       `json:"planted"` // strings that were looked for
	Clauses []Clause  `json:"clauses"`
	Firings []Firings `json:"firings"`
}

// saw notes what was seen of a clause.
func (p *play) saw(clause string, kept bool, format string, values ...any) {
	o := observation{clause, Seen{p.Now().UTC().Truncate(time.Second), kept, fmt.Sprintf(format, values...)}}
	p.seen = append(p.seen, o)
	if !kept {
		p.say("BROKEN %s: %s", clause, o.What)
	}
}

func (p *play) report() (Report, error) {
	r := Report{From: p.began, To: p.Now().UTC(), Planted: len(p.marks.Marks()), Firings: p.calendar.counts()}
	for i := range r.Firings {
		f := &r.Firings[i]
		f.Failed, f.Ms = p.failed[f.Function], float64(p.spent[f.Function].Microseconds())/1000/float64(max(1, f.Played))
	}
	content, err := os.ReadFile(p.Clauses)
	if err != nil {
		return r, err
	}
	var listed []struct {
		ID, Says, Open string
		Tests          []string `json:"proved_by"`
	}
	if err := json.Unmarshal(content, &listed); err != nil {
		return r, fmt.Errorf("%s: %w", p.Clauses, err)
	}
	for _, each := range listed {
		c := Clause{ID: each.ID, Promised: each.Says, Open: each.Open}
		for _, o := range p.seen {
			if o.clause == each.ID {
				c.Seen = append(c.Seen, o.Seen)
			}
		}
		switch {
		case slices.ContainsFunc(c.Seen, func(s Seen) bool { return !s.Kept }):
			c.Verdict = Broken
		case len(c.Seen) > 0:
			c.Verdict = Kept
		case each.Open != "":
			c.Verdict = Open
		default:
			c.Verdict, c.Tests = Elsewhere, each.Tests
		}
		r.Clauses = append(r.Clauses, c)
	}
	for _, o := range p.seen {
		if !slices.ContainsFunc(listed, func(c struct {
			ID, Says, Open string
			Tests          []string `json:"proved_by"`
		}) bool {
			return c.ID == o.clause
		}) {
			return r, fmt.Errorf("%s has no clause %s", p.Clauses, o.clause)
		}
	}
	return r, nil
}

// Broken are the ids of the clauses that were not kept.
func (r Report) Broken() (ids []string) {
	for _, c := range r.Clauses {
		if c.Verdict == Broken {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Err says that something was not kept.
func (r Report) Err() error {
	if broken := r.Broken(); len(broken) > 0 {
		return fmt.Errorf("not kept: %s", strings.Join(broken, ", "))
	}
	return nil
}

const playedHow = `Played is every daily firing; the hourly ones for 40 days after each departure; those of every minute for an hour after whatever
somebody did, then one an hour for 40 days. Of any other week, one hour is played. The jobs of an hour run beside each other, but for
the one that watches, which comes last; a job that is alone in its hour runs beside those of the next. A firing does whatever is due
by then, so one that was left out could only have done the same earlier. Firings fail while the bucket refuses everything.`

// shown is how many things that were seen are printed of a clause; all of them are in the JSON.
const shown = 4

// Print writes the table of clauses and what was fired.
func (r Report) Print(out io.Writer) {
	say := func(format string, values ...any) { fmt.Fprintf(out, format+"\n", values...) }
	counts := map[string]int{}
	say("\nThe policy, %s to %s, with %d planted strings:\n", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Planted)
	for _, c := range r.Clauses {
		counts[c.Verdict]++
		say("%-6s %-15s %s", c.ID, c.Verdict, c.Promised)
		for _, s := range c.chosen() {
			word := map[bool]string{true: "", false: "NOT KEPT: "}[s.Kept]
			say("       %-15s %s%s", s.At.Format(time.DateOnly), word, s.What)
		}
		if more := len(c.Seen) - len(c.chosen()); more > 0 {
			say("       %-15s and %d more", "", more)
		}
		if len(c.Tests) > 0 {
			say("       %-15s %s", "", strings.Join(c.Tests[:min(3, len(c.Tests))], ", "))
		}
		if c.Open != "" {
			say("       %-15s not built yet: %s", "", c.Open)
		}
	}
	say("\n%-18s %-22s %8s %10s %7s %8s", "fired", "schedule", "played", "left out", "failed", "ms each")
	total := 0
	for _, f := range r.Firings {
		total += f.Played
		say("%-18s %-22s %8d %10d %7d %8.1f", f.Function, f.Schedule, f.Played, f.LeftOut, f.Failed, f.Ms)
	}
	say("%-18s %-22s %8d", "", "", total)
	say("%s", playedHow)
	say("\n%d kept, %d broken, %d open, %d seen elsewhere, in %d s", counts[Kept], counts[Broken], counts[Open], counts[Elsewhere], r.Seconds)
}

// chosen is what is printed: first what was not kept, then the latest of the rest.
func (c Clause) chosen() []Seen {
	var wrong, right []Seen
	for _, s := range c.Seen {
		if s.Kept {
			right = append(right, s)
		} else {
			wrong = append(wrong, s)
		}
	}
	wrong = wrong[:min(shown, len(wrong))]
	return append(wrong, right[max(0, len(right)-(shown-len(wrong))):]...)
}
