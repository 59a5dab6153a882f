package outbound

import (
	"errors"
	"net/url"
	"os"
	"strings"
)

// ParseRegion takes the region that a deployment says it is in, and refuses another than the Lambda runtime's own (policy P9):
// the privacy page would name the wrong place.
func ParseRegion(text string) (string, error) {
	if text != os.Getenv("AWS_REGION") {
		return "", errors.New("the functions run in another region: give the parameter Region the one that you deploy to")
	}
	return text, nil
}

// ParseAddresses takes the addresses of outside parties that a deployment was given, separated by spaces, and refuses them where
// a Client would: before anybody waits for an answer.
func ParseAddresses(text string) ([]string, error) {
	addresses := strings.Fields(text)
	for _, address := range addresses {
		parsed, err := url.Parse(address)
		if err != nil {
			return nil, errors.New("one of its addresses cannot be read")
		}
		if err := passes(register(), parsed); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}
