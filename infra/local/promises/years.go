package promises

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"nanoflux.ai/backend/infra/local/promises/people"
)

// story is of eight people in seven years, and a few days more: who stays, who leaves at once or a year on, who comes back in time,
// a child, who leaves just before the bucket is away for ten days, whom a restored copy of the database brings back, of whom a court
// wants something kept.
func (p *play) story(years int) error {
	for _, scene := range []func() error{p.firstDay, p.firstWeek, p.outage, p.restored, p.firstQuarter} {
		if err := scene(); err != nil {
			return err
		}
	}
	for year := 1; year <= years; year++ {
		if err := p.anniversary(year); err != nil {
			return err
		}
	}
	if err := p.payments(years); err != nil {
		return err
	}
	return p.milestone("at the end", true)
}

// firstDay lets everybody come; two leave.
func (p *play) firstDay() error {
	for _, name := range []string{"ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"} {
		a, err := p.meets(name)
		if err != nil {
			return err
		}
		switch name {
		case "ada", "bob", "gus":
			err = p.richly(a)
		case "cyd":
			err = p.plainly(a, "plus-monthly")
		case "fay":
			err = p.plainly(a, "pack-200")
		default:
			err = p.plainly(a, "")
		}
		if err != nil {
			return err
		}
	}
	if err := p.shown(p.actor("ada")); err != nil {
		return err
	}
	if err := p.milestone("while all live", true); err != nil {
		return err
	}
	if err := p.records(); err != nil {
		return err
	}
	if err := p.leaves(p.actor("bob"), false); err != nil {
		return err
	}
	if err := p.leaves(p.actor("dan"), true); err != nil {
		return err
	}
	return p.holds(p.actor("hal"))
}

// shown is what somebody sees of what is kept.
func (p *play) shown(a *actor) error {
	var at struct {
		Sessions []struct{ Browser, System, Address string }
	}
	a.Call(http.MethodGet, "/api/account/sessions", nil, http.StatusOK, &at)
	var used struct {
		Days []struct{ Tool string }
	}
	a.Call(http.MethodGet, "/api/account/usage", nil, http.StatusOK, &used)
	own := slices.ContainsFunc(at.Sessions, func(s struct{ Browser, System, Address string }) bool {
		return s.Address != "" && s.Browser != "" && s.System != ""
	})
	p.saw("P2.2", own && len(used.Days) >= 5, "ada sees the browser, its system and address, and what she used: %d tools", len(used.Days))
	return a.Err
}

// records compares what was kept of requests with what people asked for, and looks into their browsers.
func (p *play) records() error {
	asked, cookies := 0, map[string]bool{}
	for _, a := range p.cast {
		asked += a.Asked
		for _, name := range a.Cookies() {
			cookies[name] = true
		}
	}
	kept, err := p.number(`select count(*) from app.log_record where kind = 'request'`)
	p.saw("P2.4", kept >= int64(asked), "%d requests of people left %d records, with those of Stripe", asked, kept)
	p.saw("P2.4", len(cookies) <= 3, "the browsers of all have %d cookies: %v", len(cookies), slices.Sorted(maps.Keys(cookies)))
	return err
}

// firstWeek sees who left at once gone, takes one back, and has a child erased.
func (p *play) firstWeek() error {
	if err := p.until(p.began.Add(2 * time.Hour)); err != nil {
		return err
	}
	if err := p.milestone("two hours after bob left", true); err != nil {
		return err
	}
	if err := p.until(p.began.Add(days(3))); err != nil {
		return err
	}
	dan := p.actor("dan")
	dan.TakesBack()
	if err := p.done(dan); err != nil {
		return err
	}
	dan.left = nil
	if err := p.goesOn(time.Hour); err != nil {
		return err
	}
	dan.SignIn()
	back := dan.Person.Account()
	p.saw("P6.2", dan.Err == nil && back.ID == dan.ID && dan.Status(dan.library()[0].URL) == http.StatusOK,
		"dan came back within the days of grace and has everything, with links that live again")
	return p.child(p.actor("eve"))
}

// library is what somebody sees there, with links of now.
func (a *actor) library() []people.Image {
	var library struct{ Images []people.Image }
	a.Call(http.MethodGet, "/api/images", nil, http.StatusOK, &library)
	return append(library.Images, people.Image{})
}

// child is erased by staff, without grace.
func (p *play) child(eve *actor) error {
	var told struct {
		ID string
		By time.Time `json:"erased_by"`
	}
	at := p.Now().UTC()
	if err := p.invoke("Staff", map[string]any{"at": at.Format(time.RFC3339), "actor": "mia", "reason": "a parent wrote: nine years old",
		"action": "erase", "cause": "child", "account": eve.ID}, &told); err != nil {
		return err
	}
	eve.left = &people.Leaving{ID: told.ID, RequestedAt: at, ErasedBy: told.By}
	p.calendar.departed(at)
	p.calendar.acted(at)
	if err := p.settle(); err != nil {
		return err
	}
	if err := p.goesOn(2 * time.Hour); err != nil {
		return err
	}
	if err := p.collectAll(); err != nil {
		return err
	}
	r := eve.receipt
	p.saw("P8", r != nil && r.Cause == "child" && r.ErasedAt.Sub(at) < time.Hour, "eve is a child: a parent wrote, and within the hour nothing of her was left")
	n, err := p.number(`select count(*) from app.staff_action where actor = 'mia'`)
	p.saw("P7c", n == 1, "what mia of the staff did, and why, is on record (%d)", n)
	return err
}

// outage is of who leaves an hour before the bucket refuses everything, for ten days.
func (p *play) outage() error {
	fay := p.actor("fay")
	if err := p.leaves(fay, true); err != nil {
		return err
	}
	if err := p.goesOn(time.Hour); err != nil {
		return err
	}
	p.say("the bucket refuses everything, for ten days")
	p.refused = true
	p.Gate.Refuse(true)
	if err := p.goesOn(days(10)); err != nil {
		return err
	}
	p.Gate.Refuse(false)
	p.refused = false
	p.say("the bucket is back")
	if err := p.goesOn(3 * time.Hour); err != nil {
		return err
	}
	return p.milestone("three hours after the bucket was back", true)
}

// restored is of who is erased, and comes back with a copy of the database from before.
func (p *play) restored() error {
	gus := p.actor("gus")
	if err := p.goesOn(days(1)); err != nil {
		return err
	}
	if err := p.backup(); err != nil {
		return err
	}
	p.say("the database is copied")
	if err := p.goesOn(time.Hour); err != nil {
		return err
	}
	if err := p.leaves(gus, false); err != nil {
		return err
	}
	if err := p.goesOn(2 * time.Hour); err != nil {
		return err
	}
	if err := p.collectAll(); err != nil {
		return err
	}
	first := gus.receipt
	p.saw("P4.2a", first != nil, "gus left and was erased within two hours")
	if err := p.until(p.Now().UTC().Add(days(2))); err != nil {
		return err
	}
	if err := p.restore(); err != nil {
		return err
	}
	back, err := p.number(`select count(*) from app.account where id = $1`, gus.ID)
	if err != nil {
		return err
	}
	p.say("the database is as it was before gus left: %d account of his is back", back)
	gus.receipt = nil
	p.calendar.acted(p.Now().UTC())
	if err := p.goesOn(3 * time.Hour); err != nil {
		return err
	}
	if err := p.collectAll(); err != nil {
		return err
	}
	again, err := p.number(`select count(*) from app.account where id = $1`, gus.ID)
	p.saw("P4.2a", back == 1 && again == 0 && gus.receipt != nil && gus.receipt.Cause == "restore",
		"a copy of the database brought gus back, and he was erased again within three hours")
	if err != nil {
		return err
	}
	if err := p.goesOn(days(1)); err != nil { // the copy knows of no sweep since it was made: every daily job has its turn
		return err
	}
	return p.milestone("a day after the restore", true)
}

// firstQuarter passes every promised date, then the ninety days of the logs.
func (p *play) firstQuarter() error {
	for _, name := range []string{"bob", "eve", "fay", "gus"} {
		a := p.actor(name)
		if err := p.until(latest(p.Now().UTC(), a.left.ErasedBy)); err != nil {
			return err
		}
		if err := p.deadline(a); err != nil {
			return err
		}
	}
	if err := p.held(p.actor("hal")); err != nil {
		return err
	}
	if err := p.until(p.began.Add(days(90))); err != nil {
		return err
	}
	if err := p.milestone("on day 90", false); err != nil {
		return err
	}
	if err := p.until(p.actor("gus").left.RequestedAt.Add(days(92))); err != nil {
		return err
	}
	used, err := p.number(`select sum(orders) from app.usage_day where day = $1::timestamptz::date`, p.began)
	if err != nil {
		return err
	}
	p.saw("P3.2", used > 0, "the %d orders that were counted on the first day are still counted, by tool, long after its logs", used)
	return p.milestone("92 days after the last one left", true)
}

// holds lets somebody leave of whose things a court wants one kept for eighty days.
func (p *play) holds(hal *actor) error {
	item := hal.library()[0].ID
	if hal.Err != nil {
		return hal.Err
	}
	at := p.Now().UTC()
	if err := p.invoke("Staff", map[string]any{"at": at.Format(time.RFC3339), "actor": "ned", "reason": "court order 7/26", "action": "hold",
		"account": hal.ID, "item": item, "until": at.Add(days(80)).Format(time.RFC3339)}, nil); err != nil {
		return err
	}
	p.say("a court wants one image of hal kept for 80 days")
	return p.leaves(hal, false)
}

// held sees that exactly the item is kept, until the hold ends.
func (p *play) held(hal *actor) error {
	ends := hal.left.RequestedAt.Add(days(80))
	if err := p.until(ends.Add(-time.Hour)); err != nil {
		return err
	}
	images, err := p.number(`select count(*) from app.image where account_id = $1`, hal.ID)
	if err != nil {
		return err
	}
	others, err := p.number(`select count(*) from app.session where account_id = $1`, hal.ID)
	if err != nil {
		return err
	}
	p.saw("P5.2", images == 1 && others == 0, "an hour before the hold ends, of hal there is the %d image that the court named", images)
	if err := p.goesOn(days(2)); err != nil {
		return err
	}
	if err := p.collectAll(); err != nil {
		return err
	}
	p.saw("P5.2", hal.receipt != nil, "a day after the hold ended, that image is gone, too")
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// anniversary lets ada come once a year; after the first one cyd leaves.
func (p *play) anniversary(year int) error {
	if err := p.until(p.began.AddDate(year, 0, -10)); err != nil {
		return err
	}
	ada := p.actor("ada")
	ada.SignIn()
	ada.Makes("upscale", ada.Uploads(64))
	if ada.Err != nil {
		return ada.Err
	}
	if err := p.done(ada); err != nil {
		return err
	}
	p.say("year %d: ada is still here", year)
	if year != 1 {
		return nil
	}
	cyd := p.actor("cyd")
	cyd.SignIn()
	cyd.library()
	if err := p.done(cyd); err != nil {
		return err
	}
	if err := p.leaves(cyd, true); err != nil {
		return err
	}
	if err := p.until(cyd.left.ErasedBy); err != nil {
		return err
	}
	if err := p.deadline(cyd); err != nil {
		return err
	}
	return p.milestone("by the date that cyd was told", true)
}

// payments of the first day are kept through its anniversary, and not a day longer.
func (p *play) payments(years int) error {
	last := time.Date(p.began.Year()+years, p.began.Month(), p.began.Day(), 23, 0, 0, 0, time.UTC)
	if days := last.Sub(p.Now()).Hours() / 24; days > 300 {
		p.say("%.0f days go by without a firing", days)
		p.Travel(last)
	}
	if err := p.until(last); err != nil {
		return err
	}
	first := p.began.Truncate(24 * time.Hour)
	count := func() (int64, error) {
		return p.number(`select count(*) from app.payment where paid_at >= $1 and paid_at < $2`, first, first.Add(days(1)))
	}
	before, err := count()
	if err != nil {
		return err
	}
	if err := p.until(last.Add(5 * time.Hour)); err != nil {
		return err
	}
	after, err := count()
	if err != nil {
		return err
	}
	if years < 7 {
		p.saw("P4.2c", before > 0 && after == before, "after %d years the %d payments of the first day are still there", years, after)
		return nil
	}
	p.saw("P4.2c", before > 0, "on the anniversary the %d payments of the first day are still there, also of who left", before)
	p.saw("P4.2c", after == 0, "the next morning %d of them are left", after)
	return nil
}
