// Package template reads what the local cloud must know from a SAM template.
package template

import (
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// The region and account that local ARNs name; both are AWS's own documentation values.
const (
	Region  = "us-east-1"
	Account = "123456789012"
)

// Template is everything in template.yaml that runs locally, in the order of the file.
type Template struct {
	Functions     []Function
	Routes        []Route
	Schedules     []Schedule
	Subscriptions []Subscription
}

// Function is one AWS::Serverless::Function with Globals merged in.
type Function struct {
	ID          string // logical id, which is also its local function name
	Folder      string // the logical id in kebab case
	ARN         string
	Timeout     time.Duration
	Memory      int               // megabytes
	Concurrency int               // reserved concurrent executions; 0 where none are reserved
	Environment map[string]string // with every intrinsic and secret resolved
	LogGroup    string            // logical id of the log group that gets what it prints; "" for one of its own
	Async       Async
}

// Async says what happens to events that are not answered.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
type Async struct {
	Retries     int           // after the first attempt
	MaximumAge  time.Duration // an older event is given up
	Destination string        // ARN that gets what was given up; "" for nowhere
}

// Route sends requests of an HTTP API to a function; Method and Path are both empty in $default.
type Route struct {
	Function string // logical id
	Method   string // upper case, or ANY
	Path     string // "/api/images/{id}"
}

// Schedule fires a function.
type Schedule struct {
	Name       string // the function's folder; further ones of a function append the event's name
	Function   string // logical id
	Expression string // rate(…) or cron(…)
	Input      string // "" where the scheduler sends its own event
	V2         bool   // EventBridge Scheduler rather than an EventBridge rule
}

// Subscription sends lines of a log group to a function.
type Subscription struct {
	Name     string // logical id of the function, then the event's name
	Function string // logical id
	LogGroup string // logical id
	Filter   string // pattern of the lines that are sent
}

// Read reads the template at path. Parameters override the defaults of the template's own;
// secrets gives one key of one Secrets Manager secret. Errors name file and line.
func Read(path string, parameters map[string]string, secrets func(name, key string) (string, error)) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 {
		return nil, fmt.Errorf("%s is empty; it must hold a SAM template", path)
	}
	file := source{path}
	root, err := file.mapping(document.Content[0])
	if err != nil {
		return nil, err
	}
	given, err := file.parameters(root["Parameters"], parameters)
	if err != nil {
		return nil, err
	}
	resources, err := file.entries(root["Resources"])
	if err != nil {
		return nil, err
	}
	r := &reader{source: file, parameters: given, resources: map[string]string{}, secrets: secrets}
	for _, each := range resources {
		if r.resources[each.name], err = r.kind(each.node); err != nil {
			return nil, err
		}
	}
	return r.template(root["Globals"], resources)
}

// kind gives a resource's Type.
func (r *reader) kind(resource *yaml.Node) (string, error) {
	fields, err := r.mapping(resource)
	if err != nil {
		return "", err
	}
	if fields["Type"] == nil {
		return "", r.errorf(resource, "this resource has no Type; add one")
	}
	return r.text(fields["Type"])
}

func (r *reader) template(globals *yaml.Node, resources []entry) (*Template, error) {
	sections, err := r.mapping(globals)
	if err != nil {
		return nil, err
	}
	defaults, err := r.mapping(sections["Function"])
	if err != nil {
		return nil, err
	}
	found := &Template{}
	for _, resource := range resources {
		if r.resources[resource.name] != functionType {
			continue
		}
		fields, err := r.mapping(resource.node)
		if err != nil {
			return nil, err
		}
		properties, err := r.mapping(fields["Properties"])
		if err != nil {
			return nil, err
		}
		function, err := r.function(resource.name, defaults, properties)
		if err != nil {
			return nil, err
		}
		found.Functions = append(found.Functions, function)
		if err := r.events(found, function, properties["Events"]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// kebab writes a logical id as the name of its folder: LoginCallback becomes login-callback.
func kebab(id string) string {
	var b strings.Builder
	letters := []rune(id)
	upper := func(i int) bool { return i < len(letters) && letters[i] >= 'A' && letters[i] <= 'Z' }
	for i, letter := range letters {
		startsWord := upper(i) && i > 0 && (!upper(i-1) || i+1 < len(letters) && !upper(i+1))
		if startsWord {
			b.WriteByte('-')
		}
		b.WriteRune(letter)
	}
	return strings.ToLower(b.String())
}
