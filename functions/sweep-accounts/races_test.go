package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/upload"
)

// rounds of each race; `make test-erasure` asks for 100.
var rounds = flag.Int("races", 10, "rounds of each race")

// together does two things in the same moment, each a little before or after the other.
func together(one, other func()) {
	var both sync.WaitGroup
	for _, do := range []func(){one, other} {
		both.Go(func() {
			time.Sleep(rand.N(4 * time.Millisecond)) // so that every round is another race
			do()
		})
	}
	both.Wait()
}

// policy P6.2: also while orders and payments are under way.
func TestWhateverIsUnderWayAtTheClosingComesToNothing(t *testing.T) {
	t.Parallel()
	for what, begin := range map[string]func(*testing.T, world, person) func(context.Context) error{
		"an order is placed": func(_ *testing.T, w world, p person) func(context.Context) error {
			return func(ctx context.Context) error {
				order := tool.Order{Tool: "text-to-image", Prompt: "a lighthouse"}
				ordered, err := order.Check()
				if err == nil {
					_, _, err = generation.Place(ctx, w.people.Web, w.people.Service, p.Token, people.Now(), ordered, order, uuid.NewString())
				}
				return err
			}
		},
		"an order is drawn":          drawing,
		"an upload is asked for":     offering,
		"an upload is taken in":      takingIn,
		"somebody signs in":          signingIn,
		"money comes":                paying,
		"an export is ordered":       exporting,
		"a customer is made for her": buying,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			closer := postgres.Open(w.people.Address.Web) // another function's
			t.Cleanup(closer.Close)
			var all []person
			for i := range *rounds {
				name := fmt.Sprintf("racer%d", i)
				p := person{Person: w.people.SignIn(t, name, 50), name: name}
				all = append(all, p)
				act := begin(t, w, p)
				together(func() {
					if _, err := erasure.Close(t.Context(), closer, p.ID, erasure.ByRequest, w.terms.Dates(people.Now(), false), people.Now()); err != nil {
						t.Error(err)
					}
				}, func() {
					err := act(t.Context())
					told := problem.Of(err)
					if err != nil && !errors.Is(err, generation.ErrLost) && (told == nil || told.Kind != problem.Unauthenticated) {
						t.Errorf("somebody is told %v", err)
					}
				})
			}
			w.people.Books(t)
			for hour := range 4 {
				w.hour(t, people.Now().Add(time.Duration(hour)*time.Hour))
			}
			for _, p := range all {
				w.nothingIn(t, p)
				if found := w.traces(t, []string{p.ID, p.Prefix}); len(found) > 0 || w.at(t, p.ID) != "" {
					t.Errorf("it is %q, left is %v", w.at(t, p.ID), found)
				}
			}
			if n := people.Ask[int](t, w.people, `select count(*) from app.receipt`); n != *rounds {
				t.Errorf("%d receipts", n)
			}
		})
	}
}

func drawing(t *testing.T, w world, p person) func(context.Context) error {
	order, found, err := generation.Claim(t.Context(), w.people.Worker, w.people.Service, w.place(t, p), people.Now())
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return func(ctx context.Context) error {
		stored, err := image.Store(ctx, w.people.Worker, w.objects, p.Key, image.New{
			AccountID: p.ID, Prefix: p.Prefix, Kind: image.Result, GenerationID: &order.ID, Tool: &order.Tool,
			Prompt: order.Prompt, Original: pixels(p.name), Thumbnail: pixels(p.name),
		}, people.Now())
		if err != nil {
			return err
		}
		return w.people.Worker.Transaction(ctx, func(tx postgres.Querier) error {
			if err := order.Succeed(ctx, tx, people.Now()); err != nil {
				return err
			}
			if _, err := image.Ready(ctx, tx, stored.ID, people.Now()); err != nil {
				return err
			}
			_, err := credit.Settle(ctx, tx, order.ID, people.Now())
			return err
		})
	}
}

func offering(_ *testing.T, w world, p person) func(context.Context) error {
	return func(ctx context.Context) error {
		offered, _, err := upload.Offer(ctx, w.people.Web, p.Token, people.Now(), "image/png", 9)
		if err != nil {
			return err
		}
		return w.objects.Put(ctx, offered.Key, "image/png", []byte("some file"))
	}
}

func takingIn(t *testing.T, w world, p person) func(context.Context) error {
	offered := w.offer(t, p)
	return func(ctx context.Context) error {
		stored, err := image.Store(ctx, w.people.Web, w.objects, p.Key, image.New{
			AccountID: p.ID, Prefix: p.Prefix, Kind: image.Upload, Original: pixels(p.name), Thumbnail: pixels(p.name),
		}, people.Now())
		if err != nil {
			return err
		}
		return w.people.Web.Transaction(ctx, func(tx postgres.Querier) error {
			if _, err := upload.TakeIn(ctx, tx, offered.ID, stored.ID); err != nil {
				return err
			}
			_, err := image.Ready(ctx, tx, stored.ID, people.Now())
			return err
		})
	}
}

// signingIn is the transaction of the function login-callback.
func signingIn(_ *testing.T, w world, p person) func(context.Context) error {
	who := people.Identity(p.name)
	return func(ctx context.Context) error {
		signIn := func(tx postgres.Querier) error {
			found, err := account.SignIn(ctx, tx, w.people.Service, w.people.Lookup, who, people.Now())
			if err != nil {
				return err
			}
			if !found.Closed {
				if err := credit.GrantFree(ctx, tx, found.ID, who.FreeGrantHash(w.people.Lookup), 50, people.Now()); err != nil {
					return err
				}
			}
			_, _, err = session.Open(ctx, tx, found.Key, found.ID, session.Device{UserAgent: "Mozilla/5.0"}, people.Now())
			return err
		}
		err := w.people.Web.Transaction(ctx, signIn)
		if account.Raced(err) {
			err = w.people.Web.Transaction(ctx, signIn)
		}
		return err
	}
}

func paying(t *testing.T, w world, p person) func(context.Context) error {
	bought := w.till.Buy(w.till.Customer(p.ID), p.ID, "pack-200", till.Visa)
	return func(ctx context.Context) error {
		books := billing.Books{DB: w.people.Cashier, Stripe: w.stripe, Prices: w.till.Prices}
		_, err := books.Converge(ctx, payment.Subject{Kind: payment.SubjectPayment, ID: bought.Payment}, billing.Event{ID: "evt_of_" + bought.Payment}, people.Now())
		return err
	}
}

func exporting(_ *testing.T, w world, p person) func(context.Context) error {
	return func(ctx context.Context) error {
		_, _, err := archive.Order(ctx, w.people.Web, p.Token, people.Now(), nil)
		return err
	}
}

func buying(_ *testing.T, w world, p person) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := billing.Customer(ctx, w.people.Web, w.stripe, p.ID, people.Now())
		return err
	}
}

func TestWhoSignsInWhileTheErasureBeginsHasTheOldAccountOrANewOne(t *testing.T) {
	t.Parallel()
	w := open(t)
	eraser := postgres.Open(w.people.Address.Eraser)
	t.Cleanup(eraser.Close)
	var all []person
	began := people.Now()
	due := w.terms.Dates(began, true).UndoUntil
	for i := range *rounds {
		name := fmt.Sprintf("racer%d", i)
		all = append(all, person{Person: w.people.SignIn(t, name, 50), name: name})
		w.leave(t, all[i].ID, true, began)
	}
	w.hour(t, began)
	w.hour(t, began.Add(time.Hour))
	for _, p := range all {
		signIn := signingIn(t, w, p)
		together(func() {
			e, found, err := erasure.Claim(t.Context(), eraser, "", due)
			if err != nil || !found || e.Begin(t.Context(), eraser, due) != nil || e.Leave(t.Context(), eraser, due) != nil {
				t.Error(found, err)
			}
		}, func() {
			if err := signIn(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	w.hour(t, due.Add(time.Hour))
	for _, p := range all {
		if found := w.traces(t, []string{p.ID, p.Prefix}); len(found) > 0 {
			t.Errorf("%s: %s", w.at(t, p.ID), strings.Join(found, "\n"))
		}
		must(t, signingIn(t, w, p)(t.Context()))
	}
	if n := people.Ask[int](t, w.people, `select count(*) from app.account where closed_at is null`); n != *rounds {
		t.Errorf("%d accounts, not %d new ones", n, *rounds)
	}
	if n := people.Ask[int](t, w.people, `select coalesce(sum(available), 0) from app.credit_balance`); n != 0 {
		t.Errorf("%d free credits were given twice", n)
	}
}
