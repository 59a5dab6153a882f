package template

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// function merges the globals with a function's own properties, which win.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
func (r *reader) function(id string, globals, own map[string]*yaml.Node) (Function, error) {
	f := Function{
		ID: id, Folder: kebab(id), ARN: arn(functionType, id),
		// SAM's and Lambda's defaults, for templates that say nothing.
		Timeout: 3 * time.Second, Memory: 128, Environment: map[string]string{},
		Async: Async{Retries: 2, MaximumAge: 21600 * time.Second},
	}
	for _, properties := range []map[string]*yaml.Node{globals, own} {
		if err := r.properties(&f, properties); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (r *reader) properties(f *Function, properties map[string]*yaml.Node) error {
	if err := r.seconds(&f.Timeout, properties["Timeout"]); err != nil {
		return err
	}
	if err := r.count(&f.Memory, properties["MemorySize"]); err != nil {
		return err
	}
	if reserved := properties["ReservedConcurrentExecutions"]; reserved != nil {
		if err := r.count(&f.Concurrency, reserved); err != nil {
			return err
		}
		if f.Concurrency == 0 {
			return r.errorf(reserved, "0 reserved executions switch %s off; reserve at least 1 or leave the line out", f.ID)
		}
	}
	logging, err := r.mapping(properties["LoggingConfig"])
	if err != nil {
		return err
	}
	if group := logging["LogGroup"]; group != nil {
		if f.LogGroup, err = r.text(group); err != nil {
			return err
		}
	}
	environment, err := r.mapping(properties["Environment"])
	if err != nil {
		return err
	}
	variables, err := r.entries(environment["Variables"])
	if err != nil {
		return err
	}
	for _, variable := range variables {
		if f.Environment[variable.name], err = r.text(variable.node); err != nil {
			return err
		}
	}
	return r.async(&f.Async, properties["EventInvokeConfig"])
}

func (r *reader) async(a *Async, config *yaml.Node) error {
	fields, err := r.mapping(config)
	if err != nil {
		return err
	}
	if err := r.count(&a.Retries, fields["MaximumRetryAttempts"]); err != nil {
		return err
	}
	if err := r.seconds(&a.MaximumAge, fields["MaximumEventAgeInSeconds"]); err != nil {
		return err
	}
	destinations, err := r.mapping(fields["DestinationConfig"])
	if err != nil {
		return err
	}
	onFailure, err := r.mapping(destinations["OnFailure"])
	if err != nil || onFailure["Destination"] == nil {
		return err
	}
	a.Destination, err = r.text(onFailure["Destination"])
	return err
}

// count overwrites a number where the template gives one.
func (r *reader) count(number *int, node *yaml.Node) (err error) {
	if node != nil {
		*number, err = r.number(node)
	}
	return err
}

func (r *reader) seconds(span *time.Duration, node *yaml.Node) error {
	if node == nil {
		return nil
	}
	number, err := r.number(node)
	*span = time.Duration(number) * time.Second
	return err
}
