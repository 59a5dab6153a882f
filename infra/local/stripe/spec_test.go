package stripe

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stripe/stripe-mock/embedded"
)

// spec is Stripe's own description of the API of 2023-10-16. What it does not name is not allowed.
var spec = sync.OnceValue(func() *openapi3.T {
	described, err := openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
	if err != nil {
		panic(err)
	}
	if described.Info.Version != Version {
		panic("the description is of version " + described.Info.Version)
	}
	for _, schema := range described.Components.Schemas {
		if no := false; len(schema.Value.Properties) > 0 && schema.Value.AdditionalProperties.Schema == nil {
			schema.Value.AdditionalProperties.Has = &no
		}
	}
	return described
})

// hold checks a request's parameters and its answer against the description.
func (b *bench) hold(method, path string, values url.Values, status int, answer any) {
	b.t.Helper()
	pattern, operation := describedAs(method, path)
	if operation == nil {
		b.t.Errorf("Stripe describes no %s %s", method, path)
		return
	}
	b.asked[method+" "+pattern] = true
	outcome := operation.Responses.Value("default")
	if status < 300 {
		outcome = operation.Responses.Value("200")
		b.holdRequest(operation, method+" "+path, values)
	}
	schema := outcome.Value.Content["application/json"].Schema.Value
	if err := schema.VisitJSON(answer, openapi3.MultiErrors()); err != nil {
		b.complain("%s %s answers what Stripe would not: %s", method, pattern, short(err))
	}
}

// holdEvents checks what webhook endpoints are told: the events, and the objects in them.
func (b *bench) holdEvents() {
	w, _ := b.server.worldOf(b.key)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, told := range w.events {
		kind := text(told.event, "data.object.object")
		for name, about := range map[string]any{"event": told.event, kind: told.event["data"].(object)["object"]} {
			schema := spec().Components.Schemas[name]
			if schema == nil {
				b.complain("%s is about a %q, which Stripe does not describe", told.event["type"], name)
				continue
			}
			var plain any
			if text, err := json.Marshal(about); err != nil || json.Unmarshal(text, &plain) != nil {
				b.complain("%s is no JSON: %v", told.event["type"], err)
			} else if err := schema.Value.VisitJSON(plain, openapi3.MultiErrors()); err != nil {
				b.complain("%s: the %s is not Stripe's: %s", told.event["type"], name, short(err))
			}
		}
	}
}

// complain tells a mistake once.
func (b *bench) complain(format string, values ...any) {
	b.t.Helper()
	complaint := fmt.Sprintf(format, values...)
	if !b.asked[complaint] {
		b.asked[complaint] = true
		b.t.Error(complaint)
	}
}

// describedAs finds the operation of a path. A path without placeholders goes before one with.
func describedAs(method, path string) (string, *openapi3.Operation) {
	steps := strings.Split(path, "/")
	found, fewest := "", 99
	for pattern, item := range spec().Paths.Map() {
		parts, placeholders := strings.Split(pattern, "/"), 0
		if len(parts) != len(steps) || item.GetOperation(method) == nil {
			continue
		}
		fits := true
		for i, part := range parts {
			if strings.HasPrefix(part, "{") {
				placeholders++
			} else if part != steps[i] {
				fits = false
			}
		}
		if fits && placeholders < fewest {
			found, fewest = pattern, placeholders
		}
	}
	if found == "" {
		return "", nil
	}
	return found, spec().Paths.Value(found).GetOperation(method)
}

// holdRequest checks the parameters of a request that was accepted.
func (b *bench) holdRequest(operation *openapi3.Operation, name string, values url.Values) {
	b.t.Helper()
	sent, err := parseForm(values.Encode())
	if err != nil {
		b.t.Errorf("%s: %v", name, err)
		return
	}
	if operation.RequestBody != nil && !strings.HasPrefix(name, "GET") {
		schema := operation.RequestBody.Value.Content["application/x-www-form-urlencoded"].Schema
		if err := schema.Value.VisitJSON(typed(sent, schema.Value), openapi3.MultiErrors()); err != nil {
			b.complain("%s %v is no request of Stripe's: %s", name, values, short(err))
		}
		return
	}
	for field, value := range sent {
		parameter := operation.Parameters.GetByInAndName("query", field)
		if parameter == nil {
			b.t.Errorf("%s has no parameter %s", name, field)
		} else if err := parameter.Schema.Value.VisitJSON(typed(value, parameter.Schema.Value)); err != nil {
			b.t.Errorf("%s: %s is not as Stripe wants it: %s", name, field, short(err))
		}
	}
}

// typed gives a form's value the type that its schema has, as far as one of the schema's kinds fits.
func typed(value any, schema *openapi3.Schema) any {
	for _, choice := range append(slices.Clone(schema.AnyOf), &openapi3.SchemaRef{Value: schema}) {
		if given, fits := typedAs(value, choice.Value); fits && choice.Value.VisitJSON(given) == nil {
			return given
		}
	}
	given, _ := typedAs(value, schema)
	return given
}

func typedAs(value any, schema *openapi3.Schema) (any, bool) {
	switch sent := value.(type) {
	case string:
		switch {
		case schema.Type.Is("integer") || schema.Type.Is("number"):
			number, err := strconv.ParseFloat(sent, 64)
			return number, err == nil
		case schema.Type.Is("boolean"):
			return sent == "true", sent == "true" || sent == "false"
		}
		return sent, schema.Type.Is("string")
	case form:
		if schema.Type.Is("array") {
			items := []any{}
			for _, position := range sent.positions() {
				items = append(items, typed(sent[position], schema.Items.Value))
			}
			return items, true
		}
		fields := object{}
		for name, inner := range sent {
			fields[name] = inner
			if property := schema.Properties[name]; property != nil {
				fields[name] = typed(inner, property.Value)
			} else if of := schema.AdditionalProperties.Schema; of != nil {
				fields[name] = typed(inner, of.Value)
			}
		}
		return fields, schema.Type.Is("object")
	}
	return value, false
}

// short tells an error without the schema and the value that it is about.
func short(err error) string {
	var told []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(line, "Error at") || strings.HasPrefix(line, "property") || strings.HasPrefix(line, "value") {
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return fmt.Sprint(json.Valid([]byte(err.Error())), err)
	}
	return strings.Join(told, "; ")
}
