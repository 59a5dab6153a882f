package stripe

// createSubscription makes a subscription without a page. As at Stripe, it is incomplete with an open invoice where the first
// payment is declined, unless payment_behavior says that this is an error.
func createSubscription(c *call) (any, *apiError) {
	customer, failure := c.given("customer", "customer")
	if failure != nil {
		return nil, failure
	}
	f, w := c.form, c.w
	asked := order{customer: text(customer, "id"), metadata: f.metadata(), description: f.text("description"), trialEnd: w.trialOf(f),
		trialSettings: trialSettings(f), cancelAt: f.number("cancel_at"), cancelAtEnd: f.truth("cancel_at_period_end")}
	if asked.items, failure = c.orderedItems(); failure != nil {
		return nil, failure
	}
	if f.has("default_payment_method") {
		method, failure := c.given("payment_method", "default_payment_method")
		if failure != nil {
			return nil, failure
		}
		asked.paymentMethod = text(method, "id")
	}
	behavior := f.textOr("payment_behavior", "allow_incomplete")
	sub := w.newSubscription(asked)
	if sub["status"] == "active" && w.paymentMethodOf(sub) == "" && behavior != "default_incomplete" {
		return nil, coded("resource_missing", "", "This customer has no attached payment source or default payment method. "+
			"Please consider adding a default payment method.")
	}
	if _, failure := w.begin(sub, behavior == "error_if_incomplete"); failure != nil {
		return nil, failure
	}
	return sub, nil
}

// orderedItems reads the one item of items[0].
func (c *call) orderedItems() ([]ordered, *apiError) {
	asked := c.form.list("items")
	switch {
	case len(asked) == 0:
		return nil, missing("items")
	case len(asked) > 1:
		return nil, invalid("items", "This stand-in knows subscriptions of one item only.")
	}
	price := c.w.get(asked[0].text("price"))
	if text(price, "object") != "price" {
		return nil, unknown("price", asked[0].text("price"), "items[0][price]")
	}
	if price["type"] != "recurring" {
		return nil, invalid("items[0][price]", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
	}
	return []ordered{{price, max(1, asked[0].number("quantity"))}}, nil
}
