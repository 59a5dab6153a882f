package stripe

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// parameters.json holds what each route takes, as Stripe's own description says; a test keeps it true to that. A kind is
// "string", "integer", "number", "boolean" or "object" (any fields); a list of words is a choice; {"list": k} is a list,
// {"any": [k, …]} whatever fits one, every other object its fields.
//
//go:embed parameters.json
var parametersSource []byte

var parameters = sync.OnceValue(func() map[string]object {
	all := map[string]object{}
	if err := json.Unmarshal(parametersSource, &all); err != nil {
		panic(err) // the file is a part of this program
	}
	return all
})

// checked makes a route's handler refuse what Stripe would: parameters that it does not know, or of another kind.
func checked(pattern string, handle handler) handler {
	known, described := parameters()[pattern]
	if !described {
		return handle // for a while at most: the test fails without it
	}
	return func(c *call) (any, *apiError) {
		if failure := checkFields(c.form, known, ""); failure != nil {
			return nil, failure
		}
		return handle(c)
	}
}

func checkFields(sent form, known object, within string) *apiError {
	for name, value := range sent {
		param := name
		if within != "" {
			param = within + "[" + name + "]"
		}
		kind, is := known[name]
		if !is {
			return coded("parameter_unknown", param, "Received unknown parameter: %s", param)
		}
		if failure := checkKind(value, kind, param); failure != nil {
			return failure
		}
	}
	return nil
}

func checkKind(value, kind any, param string) *apiError {
	switch kind := kind.(type) {
	case string:
		return checkPlain(value, kind, param)
	case []any:
		return checkChoice(value, kind, param)
	case object:
		if choices, any := kind["any"].([]any); any {
			return checkAny(value, choices, param)
		}
		inner, below := value.(form)
		if value == "" {
			return nil // an empty value takes away what was there, or is an empty list
		}
		if !below {
			return invalid(param, "Invalid object")
		}
		of, list := kind["list"]
		if !list {
			return checkFields(inner, kind, param)
		}
		for position, each := range inner {
			if failure := checkKind(each, of, param+"["+position+"]"); failure != nil {
				return failure
			}
		}
	}
	return nil
}

func checkPlain(value any, kind, param string) *apiError {
	text, plain := value.(string)
	if kind == "object" {
		return nil
	}
	if !plain {
		return invalid(param, "Invalid %s: %s", kind, param)
	}
	if text == "" {
		return nil
	}
	var err error
	switch kind {
	case "integer":
		_, err = strconv.ParseInt(text, 10, 64)
	case "number":
		_, err = strconv.ParseFloat(text, 64)
	case "boolean":
		if text != "true" && text != "false" {
			return invalid(param, "Invalid boolean: %s", text)
		}
	}
	if err != nil {
		return coded("parameter_invalid_"+kind, param, "Invalid %s: %s", kind, text)
	}
	return nil
}

func checkChoice(value any, choices []any, param string) *apiError {
	if slices.Contains(choices, value) {
		return nil
	}
	var words []string
	for _, choice := range choices {
		if word, ok := choice.(string); ok && word != "" {
			words = append(words, word)
		}
	}
	return invalid(param, "Invalid %s: must be one of %s", param, strings.Join(words, ", "))
}

// checkAny gives the last kind's complaint where none fits.
func checkAny(value any, choices []any, param string) (failure *apiError) {
	for _, choice := range choices {
		if failure = checkKind(value, choice, param); failure == nil {
			return nil
		}
	}
	return failure
}
