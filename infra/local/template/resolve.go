package template

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

const functionType = "AWS::Serverless::Function"

// reader resolves intrinsic functions against the template's parameters and resources.
type reader struct {
	source
	parameters map[string]string
	resources  map[string]string // logical id to Type
	secrets    func(name, key string) (string, error)
}

var (
	placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
	dynamic = regexp.MustCompile(`\{\{resolve:([^}]*)\}\}`)
)

// text gives the value of a scalar or intrinsic with dynamic references replaced.
func (r *reader) text(node *yaml.Node) (string, error) {
	value, err := r.intrinsic(node)
	if err != nil {
		return "", err
	}
	return r.replace(node, dynamic, value, r.secret)
}

func (r *reader) number(node *yaml.Node) (int, error) {
	value, err := r.text(node)
	if err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < 0 {
		return 0, r.errorf(node, "%q is not a whole number from 0 on", value)
	}
	return number, nil
}

func (r *reader) intrinsic(node *yaml.Node) (string, error) {
	name, argument := node.Tag, node
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 { // the long form, {Ref: Name}
		name, argument = "!"+strings.TrimPrefix(node.Content[0].Value, "Fn::"), target(node.Content[1])
	}
	custom := strings.HasPrefix(name, "!") && !strings.HasPrefix(name, "!!")
	scalar, pair := argument.Kind == yaml.ScalarNode, argument.Kind == yaml.SequenceNode && len(argument.Content) == 2
	switch {
	case name == "!Ref" && scalar:
		return r.reference(node, argument.Value)
	case name == "!Sub" && scalar:
		return r.substitute(node, argument.Value, nil)
	case name == "!Sub" && pair:
		extra, err := r.mapping(argument.Content[1])
		if err != nil {
			return "", err
		}
		return r.substitute(node, argument.Content[0].Value, extra)
	case name == "!GetAtt" && scalar:
		id, attribute, _ := strings.Cut(argument.Value, ".")
		return r.attribute(node, id, attribute)
	case name == "!GetAtt" && pair:
		return r.attribute(node, argument.Content[0].Value, argument.Content[1].Value)
	case custom:
		return "", r.errorf(node, "%s is not understood here; use Ref, Sub or GetAtt", name)
	case node.Kind == yaml.ScalarNode:
		return node.Value, nil
	}
	return "", r.errorf(node, "one value is expected here")
}

// reference is Ref: a parameter's value, a pseudo parameter, or the id of a resource.
func (r *reader) reference(at *yaml.Node, name string) (string, error) {
	if value, known := r.parameters[name]; known {
		return value, nil
	}
	if _, known := r.resources[name]; known {
		return name, nil
	}
	switch name {
	case "AWS::Region":
		return Region, nil
	case "AWS::AccountId":
		return Account, nil
	case "AWS::StackName":
		return "local", nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	}
	return "", r.errorf(at, "%s is neither a parameter nor a resource of this template; declare it", name)
}

func (r *reader) substitute(at *yaml.Node, text string, extra map[string]*yaml.Node) (string, error) {
	return r.replace(at, placeholder, text, func(at *yaml.Node, name string) (string, error) {
		if literal, escaped := strings.CutPrefix(name, "!"); escaped {
			return "${" + literal + "}", nil
		}
		if node := extra[name]; node != nil {
			return r.intrinsic(node)
		}
		if id, attribute, dotted := strings.Cut(name, "."); dotted {
			return r.attribute(at, id, attribute)
		}
		return r.reference(at, name)
	})
}

// attribute is GetAtt; the local cloud has only ARNs to give.
func (r *reader) attribute(at *yaml.Node, id, attribute string) (string, error) {
	kind, known := r.resources[id]
	if !known {
		return "", r.errorf(at, "%s is no resource of this template; declare it", id)
	}
	if attribute != "Arn" {
		return "", r.errorf(at, "attribute %s of %s is not known locally; only Arn is", attribute, id)
	}
	return arn(kind, id), nil
}

func arn(kind, id string) string {
	name := ":" + Region + ":" + Account + ":"
	switch kind {
	case functionType, "AWS::Lambda::Function":
		return "arn:aws:lambda" + name + "function:" + id
	case "AWS::SQS::Queue":
		return "arn:aws:sqs" + name + id
	case "AWS::SNS::Topic":
		return "arn:aws:sns" + name + id
	case "AWS::Logs::LogGroup":
		return "arn:aws:logs" + name + "log-group:" + id + ":*"
	}
	vendor := strings.Split(strings.ToLower(kind)+"::", "::")
	return "arn:aws:" + vendor[1] + name + id
}

// secret answers what stands between {{resolve: and }}.
func (r *reader) secret(at *yaml.Node, reference string) (string, error) {
	parts := strings.Split(reference, ":")
	if len(parts) != 4 || parts[0] != "secretsmanager" || parts[2] != "SecretString" {
		return "", r.errorf(at, "{{resolve:%s}} is not understood locally; write {{resolve:secretsmanager:NAME:SecretString:KEY}}", reference)
	}
	value, err := r.secrets(parts[1], parts[3])
	if err != nil {
		return "", r.errorf(at, "secret %s, key %s: %v", parts[1], parts[3], err)
	}
	return value, nil
}

// replace puts with(match) in place of every match of pattern.
func (r *reader) replace(at *yaml.Node, pattern *regexp.Regexp, text string, with func(*yaml.Node, string) (string, error)) (string, error) {
	var failed error
	result := pattern.ReplaceAllStringFunc(text, func(match string) string {
		value, err := with(at, pattern.FindStringSubmatch(match)[1])
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	if failed != nil {
		return "", failed
	}
	return result, nil
}
