package stripe

import (
	"cmp"
	"strings"
)

// buy pays an open session with what was entered. It gives where the buyer goes next: to the seller, or to confirm. The
// error is told to the buyer, who may try again.
func (w *world) buy(session object, card entered) (next string, refused *apiError) {
	id := text(session, "id")
	if session["customer"] == nil && session["customer_creation"] == "always" {
		made, failure := createCustomer(&call{w: w, form: form{"email": text(session, "customer_email")}})
		if failure != nil {
			return "", failure
		}
		customer, _ := made.(object)
		session["customer"] = customer["id"]
	}
	holder := ""
	if session["mode"] == "subscription" {
		holder = text(session, "customer")
	}
	method := text(w.paymentMethod(card, holder), "id")
	if w.cards[method].authenticate != "" {
		w.sales[id].toConfirm = method
		w.awaitConfirmation(session, method)
		return w.config.Origin + "/c/confirm/" + id, nil
	}
	return w.finish(session, method)
}

// awaitConfirmation shows in a pack's intent that its buyer is asked to confirm.
func (w *world) awaitConfirmation(session object, method string) {
	if session["mode"] != "payment" {
		return
	}
	intent := w.intentOf(session)
	page := w.config.Origin + "/c/confirm/" + text(session, "id")
	intent["status"], intent["payment_method"] = "requires_action", method
	intent["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{"return_url": page, "url": page}}
	w.emit("payment_intent.requires_action", intent)
}

// intentOf gives the intent of a session of mode payment, which it has from the first attempt on.
func (w *world) intentOf(session object) object {
	if intent := w.get(text(session, "payment_intent")); intent != nil {
		return intent
	}
	data := w.sales[text(session, "id")].form.part("payment_intent_data")
	intent := w.newIntent(text(session, "customer"), number(session, "amount_total"), text(session, "currency"),
		object{"metadata": data.metadata(), "description": data.text("description")})
	session["payment_intent"] = intent["id"]
	return intent
}

// confirm ends the confirmation of a payment, well or not.
func (w *world) confirm(session object, agreed bool) (next string, refused *apiError) {
	sold := w.sales[text(session, "id")]
	method := sold.toConfirm
	if method == "" {
		return "", invalid("", "Nothing waits for a confirmation here.")
	}
	sold.toConfirm = ""
	if agreed {
		card := w.cards[method]
		card.confirmed = true
		w.cards[method] = card
		return w.finish(session, method)
	}
	failure := coded("payment_intent_authentication_failure", "",
		"We are unable to authenticate your payment method. Please choose a different payment method and try again.")
	failure.kind = "card_error"
	if intent := w.get(text(session, "payment_intent")); intent != nil {
		w.refuse(intent, nil, failure)
	}
	return "", failure
}

// finish takes the money and completes the session.
func (w *world) finish(session object, method string) (next string, refused *apiError) {
	status := "paid"
	if session["mode"] == "payment" {
		intent, failure := w.charge("", method, 0, "", object{"intent": w.intentOf(session)["id"]})
		if failure != nil {
			return "", failure
		}
		if intent["status"] != "succeeded" {
			status = "unpaid"
		}
	} else {
		if failure := w.subscribe(session, method); failure != nil {
			return "", failure
		}
		if number(w.get(text(session, "invoice")), "amount_due") == 0 {
			status = "no_payment_required"
		}
	}
	details := part(w.get(method), "billing_details")
	country := text(details, "address.country")
	if customer := w.get(text(session, "customer")); customer != nil && customer["email"] == nil && details["email"] != nil {
		customer["email"] = details["email"] // as Checkout does with who it knows no address of
		w.emitChange("customer.updated", customer, object{"email": nil})
	}
	if customer := w.get(text(session, "customer")); customer != nil &&
		w.sales[text(session, "id")].form.text("customer_update.address") == "auto" {
		customer["address"] = address(country)
		w.emit("customer.updated", customer)
	}
	session["status"], session["payment_status"], session["url"] = "complete", status, nil
	session["customer_details"] = object{"address": address(country), "email": cmp.Or(details["email"], session["customer_email"]), "name": details["name"], "phone": nil,
		"tax_exempt": "none", "tax_ids": []any{}}
	w.emit("checkout.session.completed", session)
	return w.returnTo(session), nil
}

// returnTo is the seller's page for who has paid.
func (w *world) returnTo(session object) string {
	return strings.ReplaceAll(text(session, "success_url"), "{CHECKOUT_SESSION_ID}", text(session, "id"))
}

// settleLater ends a payment that took days, well or not.
func (w *world) settleLater(session object, arrived bool) *apiError {
	intent := w.get(text(session, "payment_intent"))
	made := w.get(text(intent, "latest_charge"))
	if text(intent, "status") != "processing" {
		return invalid("session", "Nothing is on its way for this session.")
	}
	if arrived {
		w.succeed(intent, made)
		session["payment_status"] = "paid"
		w.emit("checkout.session.async_payment_succeeded", session)
		return nil
	}
	failure := declined("card_declined", "insufficient_funds")
	failure.message = "The bank account has too little money."
	made["status"], made["failure_code"], made["failure_message"] = "failed", "insufficient_funds", failure.message
	w.refuse(intent, made, failure)
	w.emit("checkout.session.async_payment_failed", session)
	return nil
}
