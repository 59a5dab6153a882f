package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

// subscribe writes a subscription down as Stripe told it.
func subscribe(t *testing.T, db people.Database, p people.Person, id, offer, status string, created time.Time, cancelAt, endedAt *time.Time) {
	t.Helper()
	db.Do(t, `insert into app.subscription (id, account_id, offer, status, created_at, period_end, cancel_at, ended_at, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 1)`, id, p.ID, offer, status, created, created.AddDate(0, 1, 0), cancelAt, endedAt)
}

// pay writes a payment down as Stripe told it.
func pay(t *testing.T, db people.Database, p people.Person, id, kind, offer string, amount int64, status string, at time.Time) {
	t.Helper()
	db.Do(t, `insert into app.payment (id, kind, offer, amount, currency, paid_at, status, returned, version)
		values ($1, $2, nullif($3, ''), $4, 'usd', $5, $6, 0, 1)`, id, kind, offer, amount, at, status)
	db.Do(t, `insert into app.payment_owner (payment_id, account_id) values ($1, $2)`, id, p.ID)
}

func look(t *testing.T, db people.Database, p people.Person) billing.Overview {
	t.Helper()
	o, who, err := billing.Look(t.Context(), db.Reader, p.Token, people.Now())
	if err != nil || who.AccountID != p.ID || who.Pseudonym != p.Pseudonym {
		t.Fatalf("%+v, %v", who, err)
	}
	return o
}

func TestWhoNeverBoughtAnythingHasTheFreePlan(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	o := look(t, db, db.SignIn(t, "ada", 50))
	if o.Plan.ID != "free" || o.Plan.Status != "free" || o.Plan.Offer != nil || o.Plan.Amount != nil || o.Plan.RenewsAt != nil || o.Plan.EndsAt != nil ||
		o.Plan.Cancel == "" || o.Customer != "" || o.Credits.Available != 50 || o.Credits.Held != 0 || o.Credits.Owed != 0 || o.Payments == nil || len(o.Payments) != 0 {
		t.Errorf("%+v", o)
	}
}

func TestEveryStateOfAPlanSaysWhenItRenewsOrEndsAndWhatACancelMeans(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	begun, end, ended := people.Now(), people.Now().AddDate(0, 1, 0), people.Now().AddDate(0, 0, 3)
	for _, c := range []struct {
		status            string
		cancelAt, endedAt *time.Time
		renews, ends      *time.Time
		says              string
	}{
		{"active", nil, nil, &end, nil, "stays until Apr 1, 2026; what is left of them then expires"},
		{"active", &end, nil, nil, &end, "You have canceled"},
		{"trialing", nil, nil, &end, nil, "the trial ends on Apr 1, 2026 and nothing is charged"},
		{"trialing", &end, nil, nil, &end, "You have canceled"},
		{"past_due", nil, nil, nil, nil, "ends on Apr 1, 2026"},
		{"unpaid", nil, nil, nil, nil, "ends on Apr 1, 2026"},
		{"paused", nil, nil, nil, nil, "is paused"},
		{"incomplete", nil, nil, nil, nil, "nothing was charged"},
		{"canceled", nil, &ended, nil, &ended, "has ended"},
		{"canceled", &end, &ended, nil, &ended, "has ended"},
	} {
		ada := db.SignIn(t, "ada", 0)
		db.Do(t, `delete from app.subscription`)
		subscribe(t, db, ada, "sub_1", "plus-monthly", c.status, begun, c.cancelAt, c.endedAt)
		p := look(t, db, ada).Plan
		if p.ID != "plus" || *p.Offer != "plus-monthly" || p.Name != "Plus" || p.Status != c.status || *p.Interval != "month" || *p.Amount != 900 || *p.Currency != "usd" {
			t.Errorf("%s: %+v", c.status, p)
		}
		if !same(p.RenewsAt, c.renews) || !same(p.EndsAt, c.ends) || !strings.Contains(p.Cancel, c.says) {
			t.Errorf("%s: renews %v, ends %v, %q", c.status, p.RenewsAt, p.EndsAt, p.Cancel)
		}
	}
}

func same(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b) && a.Location() == time.UTC
}

func TestThePlanThatRunsIsShownBeforeOneThatEndedAndTheLatestOfThose(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, now := db.SignIn(t, "ada", 0), people.Now()
	subscribe(t, db, ada, "sub_1", "plus-yearly", "canceled", now.AddDate(0, 0, -9), nil, &now)
	subscribe(t, db, ada, "sub_2", "pro-yearly", "canceled", now.AddDate(0, 0, -8), nil, &now)
	if p := look(t, db, ada).Plan; p.ID != "pro" || p.Status != "canceled" {
		t.Errorf("after two plans %+v", p)
	}
	subscribe(t, db, ada, "sub_3", "pro-monthly", "incomplete_expired", now, nil, &now)
	if p := look(t, db, ada).Plan; *p.Offer != "pro-yearly" {
		t.Errorf("a plan that never began is shown: %+v", p)
	}
	subscribe(t, db, ada, "sub_4", "plus-monthly", "past_due", now.AddDate(-1, 0, 0), nil, nil)
	subscribe(t, db, ada, "sub_5", "pro-monthly", "incomplete", now, nil, nil)
	if p := look(t, db, ada).Plan; p.Status != "past_due" {
		t.Errorf("with one that runs %+v", p)
	}
	bob := db.SignIn(t, "bob", 0)
	if p := look(t, db, bob).Plan; p.ID != "free" {
		t.Errorf("another has %+v", p)
	}
	subscribe(t, db, bob, "sub_6", "price_of_the_operator", "active", now, nil, nil)
	if p := look(t, db, bob).Plan; p.ID != "price_of_the_operator" || p.Name == "" || p.Amount != nil || p.Interval != nil {
		t.Errorf("a plan that the catalogue does not have is %+v", p)
	}
}

func TestPaymentsAreOnesOwnWithWhatWasPaidBack(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada, bob, now := db.SignIn(t, "ada", 0), db.SignIn(t, "bob", 0), people.Now()
	pay(t, db, ada, "pi_1", "pack", "pack-200", 500, "partly_refunded", now.Add(-time.Hour))
	pay(t, db, ada, "pi_2", "plan", "plus-monthly", 900, "disputed", now)
	pay(t, db, ada, "pi_3", "other", "", 77, "paid", now.Add(-2*time.Hour))
	pay(t, db, bob, "pi_4", "pack", "pack-200", 500, "paid", now)
	for _, r := range []struct {
		id, payment, kind, status string
		amount                    int64
		counts                    bool
	}{
		{"re_1", "pi_1", "refund", "succeeded", 100, true}, {"re_2", "pi_1", "refund", "pending", 50, true},
		{"re_3", "pi_1", "refund", "failed", 300, false}, {"dp_1", "pi_2", "dispute", "needs_response", 900, true},
	} {
		db.Do(t, `insert into app.payment_return (id, payment_id, kind, status, amount, currency, at, counts) values ($1, $2, $3, $4, $5, 'usd', $6, $7)`,
			r.id, r.payment, r.kind, r.status, r.amount, now, r.counts)
	}
	paid := look(t, db, ada).Payments
	if len(paid) != 3 || paid[0].ID != "pi_2" || paid[1].ID != "pi_1" || paid[2].ID != "pi_3" {
		t.Fatalf("%+v", paid)
	}
	if p := paid[0]; p.Kind != "plan" || *p.Offer != "plus-monthly" || p.Description != "Plus, a month" || p.Amount != 900 || p.Currency != "usd" ||
		!p.PaidAt.Equal(now) || p.Status != "disputed" || p.Refunded != 0 {
		t.Errorf("%+v", p)
	}
	if p := paid[1]; p.Description != "200 credits" || p.Refunded != 150 || p.Status != "partly_refunded" {
		t.Errorf("%+v", p)
	}
	if p := paid[2]; p.Offer != nil || p.Description == "" {
		t.Errorf("%+v", p)
	}
}

func TestOnlyTheSignedInHaveABillingAndBuy(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	refused := func(when string, token []byte, at time.Time) {
		t.Helper()
		if _, _, err := billing.Look(t.Context(), db.Reader, token, at); !errors.Is(err, session.ErrSignedOut) {
			t.Errorf("%s: looks, %v", when, err)
		}
		if _, err := billing.AskBuyer(t.Context(), db.Web, token, at); !errors.Is(err, session.ErrSignedOut) {
			t.Errorf("%s: buys, %v", when, err)
		}
	}
	refused("a stranger", []byte("nobody"), people.Now())
	refused("a month later", ada.Token, people.Now().Add(session.Lifetime))
	db.Do(t, `update app.account set closed_at = $1`, people.Now())
	refused("after closing", ada.Token, people.Now())
}

func TestASubscriptionCountsFromItsFirstPaymentToItsEnd(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	for status, counts := range map[string]bool{
		"trialing": true, "active": true, "past_due": true, "unpaid": true, "paused": true,
		"incomplete": false, "incomplete_expired": false, "canceled": false,
	} {
		db.Do(t, `delete from app.subscription`)
		subscribe(t, db, ada, "sub_1", "plus-monthly", status, people.Now(), nil, nil)
		buyer, err := billing.AskBuyer(t.Context(), db.Web, ada.Token, people.Now())
		if err != nil || buyer.Subscribed != counts || buyer.AccountID != ada.ID || buyer.Customer != "" {
			t.Errorf("%s: %+v, %v", status, buyer, err)
		}
	}
	if buyer, err := billing.AskBuyer(t.Context(), db.Web, db.SignIn(t, "bob", 0).Token, people.Now()); err != nil || buyer.Subscribed {
		t.Errorf("another: %+v, %v", buyer, err)
	}
}

func TestWhatWasGrantedIsFoundByItsPaymentOrInvoice(t *testing.T) {
	t.Parallel()
	db := people.Open(t)
	ada := db.SignIn(t, "ada", 0)
	db.Do(t, `select app.grant_credits($1, 'pack', 'pi_1', 200, $2, $3)`, ada.ID, people.Now(), people.Now().Add(time.Hour))
	for _, c := range []struct {
		kind      offer.Kind
		reference string
		credits   int64
	}{{offer.Pack, "pi_1", 200}, {offer.Plan, "pi_1", 0}, {offer.Pack, "pi_2", 0}, {offer.Pack, "", 0}} {
		if got, err := billing.Granted(t.Context(), db.Web, c.kind, c.reference); err != nil || got != c.credits {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
	}
}
