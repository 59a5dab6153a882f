package gateway

import (
	"testing"

	"nanoflux.ai/backend/infra/local/template"
)

func TestTheMostSpecificRouteWins(t *testing.T) {
	list := []template.Route{
		{Function: "default"},
		{Function: "any-greedy", Method: "ANY", Path: "/{proxy+}"},
		{Function: "pets-greedy", Method: "GET", Path: "/pets/{proxy+}"},
		{Function: "pets-any", Method: "ANY", Path: "/pets/dog/{id}"},
		{Function: "dog-id", Method: "GET", Path: "/pets/dog/{id}"},
		{Function: "dog-1", Method: "GET", Path: "/pets/dog/1"},
		{Function: "root", Method: "GET", Path: "/"},
	}
	all := newRoutes(list)
	for _, c := range []struct{ method, path, want, parameter string }{
		{"GET", "/pets/dog/1", "dog-1", ""},
		{"GET", "/pets/dog/%31", "dog-1", ""},
		{"GET", "/pets/dog/2", "dog-id", "2"},
		{"POST", "/pets/dog/1", "pets-any", "1"},
		{"GET", "/pets/cat/1/x%2Fy", "pets-greedy", "cat/1/x/y"},
		{"POST", "/test/5", "any-greedy", "test/5"},
		{"GET", "/pets/dog/100%", "dog-id", "100%"},
		{"GET", "/pets/dog/", "pets-greedy", "dog/"},
		{"GET", "/", "root", ""},
		{"POST", "/", "default", ""},
	} {
		r, parameters := all.match(c.method, c.path)
		if r == nil || r.function != c.want || parameters["id"]+parameters["proxy"] != c.parameter {
			t.Errorf("%s %s: %+v with %v, want %s", c.method, c.path, r, parameters, c.want)
		}
	}
}

func TestTheOrderOfTheTemplateDoesNotMatter(t *testing.T) {
	all := newRoutes([]template.Route{
		{Function: "two", Method: "GET", Path: "/{a}/{b}"}, {Function: "left", Method: "GET", Path: "/x/{b}"},
		{Function: "right", Method: "GET", Path: "/{a}/y"}, {Function: "both", Method: "GET", Path: "/x/y"},
	})
	for path, want := range map[string]string{"/x/y": "both", "/x/z": "left", "/z/y": "right", "/z/z": "two"} {
		if r, _ := all.match("GET", path); r == nil || r.function != want {
			t.Errorf("%s: %+v, want %s", path, r, want)
		}
	}
}

func TestWithoutADefaultAnUnknownRouteIsNotFound(t *testing.T) {
	all := newRoutes([]template.Route{{Function: "a", Method: "GET", Path: "/a"}})
	for _, path := range []string{"/", "/b", "/a/", "/a/b", "*"} {
		if r, _ := all.match("GET", path); r != nil {
			t.Errorf("%s goes to %s", path, r.function)
		}
	}
}
