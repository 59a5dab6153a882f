package stripe

import "net/http"

func listInvoices(c *call) (any, *apiError) {
	return c.page("/v1/invoices", c.w.list("invoice", c.filter("customer", "subscription", "status", "collection_method")))
}

func listLines(c *call) (any, *apiError) {
	invoice, failure := c.named("invoice")
	if failure != nil {
		return nil, failure
	}
	// Lines have no "created" to be narrowed down by, so they are cut as they are.
	return c.page("/v1/invoices/"+text(invoice, "id")+"/lines", parts(invoice, "lines"))
}

// upcomingInvoice shows a subscription's next invoice, or the one that a change of its price would make.
func upcomingInvoice(c *call) (any, *apiError) {
	sub, failure := c.nextInvoiced()
	if failure != nil {
		return nil, failure
	}
	w, waiting := c.w, c.w.pending(sub)
	made := change{sub: sub}
	for _, asked := range c.form.list("subscription_items") {
		if asked.has("price") {
			price := w.get(asked.text("price"))
			if text(price, "object") != "price" {
				return nil, unknown("price", asked.text("price"), "subscription_items[0][price]")
			}
			made = w.preview(sub, price, max(1, asked.number("quantity")), false)
		}
	}
	if behavior, failure := behaviorOf(prefixed(c.form), "create_prorations"); failure != nil {
		return nil, failure
	} else if behavior == "none" {
		made.items = nil
	}
	lines := append(w.linesOf(made.sub, append(waiting, made.items...)), made.lines...)
	if !made.restart {
		next, _ := copyOf(made.sub).(object)
		next["status"], next["current_period_start"] = "active", sub["current_period_end"]
		next["current_period_end"] = nextPeriod(number(next, "billing_cycle_anchor"), number(sub, "current_period_end"),
			part(parts(next, "items")[0], "price"))
		lines = append(lines, w.periodLines(next)...)
	}
	invoice := w.draft(made.sub, "upcoming", lines)
	w.weigh(invoice)
	delete(invoice, "id")
	invoice["next_payment_attempt"] = number(sub, "current_period_end") + draftTime
	return invoice, nil
}

// prefixed gives what upcoming calls subscription_proration_behavior by its name elsewhere.
func prefixed(f form) form {
	if f.has("subscription_proration_behavior") {
		return form{"proration_behavior": f.text("subscription_proration_behavior")}
	}
	return form{}
}

// nextInvoiced finds the subscription of which the next invoice is asked for.
func (c *call) nextInvoiced() (object, *apiError) {
	if c.form.has("subscription") {
		sub, failure := c.given("subscription", "subscription")
		if failure != nil {
			return nil, failure
		}
		if !over(sub) && !truth(sub, "cancel_at_period_end") {
			return sub, nil
		}
	} else if _, failure := c.given("customer", "customer"); failure != nil {
		return nil, failure
	}
	for _, sub := range c.w.list("subscription", is("customer", c.form.text("customer"))) {
		if !over(sub) && !truth(sub, "cancel_at_period_end") {
			return sub, nil
		}
	}
	none := coded("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", c.form.text("customer"))
	none.status = http.StatusNotFound
	return nil, none
}

func listBalance(c *call) (any, *apiError) {
	customer, failure := c.named("customer")
	if failure != nil {
		return nil, failure
	}
	id := text(customer, "id")
	return c.page("/v1/customers/"+id+"/balance_transactions", c.w.list("customer_balance_transaction", is("customer", id)))
}

func adjustBalance(c *call) (any, *apiError) {
	customer, failure := c.named("customer")
	switch {
	case failure != nil:
		return nil, failure
	case !c.form.has("amount"):
		return nil, missing("amount")
	case !c.form.has("currency"):
		return nil, missing("currency")
	case c.form.number("amount") == 0:
		return nil, invalid("amount", "Amount must be non-zero")
	}
	entry := c.w.rebalance(customer, c.form.number("amount"), "adjustment", "")
	entry["description"], entry["metadata"] = orNil(c.form.text("description")), c.form.metadata()
	return entry, nil
}
