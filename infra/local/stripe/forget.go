package stripe

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// personal are the fields in which Stripe's objects say who somebody is.
var personal = []string{"name", "email", "phone", "address", "shipping", "tax_ids",
	"customer_name", "customer_email", "customer_phone", "customer_address", "customer_shipping", "shipping_details", "receipt_email",
	"customer_email_address", "billing_address", "shipping_address", "comment"}

// forget blanks who a deleted customer was in all that a world keeps: payment methods, Checkout sessions, invoices, charges,
// disputes, events and answers. That is more than Stripe does when a customer is deleted: it goes on showing all of these as
// they were, until a redaction job is run, which then blanks what is blanked here (docs.stripe.com/privacy/redaction). Doing it
// at once lets tests look for what nobody blanked.
func (w *world) forget(customer string) {
	about := w.about(customer)
	for id := range about {
		if w.objects[id]["object"] == "billing_portal.session" {
			w.remove(id)
			continue
		}
		blank(w.objects[id])
		if sold := w.sales[id]; sold != nil {
			sold.form = form{}
		}
	}
	for _, told := range w.events {
		if about[text(told.event, "data.object.id")] {
			blankEvent(told.event)
		}
	}
	for key, given := range w.answers {
		if given.isAbout(about) {
			given.body = blanked(given.body)
			w.answers[key] = given
		}
	}
}

// about gives the ids of all that belongs to a customer, also what did once, as events tell: a dispute is the customer's by its
// charge, a payment method by whatever was tried with it.
func (w *world) about(customer string) map[string]bool {
	ids := map[string]bool{customer: true}
	of := func(o object) {
		for _, owner := range []string{"customer", "charge", "payment_intent"} {
			if id := text(o, "id"); id != "" && ids[text(o, owner)] {
				ids[id] = true
				methodsIn(o, ids)
			}
		}
	}
	for range 2 { // charges first, then what is about them
		for _, id := range w.order {
			of(w.objects[id])
		}
		for _, told := range w.events {
			of(part(told.event, "data.object"))
		}
	}
	return ids
}

// methodsIn adds the payment methods that an object names.
func methodsIn(value any, ids map[string]bool) {
	switch value := value.(type) {
	case object:
		for _, inner := range value {
			methodsIn(inner, ids)
		}
	case string:
		if strings.HasPrefix(value, "pm_") {
			ids[value] = true
		}
	}
}

// blank makes the personal fields null, all the way down.
func blank(value any) {
	switch value := value.(type) {
	case object:
		for field, inner := range value {
			if slices.Contains(personal, field) {
				value[field] = nil
			} else {
				blank(inner)
			}
		}
		if value["object"] == "customer" && value["metadata"] != nil {
			value["description"], value["metadata"] = nil, object{}
		}
	case []any:
		for _, inner := range value {
			blank(inner)
		}
	case []object:
		for _, inner := range value {
			blank(inner)
		}
	}
}

func blankEvent(event object) {
	if text(event, "data.object.object") == "customer" {
		if before := part(event, "data.previous_attributes"); before != nil {
			clear(before)
		}
	}
	blank(event)
}

func (a answer) isAbout(ids map[string]bool) bool {
	for id := range ids {
		if bytes.Contains(a.body, []byte(`"`+id+`"`)) {
			return true
		}
	}
	return false
}

// blanked gives the text of an answer without what is personal.
func blanked(body []byte) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(err) // answers are JSON: a mistake in this package
	}
	blank(value)
	return encoded(value)
}
