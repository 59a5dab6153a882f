package main

import (
	"nanoflux.ai/backend/infra/local/process"
	"nanoflux.ai/backend/infra/local/stripe"
)

func (r *runner) startStripe() error {
	listener, err := process.Listen(port(r.wished.Stripe))
	if err != nil {
		return err
	}
	r.at.Stripe = origin(listener)
	server := stripe.New(stripe.Config{Origin: r.at.Stripe, Now: r.clock.now})
	r.onStop(server.Close)
	r.answer(server, listener)
	return nil
}
