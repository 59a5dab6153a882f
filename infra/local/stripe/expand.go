package stripe

import "strings"

// expanded gives a copy of a result in which the paths of expand[] are objects instead of ids.
func (w *world) expanded(result any, paths []string) (any, *apiError) {
	result = copyOf(result)
	if len(paths) > 20 {
		return nil, invalid("expand", "You may only expand up to 20 properties at once.")
	}
	for _, path := range paths {
		steps := strings.Split(path, ".")
		depth := len(steps)
		if steps[0] == "data" {
			depth--
		}
		if depth > 4 {
			return nil, invalid("expand", "You cannot expand more than 4 levels of a property: %s", path)
		}
		if failure := w.expand(result, steps, path); failure != nil {
			return nil, failure
		}
	}
	return result, nil
}

func (w *world) expand(value any, steps []string, path string) *apiError {
	switch value := value.(type) {
	case []any:
		for _, each := range value {
			if failure := w.expand(each, steps, path); failure != nil {
				return failure
			}
		}
		return nil
	case object:
		return w.expandIn(value, steps, path)
	}
	return invalid("expand", "This property cannot be expanded (%s).", path)
}

func (w *world) expandIn(o object, steps []string, path string) *apiError {
	field := steps[0]
	inner, present := o[field]
	if !present {
		if included, can := w.include(o, field); can {
			inner, present = copyOf(included), true
		}
	}
	if !present {
		if truth(o, "deleted") {
			return nil
		}
		return invalid("expand", "This property cannot be expanded (%s).", path)
	}
	if id, isID := inner.(string); isID {
		found := w.get(id)
		if found == nil {
			return invalid("expand", "This property cannot be expanded (%s).", path)
		}
		inner = copyOf(found)
	}
	if !expandable(inner) {
		return invalid("expand", "This property cannot be expanded (%s).", path)
	}
	o[field] = inner
	if inner == nil || len(steps) == 1 {
		return nil
	}
	return w.expand(inner, steps[1:], path)
}

// expandable says whether a field's value could be the object of an id, or leads to one.
func expandable(value any) bool {
	switch value.(type) {
	case nil, object, []any:
		return true
	}
	return false
}

// include gives what an object holds only when asked for it.
func (w *world) include(o object, field string) (any, bool) {
	id := text(o, "id")
	switch text(o, "object") + "." + field {
	case "charge.refunds":
		return envelope("/v1/charges/"+id+"/refunds", w.list("refund", is("charge", id))), true
	case "checkout.session.line_items":
		return envelope("/v1/checkout/sessions/"+id+"/line_items", w.lineItems(id)), true
	case "customer.subscriptions":
		return envelope("/v1/customers/"+id+"/subscriptions", w.list("subscription", func(o object) bool {
			return o["customer"] == id && o["status"] != "canceled"
		})), true
	}
	return nil, false
}

// envelope is a list as an object holds it.
func envelope(path string, data []object) object {
	if data == nil {
		data = []object{}
	}
	return object{"object": "list", "data": data, "has_more": false, "url": path}
}
