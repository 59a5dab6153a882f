package stripe

import "time"

// clockRoutes are test clocks. At Stripe a clock moves the customers that were made with it; here it moves the whole world,
// which goes on from there. A world's time never goes back.
func clockRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/test_helpers/test_clocks": createClock,
		"GET /v1/test_helpers/test_clocks": func(c *call) (any, *apiError) {
			return c.page("/v1/test_helpers/test_clocks", c.w.list("test_helpers.test_clock", nil))
		},
		"GET /v1/test_helpers/test_clocks/{id}":          retrieve("test_helpers.test_clock"),
		"POST /v1/test_helpers/test_clocks/{id}/advance": advanceClock,
		"DELETE /v1/test_helpers/test_clocks/{id}": func(c *call) (any, *apiError) {
			clock, failure := c.named("test_helpers.test_clock")
			if failure != nil {
				return nil, failure
			}
			c.w.remove(text(clock, "id"))
			c.w.emit("test_helpers.test_clock.deleted", clock)
			return object{"id": clock["id"], "object": "test_helpers.test_clock", "deleted": true}, nil
		},
	}
}

func createClock(c *call) (any, *apiError) {
	if !c.form.has("frozen_time") {
		return nil, missing("frozen_time")
	}
	to := time.Unix(c.form.number("frozen_time"), 0)
	c.w.advance(to)
	c.w.pass()
	clock := c.w.add(object{"id": newID("clock_"), "object": "test_helpers.test_clock", "deletes_after": to.Unix() + 30*secondsOfDay,
		"frozen_time": to.Unix(), "name": orNil(c.form.text("name")), "status": "ready"})
	c.w.emit("test_helpers.test_clock.created", clock)
	return clock, nil
}

// advanceClock is over when all that was due has happened, so the clock is ready again at once.
func advanceClock(c *call) (any, *apiError) {
	clock, failure := c.named("test_helpers.test_clock")
	if failure != nil {
		return nil, failure
	}
	to := c.form.number("frozen_time")
	if to <= number(clock, "frozen_time") {
		return nil, invalid("frozen_time", "The frozen_time must be after the clock's present frozen_time.")
	}
	clock["frozen_time"], clock["status"] = to, "advancing"
	c.w.emit("test_helpers.test_clock.advancing", clock)
	c.w.advance(time.Unix(to, 0))
	c.w.pass()
	clock["status"] = "ready"
	c.w.emit("test_helpers.test_clock.ready", clock)
	return clock, nil
}
