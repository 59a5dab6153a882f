package stripe

func (w *world) endRefunds()                                             {}
func (w *world) dispute(made object, reason string, inquiry bool) object { return nil }
func (w *world) warn(made object) object                                 { return nil }
