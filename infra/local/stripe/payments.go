package stripe

import "slices"

// charge takes an amount from a payment method, by the rules of its test card: it makes a payment intent and its charge and
// tells of both. More holds what the intent shall know besides: metadata, invoice, description; with "intent" an earlier
// intent is tried again. A declined payment still leaves its intent, unless there was nothing to take it from.
func (w *world) charge(customer, paymentMethod string, amount int64, currency string, more object) (intent object, refused *apiError) {
	method := w.get(paymentMethod)
	if method == nil {
		return nil, coded("resource_missing", "", "This customer has no attached payment source or default payment method.")
	}
	if intent = w.get(text(more, "intent")); intent == nil {
		intent = w.newIntent(customer, amount, currency, more)
	}
	intent["payment_method"] = paymentMethod
	card := w.cards[paymentMethod]
	switch {
	case card.authenticate != "" && !card.confirmed:
		return intent, w.refuse(intent, nil, declined("authentication_required", "authentication_required"))
	case card.code != "" && !card.later:
		failure := declined(card.code, card.reason)
		return intent, w.refuse(intent, w.newCharge(intent, method, failure), failure)
	}
	card.later = false
	card.confirmed = card.authenticate == "once"
	w.cards[paymentMethod] = card
	made := w.newCharge(intent, method, nil)
	if card.bank {
		made["status"], made["paid"], made["balance_transaction"] = "pending", false, nil
		intent["status"] = "processing"
		w.emit("charge.pending", made)
		w.emit("payment_intent.processing", intent)
		return intent, nil
	}
	w.succeed(intent, made)
	switch card.after {
	case "dispute":
		w.dispute(made, "fraudulent", false)
	case "warning":
		w.warn(made)
	}
	return intent, nil
}

// succeed is the end of a payment that went well.
func (w *world) succeed(intent, made object) {
	made["status"], made["paid"], made["captured"] = "succeeded", true, true
	made["amount_captured"] = made["amount"]
	made["balance_transaction"] = w.entry(text(made, "id"), "charge", number(made, "amount"), text(made, "currency"))
	intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
	intent["last_payment_error"], intent["next_action"] = nil, nil
	w.emit("charge.succeeded", made)
	w.emit("payment_intent.succeeded", intent)
}

// refuse is the end of an attempt to pay; made is the failed charge, nil where it did not come so far.
func (w *world) refuse(intent, made object, failure *apiError) *apiError {
	told := with(object{"type": failure.kind, "code": failure.code, "message": failure.message,
		"doc_url": "https://stripe.com/docs/error-codes/" + failure.code, "payment_method": copyOf(w.get(text(intent, "payment_method")))},
		failure.more)
	if made != nil {
		told["charge"] = made["id"]
		w.emit("charge.failed", made)
	}
	intent["status"], intent["payment_method"], intent["next_action"] = "requires_payment_method", nil, nil
	intent["last_payment_error"] = told
	w.emit("payment_intent.payment_failed", intent)
	failure.more = with(object{"payment_intent": copyOf(intent)}, failure.more)
	return failure
}

func (w *world) newIntent(customer string, amount int64, currency string, more object) object {
	id := newID("pi_")
	metadata := part(more, "metadata")
	if metadata == nil {
		metadata = object{}
	}
	intent := w.add(object{"id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0,
		"amount_details": object{"tip": object{}}, "amount_received": 0, "application": nil, "application_fee_amount": nil,
		"automatic_payment_methods": nil, "canceled_at": nil, "cancellation_reason": nil, "capture_method": "automatic",
		"client_secret": id + "_secret_" + newHex(12), "confirmation_method": "automatic", "currency": currency,
		"customer": orNil(customer), "description": orNil(text(more, "description")), "invoice": orNil(text(more, "invoice")),
		"last_payment_error": nil, "latest_charge": nil, "metadata": copyOf(metadata), "next_action": nil, "on_behalf_of": nil,
		"payment_method": nil, "payment_method_configuration_details": nil, "payment_method_options": object{},
		"payment_method_types": []any{"card"}, "processing": nil, "receipt_email": nil, "review": nil, "setup_future_usage": nil,
		"shipping": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": "requires_payment_method",
		"transfer_data": nil, "transfer_group": nil})
	w.emit("payment_intent.created", intent)
	return intent
}

// newCharge makes the charge of an intent; failure says why it failed, nil for one that goes well.
func (w *world) newCharge(intent, method object, failure *apiError) object {
	kind := text(method, "type")
	details := with(part(method, kind), object{})
	if kind == "card" {
		delete(details, "display_brand")
		delete(details, "generated_from")
		delete(details, "networks")
		delete(details, "three_d_secure_usage")
		details = with(details, object{"amount_authorized": intent["amount"], "installments": nil, "mandate": nil,
			"network": details["brand"], "three_d_secure": nil})
	} else {
		for _, field := range []string{"financial_connections_account", "networks", "status_details"} {
			delete(details, field)
		}
	}
	id := newID("ch_")
	made := w.add(object{"id": id, "object": "charge", "amount": intent["amount"], "amount_captured": 0, "amount_refunded": 0,
		"application": nil, "application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil,
		"billing_details": copyOf(method["billing_details"]), "calculated_statement_descriptor": "STAND-IN", "captured": false,
		"currency": intent["currency"], "customer": intent["customer"], "description": intent["description"], "disputed": false,
		"failure_balance_transaction": nil, "failure_code": nil, "failure_message": nil, "fraud_details": object{},
		"invoice": intent["invoice"], "metadata": copyOf(intent["metadata"]), "on_behalf_of": nil,
		"outcome": object{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "risk_score": 7,
			"seller_message": "Payment complete.", "type": "authorized"},
		"paid": false, "payment_intent": intent["id"], "payment_method": method["id"],
		"payment_method_details": object{kind: details, "type": kind}, "receipt_email": nil, "receipt_number": nil,
		"receipt_url": w.config.Origin + "/receipts/" + id, "refunded": false, "review": nil, "shipping": nil, "source_transfer": nil,
		"statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": "failed", "transfer_data": nil, "transfer_group": nil})
	if failure != nil {
		made["failure_code"], made["failure_message"] = failure.code, failure.message
		made["outcome"] = object{"network_status": "declined_by_network", "reason": orNil(text(failure.more, "decline_code")),
			"risk_level": "normal", "risk_score": 7, "seller_message": "The bank did not return any further details with this decline.",
			"type": "issuer_declined"}
	}
	intent["latest_charge"] = id
	return made
}

// entry notes money in the account's balance and gives the id of the note.
func (w *world) entry(source, kind string, amount int64, currency string) string {
	fee := int64(0)
	if kind == "charge" {
		fee = amount*29/1000 + 30
	}
	noted := w.add(object{"id": newID("txn_"), "object": "balance_transaction", "amount": amount, "available_on": w.now().Unix(),
		"currency": currency, "description": nil, "exchange_rate": nil, "fee": fee, "fee_details": []any{}, "net": amount - fee,
		"reporting_category": kind, "source": source, "status": "available", "type": kind})
	delete(noted, "livemode") // Stripe leaves it out of these
	return text(noted, "id")
}

func paymentRoutes() map[string]handler {
	return map[string]handler{
		"GET /v1/payment_intents": func(c *call) (any, *apiError) {
			return c.page("/v1/payment_intents", c.w.list("payment_intent", c.filter("customer")))
		},
		"GET /v1/payment_intents/search": search("payment_intent", "/v1/payment_intents/search"),
		"GET /v1/payment_intents/{id}":   retrieve("payment_intent"),
		"POST /v1/payment_intents/{id}": func(c *call) (any, *apiError) {
			intent, failure := c.named("payment_intent")
			if failure == nil {
				c.update(intent, "description")
			}
			return intent, failure
		},
		"POST /v1/payment_intents/{id}/cancel": cancelIntent,
		"GET /v1/charges": func(c *call) (any, *apiError) {
			return c.page("/v1/charges", c.w.list("charge", c.filter("customer", "payment_intent")))
		},
		"GET /v1/charges/search": search("charge", "/v1/charges/search"),
		"GET /v1/charges/{id}":   retrieve("charge"),
	}
}

func cancelIntent(c *call) (any, *apiError) {
	intent, failure := c.named("payment_intent")
	if failure != nil {
		return nil, failure
	}
	if !slices.Contains([]string{"requires_payment_method", "requires_action", "requires_confirmation"}, text(intent, "status")) {
		return nil, coded("payment_intent_unexpected_state", "",
			"You cannot cancel this PaymentIntent because it has a status of %s.", intent["status"])
	}
	intent["status"], intent["canceled_at"] = "canceled", c.w.now().Unix()
	intent["cancellation_reason"] = orNil(c.form.text("cancellation_reason"))
	c.w.emit("payment_intent.canceled", intent)
	return intent, nil
}
