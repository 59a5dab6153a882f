package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/problem"
)

func TestAnIDThatCannotExistIsSimplyNotThere(t *testing.T) {
	missing := problem.New(problem.NotFound, "image_not_found", "There is no such image in your library.")
	b := newBench(t, Routes{"GET /images/{id}": func(w http.ResponseWriter, r *http.Request) error {
		id, err := ID(r, missing)
		if err == nil {
			return say(id)(w, r)
		}
		if !errors.Is(err, missing) || id != "" {
			t.Errorf("got %q, %v", id, err)
		}
		return err
	}})
	good := "0193e1d2-7c4a-7b3e-9f00-5a1e4e0c8c6f"
	if a := b.send(ask(t, "GET", "/images/"+good)); a.body != good {
		t.Errorf("got %d %s", a.status, a.body)
	}
	for _, bad := range []string{"1", "%20", good[:35], good + "0", "{" + good + "}", "urn:uuid:" + good, strings.ReplaceAll(good, "-", ""), strings.Replace(good, "0", "g", 1), strings.Replace(good, "-", "'", 1)} {
		b.send(ask(t, "GET", "/images/"+bad)).refused(404, "image_not_found")
	}
}
