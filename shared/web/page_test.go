package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/problem"
)

func TestAPersonGetsAPageWhereAProgramGetsAProblem(t *testing.T) {
	b := story(t, func(http.ResponseWriter, *http.Request) error {
		return problem.New(problem.Invalid, "sign_in_refused", "Please <sign in> again.")
	})
	const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
	for name, c := range map[string]struct {
		method, path, accept string
		page                 bool
	}{
		"a browser that goes there":    {"GET", "/login/callback", browser, true},
		"a program":                    {"GET", "/login/callback", "*/*", false},
		"a browser that asks the API":  {"GET", "/api/account", browser, false},
		"a browser that sends a form":  {"POST", "/login/callback", browser, false},
		"nothing said about the reply": {"GET", "/login/callback", "", false},
	} {
		reply, err := b.handle(context.Background(), ask(t, c.method, c.path, header("accept", c.accept)))
		if err != nil {
			t.Fatal(err)
		}
		page := strings.HasPrefix(reply.Headers["Content-Type"], "text/html")
		if page != c.page || reply.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, reply.StatusCode, reply.Headers["Content-Type"])
		}
		if page && !strings.Contains(reply.Body, "Please &lt;sign in&gt; again.") {
			t.Errorf("%s: the sentence is missing or not escaped: %s", name, reply.Body)
		}
	}
}
