package stripe

import (
	"fmt"
)

// Pack is something that a customer pays once, with the metadata that the seller's Checkout session wrote.
type Pack struct {
	Customer string
	Metadata map[string]string
	Amount   int64 // in minor units of Currency
	Currency string
}

// Seed lets packs have been paid by card in the world of a secret key, many at once and without an event for each, and gives
// the ids of their payment intents in the same order. It fails for what is no secret key.
func (s *Server) Seed(key string, packs []Pack) (intents []string, err error) {
	w, fits := s.worldOf(key)
	if !fits {
		return nil, fmt.Errorf("the payments belong to no secret key")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	card := entered{number: "4242424242424242", country: "US", month: 12, year: w.now().Year() + 3}
	method := text(w.paymentMethod(card, ""), "id")
	// One is paid like any other; the rest are its copies.
	first, failure := w.charge("", method, 100, "usd", nil)
	if failure != nil {
		return nil, fmt.Errorf("the first payment is refused: %s", failure.message)
	}
	for _, pack := range packs {
		intents = append(intents, w.copyPayment(first, pack))
	}
	return intents, nil
}

// copyPayment adds an intent and its charge that differ from a paid one in who paid how much for what.
func (w *world) copyPayment(first object, pack Pack) string {
	metadata := object{}
	for name, value := range pack.Metadata {
		metadata[name] = value
	}
	intent, id := newID("pi_"), newID("ch_")
	add := func(of object, differs object) {
		o, _ := copyOf(of).(object)
		o["customer"], o["metadata"], o["amount"], o["currency"] = pack.Customer, metadata, pack.Amount, pack.Currency
		w.add(with(o, differs))
	}
	add(first, object{"id": intent, "latest_charge": id, "amount_received": pack.Amount})
	add(w.get(text(first, "latest_charge")), object{"id": id, "payment_intent": intent, "amount_captured": pack.Amount})
	return intent
}
