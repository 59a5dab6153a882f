package stripe

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write parameters.json anew from Stripe's description")

func TestTheParametersOfEveryRouteAreStripes(t *testing.T) {
	all := map[string]object{}
	for pattern := range routes() {
		method, path, _ := strings.Cut(pattern, " ")
		name, operation := describedAs(method, path)
		if operation == nil {
			t.Errorf("Stripe describes no %s", pattern)
			continue
		}
		if strings.Count(name, "{") != strings.Count(path, "{") {
			t.Errorf("%s is answered where Stripe has %s", pattern, name)
		}
		known := object{}
		for _, parameter := range operation.Parameters {
			if parameter.Value.In == "query" {
				known[parameter.Value.Name] = kindOf(parameter.Value.Schema.Value)
			}
		}
		if operation.RequestBody != nil {
			for field, schema := range operation.RequestBody.Value.Content["application/x-www-form-urlencoded"].Schema.Value.Properties {
				known[field] = kindOf(schema.Value)
			}
		}
		all[pattern] = known
	}
	want := inLines(t, all)
	if *update {
		if err := os.WriteFile("parameters.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("parameters.json"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("parameters.json is not what Stripe describes (%v): go test ./stripe -run Parameters -update", err)
	}
}

// inLines writes JSON with a line for each route.
func inLines(t *testing.T, all map[string]object) []byte {
	var text bytes.Buffer
	for i, pattern := range slices.Sorted(maps.Keys(all)) {
		known, err := json.Marshal(all[pattern])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s\n%q: %s", map[bool]string{true: "{", false: ","}[i == 0], pattern, known)
	}
	text.WriteString("\n}\n")
	return text.Bytes()
}

// kindOf writes a schema as parameters.json does.
func kindOf(schema *openapi3.Schema) any {
	switch {
	case len(schema.AnyOf) > 0:
		choices := []any{}
		for _, choice := range schema.AnyOf {
			choices = append(choices, kindOf(choice.Value))
		}
		return object{"any": choices}
	case len(schema.Enum) > 0:
		return schema.Enum
	case schema.Type.Is("array"):
		return object{"list": kindOf(schema.Items.Value)}
	case len(schema.Properties) > 0:
		fields := object{}
		for name, field := range schema.Properties {
			fields[name] = kindOf(field.Value)
		}
		return fields
	}
	return (*schema.Type)[0]
}

func TestWhatStripeWouldNotTakeIsRefused(t *testing.T) {
	b := newBench(t)
	for name, fields := range map[string][]string{
		"parameter_unknown":         {"nonsense", "1"},
		"parameter_invalid_integer": {"balance", "much"},
		"Invalid tax_exempt: must be one of exempt, none, reverse": {"tax_exempt", "yes"},
		"Invalid object": {"invoice_settings", "plain"},
	} {
		if got := b.refused("POST", "/v1/customers", fields...); got != name {
			t.Errorf("%v is refused as %q", fields, got)
		}
	}
	b.post("/v1/customers", "metadata[account]", "a", "address", "", "invoice_settings[default_payment_method]", "")
}
