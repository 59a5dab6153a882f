package stripe

import "net/url"

// newestVersion is what an endpoint speaks that was made without naming a version: an account's default moves on, and with
// it the shape of what is sent. Here only the number moves, which is enough for a careful receiver to refuse it.
const newestVersion = "2025-03-31.basil"

func endpointRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/webhook_endpoints": createEndpoint,
		"GET /v1/webhook_endpoints": func(c *call) (any, *apiError) {
			var shown []object
			for _, endpoint := range c.w.list("webhook_endpoint", nil) {
				shown = append(shown, withoutSecret(endpoint))
			}
			return c.page("/v1/webhook_endpoints", shown)
		},
		"GET /v1/webhook_endpoints/{id}": func(c *call) (any, *apiError) {
			endpoint, failure := c.named("webhook_endpoint")
			return withoutSecret(endpoint), failure
		},
		"POST /v1/webhook_endpoints/{id}":   updateEndpoint,
		"DELETE /v1/webhook_endpoints/{id}": deleteEndpoint,
	}
}

// withoutSecret is how an endpoint is shown after its creation.
func withoutSecret(endpoint object) object {
	shown := with(endpoint, nil)
	delete(shown, "secret")
	return shown
}

func createEndpoint(c *call) (any, *apiError) {
	f := c.form
	if parsed, err := url.Parse(f.text("url")); err != nil || parsed.Host == "" {
		return nil, invalid("url", "Invalid URL: An explicit scheme (such as https) must be provided.")
	}
	if len(f.texts("enabled_events")) == 0 {
		return nil, missing("enabled_events")
	}
	return c.w.endpoint(f.text("url"), "whsec_"+newHex(16), f.textOr("api_version", newestVersion), f.texts("enabled_events"), f), nil
}

// endpoint stores a webhook endpoint that is told of the types of events, "*" for all.
func (w *world) endpoint(address, secret, version string, types []string, more form) object {
	return w.add(object{"id": newID("we_"), "object": "webhook_endpoint", "api_version": version, "application": nil,
		"description": orNil(more.text("description")), "enabled_events": types, "metadata": more.metadata(),
		"secret": secret, "status": "enabled", "url": address})
}

func updateEndpoint(c *call) (any, *apiError) {
	endpoint, failure := c.named("webhook_endpoint")
	if failure != nil {
		return nil, failure
	}
	c.update(endpoint, "description")
	if c.form.has("url") {
		endpoint["url"] = c.form.text("url")
	}
	if types := c.form.texts("enabled_events"); len(types) > 0 {
		endpoint["enabled_events"] = types
	}
	if c.form.has("disabled") {
		endpoint["status"] = map[bool]string{true: "disabled", false: "enabled"}[c.form.truth("disabled")]
	}
	return withoutSecret(endpoint), nil
}

func deleteEndpoint(c *call) (any, *apiError) {
	endpoint, failure := c.named("webhook_endpoint")
	if failure != nil {
		return nil, failure
	}
	c.w.remove(text(endpoint, "id"))
	return object{"id": endpoint["id"], "object": "webhook_endpoint", "deleted": true}, nil
}
