package promises

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// kept for so long at most (policy P4.2b).
const logsKept = 90 * 24 * time.Hour

// milestone looks everywhere and holds what is found against the policy.
func (p *play) milestone(name string, disk bool) error {
	began := time.Now()
	if err := p.collectAll(); err != nil {
		return err
	}
	all, err := p.everywhere(disk)
	if err != nil {
		return err
	}
	wrong := map[string][]string{}
	for _, f := range all {
		for _, clause := range p.forbidden(f) {
			wrong[clause] = append(wrong[clause], f.String())
		}
	}
	where := "every row, object, copy of the CDN, printed line and at Stripe"
	if disk {
		where = "every row, the database's files, every object, copy of the CDN, printed line and at Stripe"
	}
	erased := 0
	for _, a := range p.cast {
		if a.receipt != nil {
			erased++
		}
	}
	for _, each := range []struct{ clause, fine string }{
		{"P2.3", "no number of a card"},
		{"P2.4", "nothing personal in what was printed"},
		{"P7b", "nothing personal in plain, of those who stay too"},
		{"P4.2a", fmt.Sprintf("nothing of the %d who were erased", erased)},
		{"P4.2b", "no pseudonym of who left 90 days ago"},
	} {
		if each.clause == "P4.2a" && erased == 0 {
			continue
		}
		if list := wrong[each.clause]; len(list) > 0 {
			p.saw(each.clause, false, "%s: %d found, %s", name, len(list), strings.Join(list[:min(3, len(list))], "; "))
		} else {
			p.saw(each.clause, true, "%s: %s, in %s", name, each.fine, where)
		}
	}
	if err := p.oldestLog(name); err != nil {
		return err
	}
	if err := p.watched(name); err != nil {
		return err
	}
	p.say("%s: looked for %d strings in %s (%.1f s)", name, len(p.marks.Marks()), where, time.Since(began).Seconds())
	return nil
}

// forbidden names the clauses that a place breaks by having a mark.
func (p *play) forbidden(f found) (clauses []string) {
	if f.What == "card" {
		return []string{"P2.3"}
	}
	switch personal := f.personal(); {
	case personal && (f.Kind == "table" || f.Kind == "disk"):
		clauses = append(clauses, "P7b")
	case personal && f.Kind == "log":
		clauses = append(clauses, "P2.4")
	}
	a := p.actor(f.Whose)
	if a == nil || a.receipt == nil {
		return clauses
	}
	if f.What == "pseudonym" && (f.Kind == "log" || strings.Contains(f.Place, "log_record")) {
		if p.Now().Sub(a.left.RequestedAt) > logsKept+24*time.Hour {
			clauses = append(clauses, "P4.2b")
		}
		return clauses
	}
	return append(clauses, "P4.2a")
}

func (p *play) actor(name string) *actor {
	for _, a := range p.cast {
		if a.Person.Name == name {
			return a
		}
	}
	return nil
}

// collectAll fetches the receipts that are there by now.
func (p *play) collectAll() error {
	for _, a := range p.cast {
		if a.left == nil || a.receipt != nil {
			continue
		}
		if err := p.collect(a); err != nil {
			return err
		}
		if r := a.receipt; r != nil {
			p.say("%s is erased: the receipt says %s, and counts %v", a.Person.Name, r.ErasedAt.Format("2006-01-02 15:04"), r.Counts)
			p.saw("P7b", r.Counts["key"] > 0, "%s: the key to all that was sealed was destroyed before anything else could fail (%d)", a.Person.Name, r.Counts["key"])
		}
	}
	return nil
}

// deadline says whether somebody was erased by the date that they were told.
func (p *play) deadline(a *actor) error {
	if err := p.collectAll(); err != nil {
		return err
	}
	r, asked, by := a.receipt, a.left.RequestedAt, a.left.ErasedBy
	if r == nil {
		p.saw("P4.2a", false, "%s left on %s and is not erased on %s", a.Person.Name, asked.Format(time.DateOnly), p.Now().UTC().Format(time.DateOnly))
		p.saw("P6.2", false, "%s has no receipt", a.Person.Name)
		return nil
	}
	inTime := !r.ErasedAt.After(by) && !r.BackupsUntil.After(asked.AddDate(0, 0, 30))
	p.saw("P4.2a", inTime, "%s left on %s, was erased after %s, and is in no backup after %.1f days", a.Person.Name, asked.Format(time.DateOnly),
		span(r.ErasedAt.Sub(asked)), r.BackupsUntil.Sub(asked).Hours()/24)
	p.saw("P6.2", inTime, "%s got a receipt, signed with a published key: cause %s, %d images, %d objects", a.Person.Name, r.Cause, r.Counts["images"], r.Counts["objects"])
	return nil
}

func span(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

func (p *play) oldestLog(name string) error {
	var records int64
	var oldest *time.Time
	if err := p.db.QueryRow(p.ctx, `select count(*), min(at) from app.log_record`).Scan(&records, &oldest); err != nil {
		return err
	}
	if records == 0 {
		p.saw("P2.4", false, "%s: there is no record of any request or job", name)
		return nil
	}
	age := p.Now().Sub(*oldest)
	p.saw("P4.2b", age <= logsKept, "%s: the oldest of %d records is %.1f days old", name, records, age.Hours()/24)
	return nil
}

// watched reads what the service itself says of its promises. What is at risk is not broken: some jobs are fired once a day here.
func (p *play) watched(name string) error {
	rows, err := p.db.Query(p.ctx, `select measure, clause, says, state from app.promise order by measure`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Measure, Clause, Says, State string }])
	if err != nil {
		return err
	}
	atRisk, broken := []string{}, 0
	for _, each := range all {
		if each.State == "at_risk" { // in weeks of which one hour is played, that of the watching itself
			atRisk = append(atRisk, each.Measure)
		}
		if each.State == Broken {
			broken++
			p.saw(each.Clause, false, "%s: the service itself says that %s is broken: %s", name, each.Measure, each.Says)
		}
	}
	p.say("%s: the service watches %d promises, %d at risk %v, %d broken", name, len(all), len(atRisk), atRisk, broken)
	return nil
}
