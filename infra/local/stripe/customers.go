package stripe

import (
	"slices"
	"strings"
)

func customerRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/customers":        createCustomer,
		"GET /v1/customers/{id}":    retrieve("customer"),
		"POST /v1/customers/{id}":   updateCustomer,
		"DELETE /v1/customers/{id}": deleteCustomer,
		"GET /v1/customers/search":  search("customer", "/v1/customers/search"),
		"GET /v1/customers": func(c *call) (any, *apiError) {
			return c.page("/v1/customers", c.w.list("customer", func(o object) bool {
				return !truth(o, "deleted") && c.filter("email")(o)
			}))
		},
	}
}

func createCustomer(c *call) (any, *apiError) {
	customer := c.w.add(object{
		"id":                    newID("cus_"),
		"object":                "customer",
		"address":               c.givenAddress(),
		"balance":               c.form.number("balance"),
		"currency":              nil,
		"default_source":        nil,
		"delinquent":            false,
		"description":           orNil(c.form.text("description")),
		"discount":              nil,
		"email":                 orNil(c.form.text("email")),
		"invoice_prefix":        newID("")[:8],
		"invoice_settings":      object{"custom_fields": nil, "default_payment_method": nil, "footer": nil, "rendering_options": nil},
		"metadata":              c.form.metadata(),
		"name":                  orNil(c.form.text("name")),
		"next_invoice_sequence": 1,
		"phone":                 orNil(c.form.text("phone")),
		"preferred_locales":     []any{},
		"shipping":              c.givenShipping(),
		"tax_exempt":            "none",
		"test_clock":            orNil(c.form.text("test_clock")),
	})
	c.w.emit("customer.created", customer)
	return customer, nil
}

// givenShipping is who goods are sent to, nil where the form has none.
func (c *call) givenShipping() any {
	given := c.form.part("shipping")
	if len(given) == 0 {
		return nil
	}
	return object{"address": addressOf(given), "name": orNil(given.text("name")), "phone": orNil(given.text("phone"))}
}

// givenAddress is the address of the form, nil where it has none.
func (c *call) givenAddress() any { return addressOf(c.form) }

func addressOf(given form) any {
	given = given.part("address")
	if len(given) == 0 {
		return nil
	}
	made := address(given.text("country"))
	for field := range made {
		made[field] = orNil(given.text(field))
	}
	return made
}

func updateCustomer(c *call) (any, *apiError) {
	customer, failure := c.named("customer")
	if failure != nil {
		return nil, failure
	}
	if truth(customer, "deleted") {
		return nil, unknown("customer", c.path["id"], "id")
	}
	previous := object{}
	change := func(field string, value any) {
		previous[field] = customer[field]
		customer[field] = value
	}
	for _, field := range []string{"description", "email", "name", "phone"} {
		if c.form.has(field) {
			change(field, orNil(c.form.text(field)))
		}
	}
	if c.form.has("balance") {
		change("balance", c.form.number("balance"))
	}
	if c.form.has("address") {
		change("address", c.givenAddress())
	}
	if c.form.has("shipping") {
		change("shipping", c.givenShipping())
	}
	switch {
	case c.form.text("metadata") == "" && len(c.form.part("metadata")) == 0 && c.form.has("metadata"):
		change("metadata", object{}) // an empty value takes all away
	case c.form.has("metadata"):
		change("metadata", c.form.part("metadata").change(part(customer, "metadata")))
	}
	if c.form.has("invoice_settings.default_payment_method") {
		settings := with(part(customer, "invoice_settings"), object{
			"default_payment_method": orNil(c.form.text("invoice_settings.default_payment_method"))})
		change("invoice_settings", settings)
	}
	c.w.emitChange("customer.updated", customer, previous)
	return customer, nil
}

// deleteCustomer leaves what Stripe leaves: an object that says no more than that it is deleted. Its subscriptions end, its
// payment methods are nobody's, and its open pages cannot be paid any more.
func deleteCustomer(c *call) (any, *apiError) {
	customer, failure := c.named("customer")
	if failure != nil {
		return nil, failure
	}
	if truth(customer, "deleted") {
		return nil, unknown("customer", c.path["id"], "id")
	}
	id := text(customer, "id")
	for _, session := range c.w.list("checkout.session", is("customer", id)) {
		if session["status"] == "open" {
			c.w.expireSession(session)
		}
	}
	c.w.endSubscriptions(id)
	for _, method := range c.w.list("payment_method", is("customer", id)) {
		c.w.detach(method)
	}
	c.w.emit("customer.deleted", customer)
	c.w.forget(id)
	left := object{"id": customer["id"], "object": "customer", "deleted": true}
	clear(customer)
	for field, value := range left {
		customer[field] = value
	}
	return left, nil
}

// search makes the handler of Stripe's query language, as far as metadata goes: metadata['account']:'x' AND ….
func search(kind, path string) handler {
	return func(c *call) (any, *apiError) {
		query := c.form.text("query")
		if query == "" {
			return nil, missing("query")
		}
		var conditions [][2]string
		for condition := range strings.SplitSeq(query, " AND ") {
			field, value, ok := readCondition(strings.TrimSpace(condition))
			if !ok {
				return nil, invalid("query", "We were unable to parse your search query: %s", query)
			}
			conditions = append(conditions, [2]string{field, value})
		}
		found := c.w.list(kind, func(o object) bool {
			return !truth(o, "deleted") && !slices.ContainsFunc(conditions, func(each [2]string) bool {
				return text(o, each[0]) != each[1]
			})
		})
		given, failure := c.page(path, found)
		if failure != nil {
			return nil, failure
		}
		listed, _ := given.(object)
		listed["object"] = "search_result"
		listed["next_page"] = nil
		return listed, nil
	}
}

// readCondition reads metadata['account']:'x' or email:"x" as a path and a value.
func readCondition(condition string) (field, value string, ok bool) {
	field, value, ok = strings.Cut(condition, ":")
	if !ok || len(value) < 2 || value[0] != '\'' && value[0] != '"' || value[len(value)-1] != value[0] {
		return "", "", false
	}
	if name, within := strings.CutPrefix(field, "metadata["); within {
		name = strings.Trim(strings.TrimSuffix(name, "]"), `'"`)
		field = "metadata." + name
	}
	return field, value[1 : len(value)-1], true
}
