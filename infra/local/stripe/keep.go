package stripe

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// snapshot is a world as a file holds it. Switches and faults are not: they are a test's.
type snapshot struct {
	Key     string                `json:"key"`
	Shift   time.Duration         `json:"shift"`
	Objects []object              `json:"objects"` // oldest first
	Cards   map[string]keptCard   `json:"cards"`
	Answers map[string]keptAnswer `json:"answers"`
	Sales   map[string]keptSale   `json:"sales"`
	Numbers map[string]int        `json:"numbers"`
}

// keptCard is a behavior.
type keptCard struct {
	Code, Reason, Authenticate, After, Refund string
	Later, Confirmed, Bank                    bool
}

// keptSale is a sale.
type keptSale struct {
	Form      object
	Items     []object
	ToConfirm string
}

// keptAnswer is an answer. Its body is text, so that whoever looks for something in the file finds it.
type keptAnswer struct {
	Asked  string
	At     int64
	Status int
	Text   string
}

// Save writes all worlds as JSON.
func (s *Server) Save(to io.Writer) error {
	s.mu.Lock()
	worlds := maps.Clone(s.worlds)
	s.mu.Unlock()
	all := []snapshot{}
	for _, key := range slices.Sorted(maps.Keys(worlds)) {
		all = append(all, worlds[key].save(key))
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", " ")
	return encoder.Encode(all)
}

func (w *world) save(key string) snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	saved := snapshot{Key: key, Shift: w.shift, Numbers: maps.Clone(w.numbers),
		Cards: map[string]keptCard{}, Answers: map[string]keptAnswer{}, Sales: map[string]keptSale{}}
	for _, id := range w.order {
		copied, _ := copyOf(w.objects[id]).(object)
		saved.Objects = append(saved.Objects, copied)
	}
	for method, b := range w.cards {
		saved.Cards[method] = keptCard{Code: b.code, Reason: b.reason, Authenticate: b.authenticate, After: b.after, Refund: b.refund,
			Later: b.later, Confirmed: b.confirmed, Bank: b.bank}
	}
	for key, a := range w.answers {
		saved.Answers[key] = keptAnswer{a.asked, a.at, a.status, string(a.body)}
	}
	for session, sold := range w.sales {
		saved.Sales[session] = keptSale{plain(sold.form), sold.items, sold.toConfirm}
	}
	return saved
}

// Load makes the worlds that Save wrote. It belongs between New and the first request. What was not yet told to a webhook
// endpoint is not told any more.
func (s *Server) Load(from io.Reader) error {
	var all []snapshot
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		return err
	}
	for _, saved := range all {
		w, fits := s.worldOf(saved.Key)
		if !fits {
			return fmt.Errorf("%d objects belong to no key", len(saved.Objects))
		}
		w.load(saved)
	}
	return nil
}

func (w *world) load(saved snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shift = saved.Shift
	for method, c := range saved.Cards {
		w.cards[method] = behavior{code: c.Code, reason: c.Reason, authenticate: c.Authenticate, after: c.After, refund: c.Refund,
			later: c.Later, confirmed: c.Confirmed, bank: c.Bank}
	}
	for key, a := range saved.Answers {
		w.answers[key] = answer{a.Asked, a.At, a.Status, []byte(a.Text)}
	}
	for session, sold := range saved.Sales {
		w.sales[session] = &sale{formOf(sold.Form), sold.Items, sold.ToConfirm}
		for _, item := range sold.Items {
			restored(item)
		}
	}
	maps.Copy(w.numbers, saved.Numbers)
	for _, o := range saved.Objects {
		restored(o)
		w.add(o)
		switch o["object"] {
		case "event":
			w.events = append(w.events, &happening{event: o})
		case "subscription", "invoice":
			w.plan(o)
		}
	}
}

// restored turns JSON's numbers into the whole numbers that they were, all the way down.
func restored(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		n, _ := value.Float64()
		return n
	case object:
		for name, inner := range value {
			value[name] = restored(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = restored(inner)
		}
	}
	return value
}

// plain copies a form as an object.
func plain(f form) object {
	o := object{}
	for name, value := range f {
		if inner, ok := value.(form); ok {
			value = plain(inner)
		}
		o[name] = value
	}
	return o
}

// formOf is the way back from plain.
func formOf(o object) form {
	f := form{}
	for name, value := range o {
		if inner, ok := value.(object); ok {
			value = formOf(inner)
		}
		f[name] = value
	}
	return f
}

// texts reads a list of strings below the object.
func texts(o object, path string) []string {
	switch list := at(o, path).(type) {
	case []string:
		return list
	case []any:
		found := make([]string, 0, len(list))
		for _, each := range list {
			if text, ok := each.(string); ok {
				found = append(found, text)
			}
		}
		return found
	}
	return nil
}
