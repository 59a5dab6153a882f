package journey

import (
	"os"
	"testing"
)

// running gives the address of the service to walk through.
func running(t *testing.T) string {
	return os.Getenv("JOURNEY_SITE")
}
