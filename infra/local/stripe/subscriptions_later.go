package stripe

import "time"

// What subscriptions add; each is replaced by the real one.

func subscriptionRoutes() map[string]handler { return nil }

func (w *world) subscribe(session object, paymentMethod string) *apiError { return nil }

func (w *world) endSubscriptions(customer string) {}

func (w *world) advance(to time.Time) {}
