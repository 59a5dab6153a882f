package setting

import "fmt"

// Parsed gives what parse makes of a variable. Where that fails, the function does not start; parse's error must not
// repeat the value, because it may be a secret.
func Parsed[T any](name string, parse func(string) (T, error)) T {
	return orExit(parsed(name, parse))
}

func parsed[T any](name string, parse func(string) (T, error)) (value T, err error) {
	text, err := required(name)
	if err != nil {
		return value, err
	}
	if value, err = parse(text); err != nil {
		return value, fmt.Errorf("the variable %s cannot be used: %w; see template.yaml", name, err)
	}
	return value, nil
}
