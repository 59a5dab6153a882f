package stripe

// lineItems are what a Checkout session sells.
func (w *world) lineItems(session string) []object { return w.list("item", is("session", session)) }

// pages adds what people see.
func (s *Server) pages() {}
