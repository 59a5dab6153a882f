package stripe

import "fmt"

// Stripe charges no card with less (0.50 in US dollars); what is due below it is kept on the customer's balance.
const leastCharge = 50

// A draft of a renewal can be changed for an hour before it is finalised.
const draftTime = 60 * 60

// draft composes an invoice, which nobody knows of yet, from lines of invoice-line or proration.
func (w *world) draft(sub object, reason string, lines []object) object {
	id, now, total := newID("in_"), w.now().Unix(), int64(0)
	for _, line := range lines {
		line["invoice"] = id
		total += number(line, "amount")
	}
	start := now
	if reason == "subscription_cycle" {
		start = w.previousStart(sub)
	}
	customer := w.get(text(sub, "customer"))
	return object{"id": id, "object": "invoice", "account_country": "US", "account_name": "nanoflux.ai", "account_tax_ids": nil,
		"amount_due": total, "amount_paid": 0, "amount_remaining": total, "amount_shipping": 0, "application": nil,
		"application_fee_amount": nil, "attempt_count": 0, "attempted": false, "auto_advance": true,
		"automatic_tax": object{"enabled": false, "liability": nil, "status": nil}, "billing_reason": reason, "charge": nil,
		"collection_method": "charge_automatically", "created": now, "currency": sub["currency"], "custom_fields": nil,
		"customer": sub["customer"], "customer_address": customer["address"], "customer_email": customer["email"],
		"customer_name": customer["name"], "customer_phone": customer["phone"], "customer_shipping": nil, "customer_tax_exempt": "none",
		"customer_tax_ids": []any{}, "default_payment_method": nil, "default_source": nil, "default_tax_rates": []any{}, "description": nil,
		"discount": nil, "discounts": []any{}, "due_date": nil, "effective_at": nil, "ending_balance": nil, "footer": nil,
		"from_invoice": nil, "hosted_invoice_url": nil, "invoice_pdf": nil, "issuer": object{"type": "self"},
		"last_finalization_error": nil, "latest_revision": nil, "lines": envelope("/v1/invoices/"+id+"/lines", lines), "livemode": w.live,
		"metadata": object{}, "next_payment_attempt": nil, "number": nil, "on_behalf_of": nil, "paid": false, "paid_out_of_band": false,
		"payment_intent":   nil,
		"payment_settings": object{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"period_end":       now, "period_start": start, "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0,
		"quote": nil, "receipt_number": nil, "rendering": nil, "shipping_cost": nil, "shipping_details": nil,
		"starting_balance": number(customer, "balance"), "statement_descriptor": nil, "status": "draft",
		"status_transitions": object{"finalized_at": nil, "marked_uncollectible_at": nil, "paid_at": nil, "voided_at": nil},
		"subscription":       sub["id"], "subscription_details": object{"metadata": copyOf(sub["metadata"])}, "subtotal": total,
		"subtotal_excluding_tax": total, "tax": nil, "test_clock": nil, "total": total, "total_discount_amounts": []any{},
		"total_excluding_tax": total, "total_tax_amounts": []any{}, "transfer_data": nil, "webhooks_delivered_at": nil}
}

// previousStart gives where the period began that ended when the present one of the subscription began.
func (w *world) previousStart(sub object) int64 {
	for _, earlier := range w.list("invoice", is("subscription", sub["id"])) {
		for _, line := range parts(earlier, "lines") {
			if number(line, "period.end") == number(sub, "current_period_start") {
				return number(line, "period.start")
			}
		}
	}
	return number(sub, "start_date")
}

// periodLines are the lines for the subscription's present period, each of 0 while it is a trial.
func (w *world) periodLines(sub object) []object {
	var lines []object
	for _, item := range parts(sub, "items") {
		price, quantity := part(item, "price"), number(item, "quantity")
		name := text(w.get(text(price, "product")), "name")
		amount := number(price, "unit_amount") * quantity
		description := fmt.Sprintf("%d × %s (at %s / %s)", quantity, name, money(number(price, "unit_amount"), text(price, "currency")),
			text(price, "recurring.interval"))
		if sub["status"] == "trialing" {
			amount, description = 0, "Trial period for "+name
		}
		line := newLine(sub, item, amount, description, number(sub, "current_period_start"), number(sub, "current_period_end"))
		line["type"] = "subscription"
		lines = append(lines, line)
	}
	return lines
}

func newLine(sub, item object, amount int64, description string, start, end int64) object {
	unit := int64(0)
	if quantity := number(item, "quantity"); quantity > 0 {
		unit = amount / quantity
	}
	return object{"id": newID("il_"), "object": "line_item", "amount": amount, "amount_excluding_tax": amount, "currency": sub["currency"],
		"description": description, "discount_amounts": []any{}, "discountable": true, "discounts": []any{}, "livemode": sub["livemode"],
		"metadata": copyOf(sub["metadata"]), "period": object{"start": start, "end": end}, "price": copyOf(item["price"]),
		"proration": false, "proration_details": object{"credited_items": nil}, "quantity": number(item, "quantity"),
		"subscription": sub["id"], "subscription_item": item["id"], "tax_amounts": []any{}, "tax_rates": []any{}, "type": "subscription",
		"unit_amount_excluding_tax": fmt.Sprint(unit)}
}

// weigh says what the customer has to pay for a draft now, and what of the balance it uses.
func (w *world) weigh(invoice object) (due int64) {
	balance := number(w.get(text(invoice, "customer")), "balance")
	due, after := number(invoice, "total")+balance, int64(0)
	if due < leastCharge {
		due, after = 0, due
	}
	invoice["starting_balance"], invoice["ending_balance"] = balance, after
	invoice["amount_due"], invoice["amount_remaining"] = due, due
	return due
}

// book stores a draft and tells of it.
func (w *world) book(invoice object) {
	w.add(invoice)
	if sub := w.get(text(invoice, "subscription")); sub != nil {
		sub["latest_invoice"] = invoice["id"]
	}
	told := with(invoice, object{"ending_balance": nil}) // a draft's is not known before it is final
	w.emit("invoice.created", told)
	w.plan(invoice)
}

// finalize makes a draft an open invoice with a number, and takes from the customer's balance or adds to it.
func (w *world) finalize(invoice object) {
	now, customer := w.now().Unix(), w.get(text(invoice, "customer"))
	w.weigh(invoice)
	sequence := number(customer, "next_invoice_sequence")
	invoice["number"] = fmt.Sprintf("%s-%04d", text(customer, "invoice_prefix"), sequence)
	customer["next_invoice_sequence"], customer["currency"] = sequence+1, invoice["currency"]
	invoice["status"], invoice["effective_at"] = "open", now
	invoice["hosted_invoice_url"] = w.config.Origin + "/i/" + text(invoice, "id")
	part(invoice, "status_transitions")["finalized_at"] = now
	invoice["next_payment_attempt"] = nil
	w.plan(invoice)
	kind := "applied_to_invoice"
	if number(invoice, "ending_balance") > 0 {
		kind = "invoice_too_small"
	}
	w.rebalance(customer, number(invoice, "ending_balance")-number(invoice, "starting_balance"), kind, text(invoice, "id"))
	w.emit("invoice.finalized", invoice)
}

// rebalance changes what a customer is owed (below 0) or owes, and gives the record of it; nil where nothing changes.
func (w *world) rebalance(customer object, change int64, kind, invoice string) object {
	if change == 0 || customer == nil {
		return nil
	}
	customer["balance"] = number(customer, "balance") + change
	entry := w.add(object{"id": newID("cbtxn_"), "object": "customer_balance_transaction", "amount": change, "credit_note": nil,
		"currency": textOr(customer, "currency", "usd"), "customer": customer["id"], "description": nil,
		"ending_balance": customer["balance"], "invoice": orNil(invoice), "metadata": object{}, "type": kind})
	w.emit("customer.updated", customer)
	return entry
}

func textOr(o object, path, other string) string {
	if found := text(o, path); found != "" {
		return found
	}
	return other
}

// void makes an open invoice one that nobody has to pay; what it took of the balance goes back.
func (w *world) void(invoice object) {
	if intent := w.get(text(invoice, "payment_intent")); intent != nil && intent["status"] == "requires_payment_method" {
		intent["status"], intent["canceled_at"], intent["cancellation_reason"] = "canceled", w.now().Unix(), "void_invoice"
		w.emit("payment_intent.canceled", intent)
	}
	if invoice["status"] != "draft" {
		w.rebalance(w.get(text(invoice, "customer")), number(invoice, "starting_balance")-number(invoice, "ending_balance"),
			"unapplied_from_invoice", text(invoice, "id"))
	}
	w.leave(invoice, "void", "voided_at")
	w.emit("invoice.voided", invoice)
}

// giveUp marks an open invoice as one that will not be paid.
func (w *world) giveUp(invoice object) {
	w.leave(invoice, "uncollectible", "marked_uncollectible_at")
	w.emit("invoice.marked_uncollectible", invoice)
}

func (w *world) leave(invoice object, status, moment string) {
	invoice["status"], invoice["auto_advance"], invoice["next_payment_attempt"] = status, false, nil
	part(invoice, "status_transitions")[moment] = w.now().Unix()
	w.plan(invoice)
	w.emit("invoice.updated", invoice)
}

// signed writes an amount that may be below 0 for people.
func signed(amount int64, currency string) string {
	if amount < 0 {
		return "−" + money(-amount, currency)
	}
	return money(amount, currency)
}
