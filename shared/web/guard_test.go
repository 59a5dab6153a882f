package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/problem"
)

func TestGuardAsksWhoIsThereBeforeAnythingElse(t *testing.T) {
	refusal := problem.New(problem.Unauthenticated, "sign_in_required", "Please sign in.")
	b := newBench(t, Guard(refusal, Routes{"POST /things": func(w http.ResponseWriter, r *http.Request) error {
		return Read(r, &struct{}{})
	}}))
	for name, c := range map[string]struct {
		cookies []string
		status  int
	}{
		"nobody":           {nil, 401},
		"an empty session": {[]string{session + "="}, 401},
		"a token":          {[]string{session + "=" + strings.Repeat("A", 26)}, 415},
	} {
		reply, err := b.handle(context.Background(), ask(t, "POST", "/things", func(e *event) { e.Cookies = c.cookies }))
		if err != nil || reply.StatusCode != c.status {
			t.Errorf("%s: %d %s %v, want %d", name, reply.StatusCode, reply.Body, err, c.status)
		}
	}
}
