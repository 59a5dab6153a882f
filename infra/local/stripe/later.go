package stripe

// What the files to come replace.

func (w *world) subscriptionData(string) form { return form{} }
