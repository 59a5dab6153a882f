package web

import (
	"net/http"

	"github.com/google/uuid"
)

// ID gives the UUID in the path's {id}. What is no UUID in its usual spelling cannot exist and gets the same answer as one
// that does not: otherwise.
func ID(r *http.Request, otherwise error) (string, error) {
	id := r.PathValue("id")
	if !IsID(id) {
		return "", otherwise
	}
	return id, nil
}

// IsID says whether a text is a UUID in its usual spelling of 36 characters (RFC 9562 §4).
func IsID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
