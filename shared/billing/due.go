package billing

import (
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/payment"
)

// due is what a paid invoice of a plan does to the ledger: it grants credits, or takes some back from the invoice that
// granted them, because unused time was credited for more than was bought.
type due struct {
	offer   string
	credits int64
	ends    time.Time // of what is granted
	takes   int64
	from    string // the invoice that granted what is taken; "" where Stripe does not say
	known   bool   // some line is of a price in the catalogue
}

// dueOf adds up an invoice's lines, each in proportion to the money: half a month of a plan is half its credits, and a line of
// nothing (a trial) is none. Discounts do not count, since a line's amount is before them.
func dueOf(prices offer.Prices, invoice payment.Invoice) (d due) {
	var net int64
	for _, line := range invoice.Lines {
		o, known := prices.Offer(line.Price)
		if !known {
			continue
		}
		d.known = true
		if line.UnitAmount != 0 {
			net += inProportion(o.Credits, line.Amount, line.UnitAmount)
		}
		switch {
		case line.Amount < 0 && d.from == "":
			d.from = line.Credited
		case line.Amount >= 0:
			d.offer = o.ID
			if line.Ends.After(d.ends) {
				d.ends = line.Ends
			}
		}
	}
	if net >= 0 {
		d.credits, d.from = net, ""
	} else {
		d.takes = -net
	}
	return d
}

// inProportion is credits × part / whole, rounded to the nearest, halves away from zero. Whole is positive; part may be
// negative.
func inProportion(credits, part, whole int64) int64 {
	product := credits * part
	if product < 0 {
		return -((-2*product + whole) / (2 * whole))
	}
	return (2*product + whole) / (2 * whole)
}

// takenBack is how many of the credits that a payment of total brought go back with the money that was returned: cumulative,
// so that refunds in parts add up to exactly what was granted.
func takenBack(credits, returned, total int64) int64 {
	if total <= 0 || returned <= 0 {
		return 0
	}
	return inProportion(credits, min(returned, total), total)
}
