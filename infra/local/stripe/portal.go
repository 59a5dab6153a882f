package stripe

import "strings"

func createConfiguration(c *call) (any, *apiError) {
	w := c.w
	features, failure := c.features(object{})
	if failure != nil {
		return nil, failure
	}
	configuration := object{"id": newID("bpc_"), "object": "billing_portal.configuration", "active": true, "application": nil,
		"business_profile":   object{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil},
		"default_return_url": nil, "features": features, "is_default": false,
		"login_page": object{"enabled": false, "url": nil}, "metadata": object{}}
	c.describe(configuration)
	configuration["updated"] = w.now().Unix()
	w.add(configuration)
	w.emit("billing_portal.configuration.created", withoutProducts(configuration))
	return c.shownConfiguration(configuration), nil
}

func updateConfiguration(c *call) (any, *apiError) {
	configuration, failure := c.named("billing_portal.configuration")
	if failure != nil {
		return nil, failure
	}
	features, failure := c.features(part(configuration, "features"))
	if failure != nil {
		return nil, failure
	}
	configuration["features"] = features
	c.describe(configuration)
	if c.form.has("active") {
		configuration["active"] = c.form.truth("active")
	}
	configuration["updated"] = c.w.now().Unix()
	c.w.emit("billing_portal.configuration.updated", withoutProducts(configuration))
	return c.shownConfiguration(configuration), nil
}

func retrieveConfiguration(c *call) (any, *apiError) {
	configuration, failure := c.named("billing_portal.configuration")
	if failure != nil {
		return nil, failure
	}
	return c.shownConfiguration(configuration), nil
}

func listConfigurations(c *call) (any, *apiError) {
	var shown []object
	for _, o := range c.w.list("billing_portal.configuration", nil) {
		if (!c.form.has("active") || truth(o, "active") == c.form.truth("active")) &&
			(!c.form.has("is_default") || truth(o, "is_default") == c.form.truth("is_default")) {
			shown = append(shown, c.shownConfiguration(o))
		}
	}
	return c.page("/v1/billing_portal/configurations", shown)
}

// shownConfiguration leaves out the products, which Stripe tells only if asked to expand them.
func (c *call) shownConfiguration(configuration object) object {
	for _, path := range c.form.texts("expand") {
		if strings.HasSuffix(path, "features.subscription_update.products") {
			return configuration
		}
	}
	return withoutProducts(configuration)
}

func withoutProducts(configuration object) object {
	shown, _ := copyOf(configuration).(object)
	delete(part(shown, "features.subscription_update"), "products")
	return shown
}

// describe takes what a form says about a configuration beside its features.
func (c *call) describe(configuration object) {
	for _, field := range []string{"headline", "privacy_policy_url", "terms_of_service_url"} {
		if path := "business_profile." + field; c.form.has(path) {
			part(configuration, "business_profile")[field] = orNil(c.form.text(path))
		}
	}
	if c.form.has("default_return_url") {
		configuration["default_return_url"] = orNil(c.form.text("default_return_url"))
	}
	if c.form.has("metadata") {
		configuration["metadata"] = c.form.part("metadata").change(part(configuration, "metadata"))
	}
}

// features gives all features of a configuration: what the form says, else what was, else what Stripe sets.
func (c *call) features(was object) (object, *apiError) {
	f := c.form.part("features")
	enabled := func(feature string) bool {
		if path := feature + ".enabled"; f.has(path) {
			return f.truth(path)
		}
		return truth(was, feature+".enabled")
	}
	choice := func(path, usual string) string { return f.textOr(path, textOr(was, path, usual)) }
	texts := func(path string) any {
		if f.has(path) {
			return list(f.texts(path))
		}
		if before, ok := at(was, path).([]any); ok {
			return before
		}
		return []any{}
	}
	products, failure := c.products(was)
	if failure != nil {
		return nil, failure
	}
	return object{
		"customer_update":       object{"allowed_updates": texts("customer_update.allowed_updates"), "enabled": enabled("customer_update")},
		"invoice_history":       object{"enabled": enabled("invoice_history")},
		"payment_method_update": object{"enabled": enabled("payment_method_update")},
		"subscription_cancel": object{"enabled": enabled("subscription_cancel"),
			"cancellation_reason": object{"enabled": enabled("subscription_cancel.cancellation_reason"),
				"options": texts("subscription_cancel.cancellation_reason.options")},
			"mode": choice("subscription_cancel.mode", "at_period_end"), "proration_behavior": choice("subscription_cancel.proration_behavior", "none")},
		"subscription_pause": object{"enabled": enabled("subscription_pause")},
		"subscription_update": object{"default_allowed_updates": texts("subscription_update.default_allowed_updates"),
			"enabled": enabled("subscription_update"), "products": products,
			"proration_behavior": choice("subscription_update.proration_behavior", "none")},
	}, nil
}

// products reads what a subscription may be changed to. A portal shows one price of a product for each interval, as Stripe does.
func (c *call) products(was object) (any, *apiError) {
	const path = "features.subscription_update.products"
	if !c.form.has(path) {
		return at(was, "subscription_update.products"), nil
	}
	products := []any{}
	for _, asked := range c.form.list(path) {
		product := c.w.get(asked.text("product"))
		if text(product, "object") != "product" {
			return nil, unknown("product", asked.text("product"), "features[subscription_update][products][0][product]")
		}
		intervals := map[string]bool{}
		for _, id := range asked.texts("prices") {
			price := c.w.get(id)
			if text(price, "object") != "price" || price["product"] != product["id"] {
				return nil, invalid("features[subscription_update][products]", "The price `%s` does not belong to the product `%s`.", id, product["id"])
			}
			interval := text(price, "recurring.interval")
			if intervals[interval] {
				return nil, invalid("features[subscription_update][products]",
					"The prices of a product in the portal must each have another billing interval; two are for each %s.", interval)
			}
			intervals[interval] = true
		}
		products = append(products, object{"product": product["id"], "prices": list(asked.texts("prices"))})
	}
	return products, nil
}

// list makes a list as objects hold it.
func list(values []string) []any {
	all := []any{}
	for _, value := range values {
		all = append(all, value)
	}
	return all
}

func createPortalSession(c *call) (any, *apiError) {
	customer, failure := c.given("customer", "customer")
	if failure != nil {
		return nil, failure
	}
	if c.form.has("flow_data") {
		return nil, invalid("flow_data", "This stand-in's portal has no flows.")
	}
	if !c.form.has("configuration") {
		// What the API makes is never the default: that one is saved by hand on the Dashboard.
		return nil, invalid("", "No configuration provided and your test mode default configuration has not been created. Provide a "+
			"configuration or create your default by saving your customer portal settings in test mode at "+
			"https://dashboard.stripe.com/test/settings/billing/portal.")
	}
	configuration, failure := c.given("billing_portal.configuration", "configuration")
	if failure != nil {
		return nil, failure
	}
	if !truth(configuration, "active") {
		return nil, invalid("configuration", "The configuration `%s` is not active.", configuration["id"])
	}
	id := newID("bps_")
	session := c.w.add(object{"id": id, "object": "billing_portal.session", "configuration": configuration["id"], "customer": customer["id"],
		"flow": nil, "locale": orNil(c.form.text("locale")), "on_behalf_of": nil,
		"return_url": orNil(c.form.textOr("return_url", text(configuration, "default_return_url"))),
		"url":        c.w.config.Origin + "/p/session/" + id})
	c.w.emit("billing_portal.session.created", session)
	return session, nil
}
