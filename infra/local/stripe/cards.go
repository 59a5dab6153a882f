package stripe

// behavior is what a test card makes of a payment.
type behavior struct{}

// charge makes a payment.
func (w *world) charge(customer, paymentMethod string, amount int64, currency string, more object) (intent object, declined *apiError) {
	return nil, nil
}
