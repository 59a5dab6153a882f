package promises

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"nanoflux.ai/backend/infra/local/promises/people"
	"nanoflux.ai/backend/infra/local/promises/search"
)

// meets lets somebody sign in for the first time.
func (p *play) meets(name string) (*actor, error) {
	if len(p.cast) == 0 {
		for _, digits := range []string{"4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242"} {
			p.marks.Add(search.Mark{Whose: "anybody", What: "card", Text: []byte(digits)})
		}
	}
	a := &actor{Person: people.New(p.ctx, people.World{Site: p.Site, Stripe: p.Stripe, StripeKey: p.StripeKey}, name, len(p.cast))}
	p.cast = append(p.cast, a)
	a.SignIn()
	a.Account = a.Person.Account()
	if a.Err == nil {
		p.saw("P2.1", a.Account.Email == a.Person.Email && a.Account.Name == a.Words["name"][0],
			"%s signed in with Google, and the service knows the name and the address", name)
	}
	return a, p.done(a)
}

// done ends what somebody did: Stripe has told everything, every event is answered, and what is unique is remembered.
func (p *play) done(a *actor) error {
	a.Quiet()
	if a.Err != nil {
		return a.Err
	}
	p.calendar.acted(p.Now().UTC())
	if err := p.settle(); err != nil {
		return err
	}
	return p.remember(a)
}

// richly does everything that can be done with the service.
func (p *play) richly(a *actor) error {
	mine := a.Uploads(96)
	made := a.Makes("text-to-image")
	a.Makes("edit", made)
	a.Makes("variation", made)
	a.Makes("upscale", mine)
	gone := a.Makes("remove-background", mine)
	p.say("%s brought an image, made others with five tools, looked at all of them", a.Person.Name)
	a.Buys("pack-200")
	a.Refund()
	a.Buys("pack-1000")
	a.Buys("plus-monthly")
	p.say("%s bought two packs and a plan, and was paid one pack back", a.Person.Name)
	size := a.Exports()
	a.Corrects()
	a.Deletes(gone)
	link := a.Links[len(a.Links)-2]
	p.saw("P3.1", a.Err == nil, "%s ordered with each tool, and every order became an image of the library", a.Person.Name)
	p.saw("P6.3", size > 0, "%s took everything along, %d bytes", a.Person.Name, size)
	p.saw("P4.1", a.Status(link) >= 400, "a link of the image that %s deleted answers no more", a.Person.Name)
	unsigned, _, _ := strings.Cut(a.Links[0], "?")
	p.saw("P4.1", a.Status(unsigned) == http.StatusForbidden && a.Status(a.Links[0]) == http.StatusOK,
		"a link of %s shows the image, and without its signature nothing", a.Person.Name)
	corrected := a.Words["corrected name"]
	if a.Err == nil {
		p.saw("P6.1", a.Person.Account().Name == corrected[0], "%s corrected the name, and sees the new one", a.Person.Name)
	}
	return p.done(a)
}

// plainly does less.
func (p *play) plainly(a *actor, offer string) error {
	a.Makes("upscale", a.Uploads(96))
	a.Makes("text-to-image")
	if offer != "" {
		a.Buys(offer)
	}
	return p.done(a)
}

// leaves lets somebody go, and sees what ends at once.
func (p *play) leaves(a *actor, withGrace bool) error {
	told := a.Leaves(withGrace)
	if a.Err != nil {
		return a.Err
	}
	a.left = &told
	at := p.Now().UTC()
	p.calendar.departed(at)
	p.calendar.acted(at)
	p.say("%s leaves; everything is to be erased by %s", a.Person.Name, told.ErasedBy.Format(time.DateOnly))
	if err := p.settle(); err != nil {
		return err
	}
	a.Call(http.MethodGet, "/api/account", nil, http.StatusUnauthorized, nil)
	p.saw("P6.2", a.Err == nil, "%s asked once, and was signed out at once", a.Person.Name)
	if p.refused {
		return a.Err
	}
	if err := p.goesOn(time.Minute); err != nil {
		return err
	}
	if len(a.Links) > 0 {
		p.saw("P6.2", a.Status(a.Links[0]) == http.StatusForbidden, "a minute later no link of %s answers", a.Person.Name)
	}
	return a.Err
}

// shortStory is of one who stays, and one who leaves at once after a rich life. After its days it leaps, without a firing, to the
// seventh anniversary of the payments.
func (p *play) shortStory(lasts int) error {
	ada, err := p.meets("ada")
	if err != nil {
		return err
	}
	if err := p.plainly(ada, ""); err != nil {
		return err
	}
	bob, err := p.meets("bob")
	if err != nil {
		return err
	}
	for _, scene := range []func() error{
		func() error { return p.richly(bob) },
		func() error { return p.milestone("while both live", false) },
		func() error { return p.leaves(bob, false) },
		func() error { return p.until(bob.left.RequestedAt.Add(2 * time.Hour)) },
		func() error { return p.milestone("two hours after bob left", true) },
		func() error { return p.until(bob.left.ErasedBy) },
		func() error { return p.deadline(bob) },
		func() error { return p.until(p.began.Add(days(lasts))) },
		func() error { return p.milestone(fmt.Sprintf("after %d days", lasts), true) },
		func() error { return p.payments(7) },
	} {
		if err := scene(); err != nil {
			return err
		}
	}
	return nil
}
