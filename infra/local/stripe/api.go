package stripe

import "maps"

// routes are all of the API, by the patterns of http.ServeMux.
func routes() map[string]handler {
	all := map[string]handler{}
	for _, some := range []map[string]handler{
		catalogueRoutes(),
		checkoutRoutes(),
		clockRoutes(),
		customerRoutes(),
		disputeRoutes(),
		endpointRoutes(),
		eventRoutes(),
		methodRoutes(),
		paymentRoutes(),
		refundRoutes(),
		subscriptionRoutes(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// retrieve makes the handler that gives the object of a kind that the path names.
func retrieve(kind string) handler {
	return func(c *call) (any, *apiError) {
		return c.named(kind)
	}
}

// named finds the object of a kind that the path's {id} names.
func (c *call) named(kind string) (object, *apiError) {
	found := c.w.get(c.path["id"])
	if found == nil || found["object"] != kind {
		return nil, unknown(kind, c.path["id"], "id")
	}
	return found, nil
}

// given finds the object of a kind that a parameter names; it is an error where the parameter is missing.
func (c *call) given(kind, param string) (object, *apiError) {
	id := c.form.text(param)
	if id == "" {
		return nil, missing(param)
	}
	found := c.w.get(id)
	if found == nil || found["object"] != kind || truth(found, "deleted") {
		return nil, unknown(kind, id, param)
	}
	return found, nil
}

// filter keeps what has the values that the form names: c.filter("customer", "status").
func (c *call) filter(fields ...string) func(object) bool {
	return func(o object) bool {
		for _, field := range fields {
			if asked := c.form.text(field); asked != "" && asked != text(o, field) {
				return false
			}
		}
		return true
	}
}
