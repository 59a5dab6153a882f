package stripe

// control adds the endpoints by which tests arrange what Stripe does by itself.
func (s *Server) control() {}
