package stripe

import (
	"math"
	"strconv"
	"time"
)

// unused gives, for each item of the subscription, the credit for the time from a moment to the period's end, as an invoice
// item below 0. A trial and a subscription that is not paid for leave nothing to credit.
func (w *world) unused(sub object, from int64) []object {
	if status := sub["status"]; status == "trialing" || status == "incomplete" || status == "paused" {
		return nil
	}
	var credits []object
	for _, item := range parts(sub, "items") {
		amount := -share(sub, item, from)
		credits = append(credits, w.prorated(sub, item, from, amount, "Unused time on "+w.nameOf(item)+" after "+day(from)))
	}
	return credits
}

// remaining gives, for each item of the subscription, the charge for the time from a moment to the period's end.
func (w *world) remaining(sub object, from int64) []object {
	var charges []object
	for _, item := range parts(sub, "items") {
		amount := share(sub, item, from)
		charges = append(charges, w.prorated(sub, item, from, amount, "Remaining time on "+w.nameOf(item)+" after "+day(from)))
	}
	return charges
}

// share is what an item costs from a moment to the end of the period, to the second.
func share(sub, item object, from int64) int64 {
	start, end := number(sub, "current_period_start"), number(sub, "current_period_end")
	whole := number(item, "price.unit_amount") * number(item, "quantity")
	return int64(math.Round(float64(whole) * float64(end-from) / float64(end-start)))
}

// prorated composes an invoice item, which belongs to no invoice yet and is not stored.
func (w *world) prorated(sub, item object, from, amount int64, description string) object {
	unit := amount / max(1, number(item, "quantity"))
	return object{"id": newID("ii_"), "object": "invoiceitem", "amount": amount, "currency": sub["currency"], "customer": sub["customer"],
		"date": from, "description": description, "discountable": false, "discounts": []any{}, "invoice": nil, "livemode": sub["livemode"],
		"metadata": object{}, "period": object{"start": from, "end": number(sub, "current_period_end")}, "price": copyOf(item["price"]),
		"proration": true, "quantity": number(item, "quantity"), "subscription": sub["id"], "subscription_item": item["id"],
		"tax_rates": []any{}, "test_clock": nil, "unit_amount": unit, "unit_amount_decimal": strconv.FormatInt(unit, 10)}
}

// linesOf makes invoice lines of invoice items; a credit names the lines that it credits.
func (w *world) linesOf(sub object, items []object) []object {
	var lines []object
	for _, item := range items {
		line := newLine(sub, item, number(item, "amount"), text(item, "description"), number(item, "period.start"), number(item, "period.end"))
		line["type"], line["proration"], line["discountable"] = "invoiceitem", true, false
		line["invoice_item"], line["subscription_item"] = item["id"], item["subscription_item"]
		if number(item, "amount") < 0 {
			line["proration_details"] = object{"credited_items": w.credited(item)}
		}
		lines = append(lines, line)
	}
	return lines
}

// credited finds the latest line that charged for what an item credits, nil where none did.
func (w *world) credited(item object) any {
	for _, invoice := range w.list("invoice", is("subscription", item["subscription"])) {
		for _, line := range parts(invoice, "lines") {
			if number(line, "amount") > 0 && text(line, "price.id") == text(item, "price.id") && invoice["status"] != "void" &&
				number(line, "period.start") <= number(item, "period.start") && number(line, "period.end") == number(item, "period.end") {
				return object{"invoice": invoice["id"], "invoice_line_items": []any{line["id"]}}
			}
		}
	}
	return nil
}

// keep stores invoice items, which the subscription's next invoice takes in.
func (w *world) keep(items []object) {
	for _, item := range items {
		delete(w.add(item), "created") // it has a "date"
		w.emit("invoiceitem.created", item)
	}
}

// pending gives the kept invoice items of a subscription that no invoice has, oldest first.
func (w *world) pending(sub object) []object {
	var waiting []object
	for _, item := range w.list("invoiceitem", is("subscription", sub["id"])) {
		if item["invoice"] == nil {
			waiting = append([]object{item}, waiting...)
		}
	}
	return waiting
}

// taken says that an invoice has the items now.
func taken(items []object, invoice object) {
	for _, item := range items {
		item["invoice"] = invoice["id"]
	}
}

func (w *world) nameOf(item object) string {
	return textOr(w.get(text(item, "price.product")), "name", "subscription")
}

// day writes a moment as Stripe's descriptions do: 02 Jan 2026.
func day(moment int64) string {
	return time.Unix(moment, 0).UTC().Format("02 Jan 2006")
}
