package billing

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
)

func priceOf(id string) string { return "price_" + strings.ReplaceAll(id, "-", "") }

func prices(t *testing.T) offer.Prices {
	t.Helper()
	text := ""
	for _, o := range offer.Catalogue() {
		text += "," + o.ID + "=" + priceOf(o.ID)
	}
	all, err := offer.Parse(text[1:])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnInvoicesCreditsFollowItsMoney(t *testing.T) {
	june, july := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	plus := func(amount int64) payment.Line {
		return payment.Line{Price: priceOf("plus-monthly"), UnitAmount: 900, Amount: amount, Ends: june}
	}
	pro := func(amount int64) payment.Line {
		return payment.Line{Price: priceOf("pro-monthly"), UnitAmount: 2900, Amount: amount, Ends: june}
	}
	unused := func(line payment.Line) payment.Line {
		line.Amount, line.Credited = -line.Amount, "in_earlier"
		return line
	}
	for name, c := range map[string]struct {
		lines []payment.Line
		want  due
	}{
		"a month": {[]payment.Line{plus(900)}, due{offer: "plus-monthly", credits: 500, ends: june, known: true}},
		"a trial": {[]payment.Line{plus(0)}, due{offer: "plus-monthly", ends: june, known: true}},
		"half a month's upgrade": {[]payment.Line{unused(plus(450)), pro(1450)},
			due{offer: "pro-monthly", credits: 750, ends: june, known: true}},
		"half a month's downgrade": {[]payment.Line{unused(pro(1450)), plus(450)},
			due{offer: "plus-monthly", takes: 750, from: "in_earlier", ends: june, known: true}},
		"a month made a year": {[]payment.Line{unused(plus(300)), {Price: priceOf("plus-yearly"), UnitAmount: 9000, Amount: 9000, Ends: july}},
			due{offer: "plus-yearly", credits: 6000 - 167, ends: july, known: true}},
		"a renewal after an upgrade": {[]payment.Line{pro(2900), unused(plus(1)), {Price: priceOf("pro-monthly"), UnitAmount: 2900, Amount: 2900, Ends: july}},
			due{offer: "pro-monthly", credits: 4000 - 1, ends: july, known: true}},
		"something else":        {[]payment.Line{{Price: "price_mug", UnitAmount: 1200, Amount: 1200, Ends: june}}, due{}},
		"a month and a mug":     {[]payment.Line{plus(900), {Price: "price_mug", UnitAmount: 1200, Amount: 1200, Ends: july}}, due{offer: "plus-monthly", credits: 500, ends: june, known: true}},
		"a price without price": {[]payment.Line{{Price: priceOf("plus-monthly"), Ends: june}}, due{offer: "plus-monthly", ends: june, known: true}},
	} {
		if got := dueOf(prices(t), payment.Invoice{Lines: c.lines}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRefundsInPartsTakeBackExactlyWhatWasGranted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		credits, total := 1+random.Int64N(30000), 1+random.Int64N(30000)
		returned, before := int64(0), int64(0)
		for returned < total {
			returned = min(total, returned+1+random.Int64N(total))
			now := takenBack(credits, returned, total)
			exact := float64(credits) * float64(returned) / float64(total)
			if now < before || now > credits || float64(now) < exact-0.5 || float64(now) > exact+0.5 {
				t.Fatalf("of %d credits for %d, %d came back and %d are taken; before %d", credits, total, returned, now, before)
			}
			before = now
		}
		if before != credits {
			t.Fatalf("of %d credits for %d all money came back and %d are taken", credits, total, before)
		}
	}
	for _, c := range [][3]int64{{500, 0, 900}, {500, 100, 0}, {500, -5, 900}, {500, 10, -900}} {
		if got := takenBack(c[0], c[1], c[2]); got != 0 {
			t.Errorf("%v took %d", c, got)
		}
	}
}
