// Package setting reads the variables without which a function refuses to start.
package setting

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"nanoflux.ai/backend/shared/party"
)

// Required gives the value of a variable. Where it is missing or empty, the function says so and does not start.
func Required(name string) string { return orExit(required(name)) }

// Key gives the 32 bytes of a variable in standard base64. Where it is anything else, the function does not start.
func Key(name string) []byte { return orExit(key(name)) }

// URL gives an absolute https address without a slash at its end; on loopback it may be plain http (policy P7a). Where it is
// anything else, the function does not start.
func URL(name string) string { return orExit(address(name)) }

// orExit ends the process with one sentence; nothing of a variable's value is in it, because it may be a secret.
func orExit[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func required(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", errors.New("The variable " + name + " is missing: give it to this function in template.yaml.")
	}
	return value, nil
}

func key(name string) ([]byte, error) {
	value, err := required(name)
	if err != nil {
		return nil, err
	}
	bytes, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(bytes) != 32 {
		return nil, errors.New("The variable " + name + " is not a key: set the secret that template.yaml names for it to 32 random bytes in standard base64.")
	}
	return bytes, nil
}

func address(name string) (string, error) {
	value, err := required(name)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		u.Scheme != "https" && (u.Scheme != "http" || !party.Loopback(u.Hostname())) {
		return "", errors.New("The variable " + name + " is not an address like https://example.com: correct it in template.yaml.")
	}
	return strings.TrimRight(value, "/"), nil
}
