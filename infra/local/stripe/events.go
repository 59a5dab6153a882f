package stripe

import (
	"math/rand/v2"
	"slices"
)

// happening is an event with what became of telling it.
type happening struct {
	event     object
	delivered int // how often an endpoint took it
	failed    int // how often one did not
	underWay  int // how many tellings may still be tried
	held      bool
	lost      bool
}

// switches say how events are told, beside the truth.
type switches struct {
	Lose      float64 `json:"lose"`      // the share of events that are never told
	Duplicate int     `json:"duplicate"` // how many times more each is told
	DelayMS   int     `json:"delay_ms"`  // how long each waits
	Reorder   bool    `json:"reorder"`   // each waits up to two seconds by chance
	Hold      bool    `json:"hold"`      // none is told until POST /_control/deliver names it
}

// emit records an event about a copy of the object and tells it to the webhook endpoints that want its type.
func (w *world) emit(eventType string, o object) {
	w.emitChange(eventType, o, nil)
}

// emitChange is emit for an update: previous holds the former values of the fields that changed.
func (w *world) emitChange(eventType string, o, previous object) {
	data := object{"object": copyOf(o)}
	if previous != nil {
		data["previous_attributes"] = copyOf(previous)
	}
	endpoints := w.listeners(eventType)
	event := w.add(object{
		"id":               newID("evt_"),
		"object":           "event",
		"api_version":      Version,
		"data":             data,
		"pending_webhooks": len(endpoints),
		"request":          object{"id": orNil(w.request.id), "idempotency_key": orNil(w.request.key)},
		"type":             eventType,
	})
	told := &happening{event: event}
	w.events = append(w.events, told)
	switch {
	case w.switches.Hold:
		told.held = true
	case w.switches.Lose > 0 && rand.Float64() < w.switches.Lose:
		told.lost = true
	default:
		w.tell(told, endpoints)
	}
}

// listeners are the enabled webhook endpoints that want the type.
func (w *world) listeners(eventType string) []object {
	return w.list("webhook_endpoint", func(o object) bool {
		wanted := texts(o, "enabled_events")
		return o["status"] == "enabled" && (slices.Contains(wanted, "*") || slices.Contains(wanted, eventType))
	})
}

// tell sends an event to the endpoints, as often and as late as the switches say.
func (w *world) tell(told *happening, endpoints []object) {
	for _, endpoint := range endpoints {
		for range 1 + w.switches.Duplicate {
			wait := w.switches.DelayMS
			if w.switches.Reorder {
				wait += rand.IntN(2000)
			}
			told.underWay++
			w.send(posting{world: w, told: told, endpoint: text(endpoint, "id"), wait: wait})
		}
	}
}

// chosen gives the events with these ids, in their order; without ids all that are held or lost, oldest first.
func (w *world) chosen(ids []string) []*happening {
	var found []*happening
	if len(ids) == 0 {
		for _, told := range w.events {
			if told.held || told.lost {
				found = append(found, told)
			}
		}
		return found
	}
	for _, id := range ids {
		if i := slices.IndexFunc(w.events, func(told *happening) bool { return told.event["id"] == id }); i >= 0 {
			found = append(found, w.events[i])
		}
	}
	return found
}

func eventRoutes() map[string]handler {
	return map[string]handler{
		"GET /v1/events": func(c *call) (any, *apiError) {
			wanted := append(c.form.texts("types"), c.form.text("type"))
			return c.page("/v1/events", c.w.list("event", func(o object) bool {
				return slices.Equal(wanted, []string{""}) || slices.Contains(wanted, text(o, "type"))
			}))
		},
		"GET /v1/events/{id}": retrieve("event"),
	}
}
