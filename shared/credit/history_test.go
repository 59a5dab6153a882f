package credit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

// all reads somebody's history in pages of so many.
func all(t *testing.T, db people.Database, p people.Person, limit int) (entries []credit.Entry) {
	t.Helper()
	wanted := page.Numbered{Limit: limit, Before: 1 << 62}
	for {
		told, who, err := credit.History(context.Background(), db.Reader, p.Token, people.Now(), wanted)
		some, next := told.Entries, told.Next
		if err != nil || who.AccountID != p.ID || len(some) > limit || len(entries) > 1000 {
			t.Fatal(some, who, err)
		}
		entries = append(entries, some...)
		if next == nil {
			return entries
		}
		wanted.Before = some[len(some)-1].ID
		if *next != page.After(wanted.Before) {
			t.Fatalf("the cursor is %s", *next)
		}
	}
}

func TestTheBalanceExplainsItselfInSentences(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, at := db.SignIn(t, "ada", 50), people.Now()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	spent, failed := mustHold(t, db, ada.ID, 45, at), mustHold(t, db, ada.ID, 2, at)
	must(credit.Settle(ctx, db.Worker, spent, at))
	must(credit.Release(ctx, db.Worker, failed, at))
	grant := func(source, reference string, amount int64, at time.Time) {
		t.Helper()
		must(credit.Grant(ctx, db.Cashier, credit.Lot{Account: ada.ID, Source: source, Reference: reference, Amount: amount, ExpiresAt: at.Add(day)}, at))
	}
	grant(credit.Plan, "in_1", 20, at)
	must(credit.Reverse(ctx, db.Cashier, ada.ID, credit.Plan, "in_1", 5, "in_2", at))
	must(credit.Reverse(ctx, db.Cashier, ada.ID, credit.Plan, "in_1", 0, "in_2", at))
	must(credit.Expire(ctx, db.Sweeper, at.Add(400*day), 10))
	late := at.Add(400 * day)
	grant(credit.Pack, "pi_1", 10, late)
	held := mustHold(t, db, ada.ID, 4, late)
	must(credit.Reverse(ctx, db.Cashier, ada.ID, credit.Pack, "pi_1", 10, "pi_1", late))
	must(credit.Release(ctx, db.Worker, held, late))
	must(credit.Reverse(ctx, db.Cashier, ada.ID, credit.Pack, "pi_1", 0, "pi_1", late))
	must(credit.Settle(ctx, db.Worker, mustHold(t, db, ada.ID, 10, late), late))
	must(credit.Reverse(ctx, db.Cashier, ada.ID, credit.Pack, "pi_1", 8, "pi_1", late))
	grant(credit.Goodwill, "sorry", 3, late)
	grant(credit.Pack, "pi_2", 10, late)

	entries := all(t, db, ada, 3)
	slices.Reverse(entries)
	var told []string
	for i, e := range entries {
		if e.ID != int64(i+1) || e.At.Location() != time.UTC {
			t.Errorf("entry %d has the number %d and the time %v", i+1, e.ID, e.At)
		}
		told = append(told, fmt.Sprintf("%s %s: %s (%+d %+d %+d: %d %d %d)", e.Kind, e.Source, e.Reason,
			e.Available, e.Held, e.Owed, e.AvailableAfter, e.HeldAfter, e.OwedAfter))
	}
	wanted := []string{
		"grant free: Free credits (+50 +0 +0: 50 0 0)",
		"hold order: Held for an image (-45 +45 +0: 5 45 0)",
		"hold order: Held for an image (-2 +2 +0: 3 47 0)",
		"settle order: Spent on an image (+0 -45 +0: 3 2 0)",
		"release order: Given back: the image was not made (+2 -2 +0: 5 0 0)",
		"grant plan: Plan credits (+20 +0 +0: 25 0 0)",
		"reverse plan: Taken back: the plan was changed, its unused time was credited (-5 +0 +0: 20 0 0)",
		"restore plan: Given back: the change of plan was undone (+5 +0 +0: 25 0 0)",
		"expire plan: Expired: plan credits (-20 +0 +0: 5 0 0)",
		"expire free: Expired: free credits (-5 +0 +0: 0 0 0)",
		"grant pack: Pack of 10 credits (+10 +0 +0: 10 0 0)",
		"hold order: Held for an image (-4 +4 +0: 6 4 0)",
		"reverse pack: Taken back: the payment was refunded or disputed (-6 +0 +4: 0 4 4)",
		"release order: Given back: the image was not made, to settle what was owed (+0 -4 -4: 0 0 0)",
		"restore pack: Given back: the dispute was won or the refund failed (+10 +0 +0: 10 0 0)",
		"hold order: Held for an image (-10 +10 +0: 0 10 0)",
		"settle order: Spent on an image (+0 -10 +0: 0 0 0)",
		"reverse pack: Taken back: the payment was refunded or disputed (+0 +0 +8: 0 0 8)",
		"grant goodwill: Credits given by us, to settle what was owed (+0 +0 -3: 0 0 5)",
		"grant pack: Pack of 10 credits, of which 5 settled what was owed (+5 +0 -5: 5 0 0)",
	}
	if !slices.Equal(told, wanted) {
		t.Errorf("the history is\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(wanted, "\n"))
	}
	if entries[1].Reference != spent || entries[5].Reference != "in_1" || entries[0].Reference != ada.ID {
		t.Errorf("they are about %s, %s, %s", entries[0].Reference, entries[1].Reference, entries[5].Reference)
	}
	grace := db.SignIn(t, "grace", 50)
	if hers := all(t, db, grace, 100); len(hers) != 1 || hers[0].ID != 1 || hers[0].Reference != grace.ID {
		t.Errorf("grace sees %v", hers)
	}
	if none := all(t, db, db.SignIn(t, "barbara", 0), 100); len(none) != 0 {
		t.Errorf("barbara sees %v", none)
	}
	if _, _, err := credit.History(ctx, db.Reader, ada.Token, at.Add(session.Lifetime), page.Numbered{Limit: 1, Before: 5}); !errors.Is(err, session.ErrSignedOut) {
		t.Error(err)
	}
}

func TestWhatCanBeSpentIsToldInTheOrderOfSpending(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, bob, at := db.SignIn(t, "ada", 0), db.SignIn(t, "bob", 0), people.Now()
	for _, lot := range []credit.Lot{
		{Account: ada.ID, Source: credit.Pack, Reference: "late", Amount: 200, ExpiresAt: at.Add(700 * day)},
		{Account: ada.ID, Source: credit.Plan, Reference: "soon", Amount: 500, ExpiresAt: at.Add(30 * day)},
		{Account: ada.ID, Source: credit.Goodwill, Reference: "spent", Amount: 7, ExpiresAt: at.Add(2 * day)},
		{Account: ada.ID, Source: credit.Pack, Reference: "over", Amount: 9, ExpiresAt: at},
		{Account: ada.ID, Source: credit.Free, Reference: "endless", Amount: 50, ExpiresAt: at.Add(900 * day)},
	} {
		if _, err := credit.Grant(ctx, db.Cashier, lot, at); err != nil {
			t.Fatal(err)
		}
	}
	mustHold(t, db, ada.ID, 9, at)
	db.Do(t, `update app.credit_grant set expires_at = 'infinity' where reference = 'endless'`)
	told, _, err := credit.History(ctx, db.Reader, ada.Token, at, page.Numbered{Limit: 1, Before: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	var lots []string
	for _, lot := range told.Lots {
		end := "no end"
		if lot.ExpiresAt != nil {
			end = fmt.Sprint(lot.ExpiresAt.Sub(at), " ", lot.ExpiresAt.Location())
		}
		lots = append(lots, fmt.Sprintf("%s %d %s", lot.Source, lot.Credits, end))
	}
	if wanted := []string{"plan 498 720h0m0s UTC", "pack 200 16800h0m0s UTC", "free 50 no end"}; !slices.Equal(lots, wanted) {
		t.Errorf("ada can spend %q, want %q", lots, wanted)
	}
	told, _, err = credit.History(ctx, db.Reader, bob.Token, at, page.Numbered{Limit: 1, Before: 1 << 62})
	if err != nil || len(told.Lots) != 0 || told.Lots == nil {
		t.Errorf("bob can spend %v, %v", told.Lots, err)
	}
}
