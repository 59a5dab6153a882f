package template

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// source is the file that errors point into.
type source struct{ path string }

func (s source) errorf(at *yaml.Node, format string, values ...any) error {
	return fmt.Errorf("%s:%d: %s", s.path, at.Line, fmt.Sprintf(format, values...))
}

// entry is one key of a mapping with its value.
type entry struct {
	name string
	node *yaml.Node
}

// entries lists a mapping in the order of the file; an absent one is empty.
func (s source) entries(node *yaml.Node) ([]entry, error) {
	if node = target(node); node == nil || node.ShortTag() == "!!null" {
		return nil, nil
	}
	if node.Kind != yaml.MappingNode {
		return nil, s.errorf(node, "a mapping (name: value) is expected here")
	}
	var list []entry
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], target(node.Content[i+1])
		if key.ShortTag() == "!!merge" {
			return nil, s.errorf(key, "CloudFormation knows no merge key <<; write the entries out")
		}
		list = append(list, entry{key.Value, value})
	}
	return list, nil
}

func (s source) mapping(node *yaml.Node) (map[string]*yaml.Node, error) {
	list, err := s.entries(node)
	fields := make(map[string]*yaml.Node, len(list))
	for _, each := range list {
		fields[each.name] = each.node
	}
	return fields, err
}

// target follows a YAML alias to what it stands for.
func target(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// parameters gives each declared parameter its value: the given one, else its Default.
func (s source) parameters(declared *yaml.Node, given map[string]string) (map[string]string, error) {
	list, err := s.entries(declared)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, parameter := range list {
		fields, err := s.mapping(parameter.node)
		if err != nil {
			return nil, err
		}
		value, known := given[parameter.name]
		if byDefault := fields["Default"]; !known && byDefault != nil {
			value, known = byDefault.Value, true
		}
		if !known {
			return nil, s.errorf(parameter.node, "parameter %s has neither a value nor a Default; give one of them", parameter.name)
		}
		if allowed := fields["AllowedValues"]; allowed != nil && !slices.ContainsFunc(allowed.Content,
			func(n *yaml.Node) bool { return n.Value == value }) {
			return nil, s.errorf(allowed, "parameter %s may not be %q; choose one of its AllowedValues", parameter.name, value)
		}
		values[parameter.name] = value
	}
	for name := range given {
		if _, declared := values[name]; !declared {
			return nil, fmt.Errorf("%s declares no parameter %s; its parameters are %s", s.path, name, names(list))
		}
	}
	return values, nil
}

func names(list []entry) string {
	var all []string
	for _, each := range list {
		all = append(all, each.name)
	}
	return strings.Join(all, ", ")
}
