package gateway

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"nanoflux.ai/backend/infra/local/template"
)

// route is a template's route, ready to be compared with a path.
type route struct {
	function string
	key      string // "GET /api/images/{id}"
	method   string // ANY matches every one
	segments []string
	fallback bool // $default
}

// routes are sorted: the first that matches is the right one.
type routes []route

func newRoutes(list []template.Route) routes {
	var all routes
	for _, each := range list {
		if each.Path == "" {
			all = append(all, route{function: each.Function, key: "$default", fallback: true})
			continue
		}
		all = append(all, route{
			function: each.Function, key: each.Method + " " + each.Path, method: each.Method, segments: segments(each.Path),
		})
	}
	slices.SortStableFunc(all, precedence)
	return all
}

// precedence puts full matches before greedy ones and $default last; among equals a method comes
// before ANY, then the literal before the parameter.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func precedence(a, b route) int {
	rank := func(r route) int {
		switch {
		case r.fallback:
			return 2
		case r.greedy():
			return 1
		}
		return 0
	}
	if order := cmp.Compare(rank(a), rank(b)); order != 0 {
		return order
	}
	if a.greedy() && len(a.segments) != len(b.segments) {
		return cmp.Compare(len(b.segments), len(a.segments)) // the longer prefix says more
	}
	if anyA, anyB := a.method == "ANY", b.method == "ANY"; anyA != anyB {
		if anyA {
			return 1
		}
		return -1
	}
	for i := range min(len(a.segments), len(b.segments)) {
		if order := cmp.Compare(parameterCount(a.segments[i]), parameterCount(b.segments[i])); order != 0 {
			return order
		}
	}
	return 0
}

func (r route) greedy() bool {
	return len(r.segments) > 0 && strings.HasSuffix(r.segments[len(r.segments)-1], "+}")
}

// parameterCount is 0 for a literal segment and 1 for a parameter.
func parameterCount(segment string) int {
	if _, is := parameter(segment); is {
		return 1
	}
	return 0
}

func parameter(segment string) (string, bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return strings.TrimSuffix(segment[1:len(segment)-1], "+"), true
	}
	return "", false
}

// match gives the route of a request with its path parameters, or nil. The path is as received.
func (all routes) match(method, path string) (*route, map[string]string) {
	parts := segments(path)
	for i := range all {
		r := &all[i]
		if r.fallback {
			return r, nil
		}
		if r.method != method && r.method != "ANY" {
			continue
		}
		if parameters, fits := r.fit(parts); fits {
			return r, parameters
		}
	}
	return nil, nil
}

func (r *route) fit(parts []string) (map[string]string, bool) {
	if len(parts) < len(r.segments) || len(parts) > len(r.segments) && !r.greedy() {
		return nil, false
	}
	var parameters map[string]string
	for i, segment := range r.segments {
		part := parts[i]
		if i == len(r.segments)-1 && r.greedy() {
			part = strings.Join(parts[i:], "/")
		}
		name, is := parameter(segment)
		if !is && decode(part) != segment || part == "" && is {
			return nil, false
		}
		if is && parameters == nil {
			parameters = map[string]string{}
		}
		if is {
			parameters[name] = decode(part)
		}
	}
	return parameters, true
}

func segments(path string) []string {
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

// decode resolves percent escapes; what is none stays as it is.
func decode(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		return plain
	}
	return part
}
