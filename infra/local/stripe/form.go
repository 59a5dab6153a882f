package stripe

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form is what a caller sent, with Stripe's brackets taken apart: values are strings or forms. Lists are forms whose
// names are positions. All readers follow dots: "recurring.interval", "items.0.price".
type form map[string]any

// parseForm takes "items[0][price]=price_1" apart. A name with "[]" takes the next free position.
func parseForm(query string) (form, error) {
	parsed := form{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		if err := parsed.set(name, value); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

func (f form) set(name, value string) error {
	first, rest, _ := strings.Cut(name, "[")
	steps := []string{first}
	for rest != "" {
		step, after, closed := strings.Cut(rest, "]")
		if !closed || after != "" && after[0] != '[' {
			return errors.New("Invalid request: the brackets of " + name + " do not match.")
		}
		steps = append(steps, step)
		rest = strings.TrimPrefix(after, "[")
	}
	for i, step := range steps {
		if step == "" {
			step = strconv.Itoa(len(f))
		}
		if i == len(steps)-1 {
			f[step] = value
			return nil
		}
		inner, ok := f[step].(form)
		if !ok {
			inner = form{}
			f[step] = inner
		}
		f = inner
	}
	return nil
}

func (f form) find(path string) (any, bool) {
	var found any = f
	for step := range strings.SplitSeq(path, ".") {
		inner, ok := found.(form)
		if !ok {
			return nil, false
		}
		if found, ok = inner[step]; !ok {
			return nil, false
		}
	}
	return found, true
}

// has says whether the caller sent the field, be it empty.
func (f form) has(path string) bool {
	_, sent := f.find(path)
	return sent
}

// text gives the field's value, "" where it was not sent.
func (f form) text(path string) string {
	found, _ := f.find(path)
	value, _ := found.(string)
	return value
}

// textOr gives the field's value, or the other where it was not sent or is empty.
func (f form) textOr(path, other string) string {
	if value := f.text(path); value != "" {
		return value
	}
	return other
}

// number gives the field as a whole number, 0 where it is none.
func (f form) number(path string) int64 {
	value, _ := strconv.ParseInt(f.text(path), 10, 64)
	return value
}

// truth says whether the field is "true".
func (f form) truth(path string) bool {
	return f.text(path) == "true"
}

// part gives the form below the field, an empty one where there is none.
func (f form) part(path string) form {
	found, _ := f.find(path)
	if inner, ok := found.(form); ok {
		return inner
	}
	return form{}
}

// list gives the forms of a list, in their order.
func (f form) list(path string) []form {
	var items []form
	inner := f.part(path)
	for _, position := range inner.positions() {
		if item, ok := inner[position].(form); ok {
			items = append(items, item)
		}
	}
	return items
}

// texts gives the values of a list, in their order.
func (f form) texts(path string) []string {
	var values []string
	inner := f.part(path)
	for _, position := range inner.positions() {
		if value, ok := inner[position].(string); ok {
			values = append(values, value)
		}
	}
	return values
}

func (f form) positions() []string {
	return slices.SortedFunc(maps.Keys(f), func(a, b string) int {
		first, _ := strconv.Atoi(a)
		second, _ := strconv.Atoi(b)
		return first - second
	})
}

// metadata gives the form's metadata as an object holds it.
func (f form) metadata() object {
	return f.part("metadata").change(object{})
}

// change gives what metadata becomes by this form: an empty value removes its key.
func (f form) change(metadata object) object {
	changed := object{}
	maps.Copy(changed, metadata)
	for key, value := range f {
		if value == "" {
			delete(changed, key)
		} else {
			changed[key] = value
		}
	}
	return changed
}
