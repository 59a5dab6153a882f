package stripe

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// object is a thing of Stripe's API as its JSON; the shapes are too wide and too optional for structs to pay.
type object = map[string]any

// world is everything that belongs to one secret key. Every handler runs with mu held.
type world struct {
	config Config
	live   bool          // the key is a live one, and so is all that it makes
	send   func(posting) // hands a delivery to whoever carries it out, without waiting
	mu     sync.Mutex

	shift    time.Duration // how far test clocks moved this world ahead of config.Now
	objects  map[string]object
	order    []string            // ids, oldest first
	kinds    map[string][]string // the same, of each kind alone
	cards    map[string]behavior // by payment method: how its card behaves
	request  requestMark         // the request in progress, as its events tell
	events   []*happening
	switches switches
	faults   []fault
	answers  map[string]answer // by Idempotency-Key
	numbers  map[string]int    // counters by name, for invoice numbers and their like
	sales    map[string]*sale  // by Checkout session: what its JSON does not show
	billing  billing           // what time will do to subscriptions
}

// requestMark is what an event tells about the request that caused it; empty where none did.
type requestMark struct{ id, key string }

func newWorld(config Config, live bool, send func(posting)) *world {
	return &world{
		config:  config,
		live:    live,
		send:    send,
		objects: map[string]object{},
		kinds:   map[string][]string{},
		cards:   map[string]behavior{},
		answers: map[string]answer{},
		numbers: map[string]int{},
		sales:   map[string]*sale{},
	}
}

// now is the world's time: the clock of the local cloud, ahead of which test clocks may have moved it.
func (w *world) now() time.Time {
	return w.config.Now().Add(w.shift).Truncate(time.Second)
}

// moveTo makes now() at least to; a world's time never goes back.
func (w *world) moveTo(to time.Time) {
	if ahead := to.Sub(w.config.Now()); ahead > w.shift {
		w.shift = ahead
	}
}

// add stores a new object by its id and completes what every object has: when it was made and whether it is real.
func (w *world) add(o object) object {
	id := text(o, "id")
	if _, made := o["created"]; !made {
		o["created"] = w.now().Unix()
	}
	if _, told := o["livemode"]; !told && o["object"] != "refund" && o["object"] != "balance_transaction" {
		o["livemode"] = w.live
	}
	if _, known := w.objects[id]; !known {
		w.order = append(w.order, id)
		kind := text(o, "object")
		w.kinds[kind] = append(w.kinds[kind], id)
	}
	w.objects[id] = o
	return o
}

// get gives the object with the id itself, not a copy, or nil.
func (w *world) get(id string) object {
	return w.objects[id]
}

// remove forgets an object, as DELETE does.
func (w *world) remove(id string) {
	kind := text(w.objects[id], "object")
	delete(w.objects, id)
	gone := func(other string) bool { return other == id }
	w.order, w.kinds[kind] = slices.DeleteFunc(w.order, gone), slices.DeleteFunc(w.kinds[kind], gone)
}

// list gives the objects of a kind ("customer") that keep agrees to, newest first; a nil keep takes all.
func (w *world) list(kind string, keep func(object) bool) []object {
	var found []object
	for _, id := range slices.Backward(w.kinds[kind]) {
		if o := w.objects[id]; keep == nil || keep(o) {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b object) int { return cmp.Compare(number(b, "created"), number(a, "created")) })
	return found
}

// is gives a filter for list: the field holds the value.
func is(field string, value any) func(object) bool {
	return func(o object) bool { return o[field] == value }
}

// newID makes an id like Stripe's: the prefix, "cus_" for instance, then 24 random letters and digits.
func newID(prefix string) string {
	return prefix + rand.Text()[:24]
}

// newHex makes a secret of so many random bytes, in hexadecimal digits.
func newHex(bytes int) string {
	secret := make([]byte, bytes)
	rand.Read(secret) // never fails since Go 1.24
	return hex.EncodeToString(secret)
}

// text reads a string below the object: text(o, "recurring.interval"). It is "" where there is none.
func text(o object, path string) string {
	found, _ := at(o, path).(string)
	return found
}

// number reads a whole number below the object, 0 where there is none.
func number(o object, path string) int64 {
	switch found := at(o, path).(type) {
	case int64:
		return found
	case int:
		return int64(found)
	}
	return 0
}

// truth reads a boolean below the object, false where there is none.
func truth(o object, path string) bool {
	found, _ := at(o, path).(bool)
	return found
}

// part reads an object below the object, nil where there is none.
func part(o object, path string) object {
	found, _ := at(o, path).(object)
	return found
}

// parts reads a list of objects, whether it stands alone or in a list envelope.
func parts(o object, path string) []object {
	found := at(o, path)
	if envelope, ok := found.(object); ok {
		found = envelope["data"]
	}
	switch list := found.(type) {
	case []object:
		return list
	case []any:
		var objects []object
		for _, each := range list {
			if o, ok := each.(object); ok {
				objects = append(objects, o)
			}
		}
		return objects
	}
	return nil
}

// at follows the dots of a path, nil where it ends early.
func at(o object, path string) any {
	var found any = o
	for step := range strings.SplitSeq(path, ".") {
		inner, ok := found.(object)
		if !ok {
			return nil
		}
		found = inner[step]
	}
	return found
}

// copyOf copies an object, list or value with all that is below it.
func copyOf(value any) any {
	switch value := value.(type) {
	case object:
		copied := make(object, len(value))
		for name, inner := range value {
			copied[name] = copyOf(inner)
		}
		return copied
	case []object:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = copyOf(value[i])
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = copyOf(value[i])
		}
		return copied
	case []string:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = value[i]
		}
		return copied
	}
	return value
}

// with gives a copy of the object in which the other's fields replace its own.
func with(o, other object) object {
	joined := maps.Clone(o)
	maps.Copy(joined, other)
	return joined
}

// orNil gives nil, JSON's null, for an empty string.
func orNil(value string) any {
	if value == "" {
		return nil
	}
	return value
}
