package stripe

// sale is what a Checkout session knows beyond its JSON.
type sale struct {
	form      form // what the session was created with
	items     []object
	toConfirm string // the payment method that waits for its holder's confirmation
}

// lineItems are what a Checkout session sells.
func (w *world) lineItems(session string) []object {
	if sold := w.sales[session]; sold != nil {
		return sold.items
	}
	return nil
}

// subscriptionData is what a session's creator said about the subscription to come.
func (w *world) subscriptionData(session string) form {
	return w.sales[session].form.part("subscription_data")
}

func checkoutRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/checkout/sessions":     createSession,
		"GET /v1/checkout/sessions/{id}": retrieve("checkout.session"),
		"GET /v1/checkout/sessions": func(c *call) (any, *apiError) {
			return c.page("/v1/checkout/sessions",
				c.w.list("checkout.session", c.filter("customer", "payment_intent", "subscription", "status")))
		},
		"GET /v1/checkout/sessions/{id}/line_items": func(c *call) (any, *apiError) {
			session, failure := c.named("checkout.session")
			if failure != nil {
				return nil, failure
			}
			id := text(session, "id")
			return c.page("/v1/checkout/sessions/"+id+"/line_items", c.w.lineItems(id))
		},
		"POST /v1/checkout/sessions/{id}/expire": func(c *call) (any, *apiError) {
			session, failure := c.named("checkout.session")
			if failure != nil {
				return nil, failure
			}
			if session["status"] != "open" {
				return nil, invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Session has a status of `%s`.",
					session["status"])
			}
			c.w.expireSession(session)
			return session, nil
		},
	}
}

// createSession makes a session of mode payment or subscription; what only other modes or embedded pages have is refused.
func createSession(c *call) (any, *apiError) {
	f, w := c.form, c.w
	mode := f.text("mode")
	switch {
	case mode == "":
		return nil, missing("mode")
	case mode != "payment" && mode != "subscription":
		return nil, invalid("mode", "This stand-in has the modes payment and subscription only.")
	case !f.has("success_url"):
		return nil, missing("success_url")
	case mode == "payment" && f.has("subscription_data"):
		return nil, invalid("subscription_data", "You can not pass `subscription_data` in `payment` mode.")
	case mode == "subscription" && f.has("payment_intent_data"):
		return nil, invalid("payment_intent_data", "You can not pass `payment_intent_data` in `subscription` mode.")
	}
	if f.has("customer") {
		if _, failure := c.given("customer", "customer"); failure != nil {
			return nil, failure
		}
	}
	items, failure := c.readItems(mode)
	if failure != nil {
		return nil, failure
	}
	expires := w.now().Unix() + 24*60*60
	if f.has("expires_at") {
		if expires = f.number("expires_at"); expires < w.now().Unix()+30*60-5 || expires > w.now().Unix()+24*60*60+5 {
			return nil, invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
		}
	}
	session := w.add(w.newSession(f, mode, items, expires))
	w.sales[text(session, "id")] = &sale{form: f, items: items}
	return session, nil
}

func (w *world) newSession(f form, mode string, items []object, expires int64) object {
	prefix := "cs_test_"
	if w.live {
		prefix = "cs_live_"
	}
	id := newID(prefix) + newHex(8)
	total := int64(0)
	for _, item := range items {
		total += number(item, "amount_total")
	}
	creation, collection := any(nil), "if_required"
	if mode == "subscription" {
		collection = f.textOr("payment_method_collection", "always")
	}
	if !f.has("customer") {
		creation = f.textOr("customer_creation", map[string]string{"payment": "if_required", "subscription": "always"}[mode])
	}
	return object{"id": id, "object": "checkout.session", "after_expiration": nil, "allow_promotion_codes": nil,
		"amount_subtotal": total, "amount_total": total, "automatic_tax": object{"enabled": false, "liability": nil, "status": nil},
		"billing_address_collection": orNil(f.text("billing_address_collection")), "cancel_url": orNil(f.text("cancel_url")),
		"client_reference_id": orNil(f.text("client_reference_id")), "client_secret": nil, "consent": nil, "consent_collection": nil,
		"currency": items[0]["currency"], "currency_conversion": nil, "custom_fields": []any{},
		"custom_text": object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"customer":    orNil(f.text("customer")), "customer_creation": creation, "customer_details": nil,
		"customer_email": orNil(f.text("customer_email")), "expires_at": expires, "invoice": nil, "invoice_creation": nil,
		"locale": orNil(f.text("locale")), "metadata": f.metadata(), "mode": mode, "payment_intent": nil, "payment_link": nil,
		"payment_method_collection": collection, "payment_method_configuration_details": nil,
		"payment_method_options": object{}, "payment_method_types": []any{"card"}, "payment_status": "unpaid",
		"phone_number_collection": object{"enabled": false}, "recovered_from": nil, "setup_intent": nil,
		"shipping_address_collection": nil, "shipping_cost": nil, "shipping_details": nil, "shipping_options": []any{},
		"status": "open", "submit_type": orNil(f.text("submit_type")), "subscription": nil, "success_url": f.text("success_url"),
		"total_details": object{"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, "ui_mode": "hosted",
		"url": w.config.Origin + "/c/pay/" + id}
}

// readItems reads the line items, each a price that fits the mode.
func (c *call) readItems(mode string) ([]object, *apiError) {
	asked := c.form.list("line_items")
	if len(asked) == 0 {
		return nil, missing("line_items")
	}
	var items []object
	for _, each := range asked {
		id, quantity := each.text("price"), each.number("quantity")
		price := c.w.get(id)
		switch {
		case id == "":
			return nil, missing("line_items[0][price]")
		case text(price, "object") != "price":
			return nil, unknown("price", id, "line_items[0][price]")
		case !truth(price, "active"):
			return nil, invalid("line_items[0][price]", "The price specified is inactive. This field only accepts active prices.")
		case quantity < 1:
			return nil, invalid("line_items[0][quantity]", "Quantity is required. Add `quantity` to `line_items[0]`")
		case mode == "payment" && price["recurring"] != nil:
			return nil, invalid("line_items[0][price]", "You specified `payment` mode but passed a recurring price. Either switch to "+
				"`subscription` mode or use only one-time prices.")
		case mode == "subscription" && price["recurring"] == nil:
			return nil, invalid("line_items[0][price]", "You must provide at least one recurring price in `subscription` mode when using prices.")
		}
		amount := number(price, "unit_amount") * quantity
		items = append(items, object{"id": newID("li_"), "object": "item", "amount_discount": 0, "amount_subtotal": amount, "amount_tax": 0,
			"amount_total": amount, "currency": price["currency"], "description": text(c.w.get(text(price, "product")), "name"),
			"price": copyOf(price), "quantity": quantity})
	}
	return items, nil
}

func (w *world) expireSession(session object) {
	session["status"], session["url"] = "expired", nil
	w.emit("checkout.session.expired", session)
}

// pass lets time take effect: on what repeats, on sessions that nobody paid, on refunds that take a while.
func (w *world) pass() {
	w.advance(w.now())
	now := w.now().Unix()
	for _, session := range w.list("checkout.session", is("status", "open")) {
		if number(session, "expires_at") <= now {
			w.expireSession(session)
		}
	}
	w.endRefunds()
}
