package promises

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/infra/local/promises/people"
	"nanoflux.ai/backend/infra/local/promises/search"
	"nanoflux.ai/backend/infra/local/schedule"
)

// play is one run of the story, with what was seen on the way.
type play struct {
	Stage
	ctx      context.Context //nolint:containedctx // of the whole play
	calendar *calendar
	db       *pgx.Conn
	began    time.Time // on the clock of the play
	seconds  time.Time // on the wall

	cast    []*actor
	marks   search.Index
	seen    []observation
	failed  map[string]int // firings that failed, by function
	spent   map[string]time.Duration
	refused bool      // the bucket refuses everything
	stamped time.Time // objects that were written since then carry the wall's time
}

// actor is a person with what the play knows about them.
type actor struct {
	*people.Person
	people.Account
	Prefix, Pseudonym, Customer string

	left    *people.Leaving // nil for who stays
	receipt *receipt        // nil until it was fetched and its signature verified
}

func newPlay(ctx context.Context, stage Stage) (*play, error) {
	c, err := newCalendar(stage.Schedules)
	if err != nil {
		return nil, err
	}
	p := &play{Stage: stage, ctx: ctx, calendar: c, began: stage.Now().UTC(), seconds: time.Now(), failed: map[string]int{}, spent: map[string]time.Duration{}, stamped: time.Now()}
	return p, p.connect()
}

func (p *play) connect() (err error) {
	p.db, err = pgx.Connect(p.ctx, p.Database)
	return err
}

func (p *play) end() { _ = p.db.Close(context.WithoutCancel(p.ctx)) }

// say prints a line of the story.
func (p *play) say(format string, values ...any) {
	fmt.Fprintf(p.Out, "%s  %s\n", p.Now().UTC().Format("2006-01-02 15:04"), fmt.Sprintf(format, values...))
}

// until plays the time up to a moment.
func (p *play) until(to time.Time) error {
	err := p.calendar.firings(p.Now().UTC(), to, func(all []firing) error {
		at := all[len(all)-1].at
		p.Travel(at)
		if at.Hour() == quietHour {
			if err := p.date(at); err != nil {
				return err
			}
		}
		return p.fire(all)
	})
	p.Travel(to)
	return err
}

// goesOn plays on for a span.
func (p *play) goesOn(span time.Duration) error { return p.until(p.Now().UTC().Add(span)) }

// fire hands events to functions as the scheduler does, beside each other, and waits until they are answered, with whatever they rang.
func (p *play) fire(all []firing) error {
	var mu sync.Mutex
	var lost []firing
	for _, f := range all {
		began := time.Now()
		err := p.Functions.InvokeAsyncThen(f.Function, schedule.Event(f.Schedule, f.at), func(answered bool) {
			mu.Lock()
			defer mu.Unlock()
			p.spent[f.Name] += time.Since(began)
			if !answered {
				lost = append(lost, f)
			}
		})
		if err != nil {
			return err
		}
	}
	if err := p.settle(); err != nil {
		return err
	}
	for _, f := range lost {
		p.failed[f.Name]++
		for _, failure := range slices.Backward(p.Functions.Failed()) {
			if failure.Function == f.Function && !p.refused { // while the bucket is away, that is what is wrong
				p.say("%s was given up after %d attempts: %.200s", f.Name, failure.Attempts, failure.Response)
				break
			}
		}
	}
	return nil
}

// settle waits until no event is under way.
func (p *play) settle() error {
	for wait := 100 * time.Microsecond; p.Functions.Pending() > 0; wait = min(2*wait, time.Millisecond) {
		select {
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-time.After(wait):
		}
	}
	return nil
}

// date gives the objects that were written since the last time the date of the play, since the bucket has the wall's.
func (p *play) date(at time.Time) error {
	since := p.stamped
	p.stamped = time.Now()
	return filepath.WalkDir(p.Objects, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // what is deleted meanwhile needs no date
		}
		if info, err := entry.Info(); err == nil && info.ModTime().After(since.Add(-time.Second)) && info.ModTime().Before(p.stamped.Add(time.Second)) {
			_ = os.Chtimes(path, at, at)
		}
		return nil
	})
}

// invoke runs a function that nobody fires and gives its answer.
func (p *play) invoke(function string, event any, answer any) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	result, err := p.Functions.Invoke(p.ctx, function, payload)
	if err == nil && result.FunctionError != "" {
		err = fmt.Errorf("%s: %s", function, result.Payload)
	}
	if err == nil && answer != nil {
		err = json.Unmarshal(result.Payload, answer)
	}
	return err
}

// number asks the database for one number.
func (p *play) number(sql string, arguments ...any) (n int64, err error) {
	err = p.db.QueryRow(p.ctx, sql, arguments...).Scan(&n)
	return n, err
}

// text asks the database for one text.
func (p *play) text(sql string, arguments ...any) (t string, err error) {
	err = p.db.QueryRow(p.ctx, sql, arguments...).Scan(&t)
	return t, err
}

// remember plants what is unique about a person.
func (p *play) remember(a *actor) error {
	for what, words := range a.Words {
		for _, word := range words {
			p.marks.Add(search.Mark{Whose: a.Person.Name, What: what, Text: []byte(word)})
		}
	}
	for _, content := range a.Files {
		if len(content) > 256 { // from its middle, where no header is
			p.marks.Add(search.Mark{Whose: a.Person.Name, What: "image", Text: bytes.Clone(content[len(content)/2 : len(content)/2+48])})
		}
	}
	err := p.db.QueryRow(p.ctx, `select a.prefix, k.pseudonym, coalesce((select c.id from app.customer c where c.account_id = a.id), '')
		from app.account a join app.account_key k on k.account_id = a.id where a.id = $1`, a.ID).Scan(&a.Prefix, &a.Pseudonym, &a.Customer)
	if err != nil {
		return err
	}
	for what, text := range map[string]string{"account id": a.ID, "prefix": a.Prefix, "pseudonym": a.Pseudonym, "customer id": a.Customer} {
		p.marks.Add(search.Mark{Whose: a.Person.Name, What: what, Text: []byte(text)})
	}
	return nil
}
