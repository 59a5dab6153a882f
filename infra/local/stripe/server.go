package stripe

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// call is one request to the API.
type call struct {
	w    *world
	r    *http.Request
	form form              // of the query for GET, of the body for POST and, where there is one, DELETE
	path map[string]string // what the {names} of the route stand for
}

// handler answers a call with an object or a list envelope; the server copies it and applies expand[] afterwards.
type handler func(c *call) (any, *apiError)

// answer is a finished response, kept to be repeated for its Idempotency-Key.
type answer struct {
	asked  string // the digest of method, path and parameters of the request it answered: they may say who somebody is
	at     int64
	status int
	body   []byte
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// api makes an HTTP handler of a route's handler.
func (s *Server) api(pattern string, handle handler) http.Handler {
	names := placeholder.FindAllStringSubmatch(pattern, -1)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		request := newID("req_")
		rw.Header().Set("Request-Id", request)
		rw.Header().Set("Stripe-Version", Version)
		world, query, failure := s.admit(rw, r)
		if failure != nil {
			writeJSON(rw, failure.status, failure.body(request))
			return
		}
		parsed, err := parseForm(query)
		if err != nil {
			failure := invalid("", "%s", err.Error())
			writeJSON(rw, failure.status, failure.body(request))
			return
		}
		c := &call{w: world, r: r, form: parsed, path: map[string]string{}}
		for _, name := range names {
			c.path[name[1]] = r.PathValue(name[1])
		}
		s.serve(rw, c, handle, requestMark{request, r.Header.Get("Idempotency-Key")}, query)
	})
}

// admit checks who calls, in which version, and gives the world with the parameters in the form encoding.
func (s *Server) admit(rw http.ResponseWriter, r *http.Request) (*world, string, *apiError) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		key, _, _ = r.BasicAuth()
	}
	world, known := s.worldOf(key)
	if !known {
		message := "Invalid API Key provided: " + masked(key)
		if key == "" {
			message = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth."
		}
		return nil, "", &apiError{status: http.StatusUnauthorized, kind: "invalid_request_error", message: message}
	}
	if version := r.Header.Get("Stripe-Version"); version != "" && version != Version {
		return nil, "", invalid("", "Invalid Stripe API version: %s; this stand-in speaks %s only.", version, Version)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodDelete && r.ContentLength == 0 {
		return world, r.URL.RawQuery, nil
	}
	body, failure := read(rw, r)
	if failure != nil {
		return nil, "", failure
	}
	if kind := r.Header.Get("Content-Type"); len(body) > 0 && !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return nil, "", invalid("", "Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
	}
	return world, string(body), nil
}

// serve answers a call: from memory where its Idempotency-Key came before, with what faults make of it otherwise.
func (s *Server) serve(rw http.ResponseWriter, c *call, handle handler, mark requestMark, query string) {
	w := c.w
	asked := digest(c.r.Method + " " + c.r.URL.Path + "?" + query)
	w.mu.Lock()
	earlier, repeated := w.answers[mark.key]
	repeated = repeated && mark.key != "" && c.r.Method == http.MethodPost && w.now().Unix()-earlier.at < 24*60*60
	if repeated {
		w.mu.Unlock()
		s.repeat(rw, earlier, asked, mark)
		return
	}
	told := w.nextFault(c.r)
	if told.Kind == "hang" || told.Kind == "reset" {
		w.mu.Unlock()
		s.breakOff(c.r, told.Kind == "hang")
	}
	var given answer
	if told.Kind == "error" {
		given = w.compose(nil, broken(told.Status), nil, mark)
	} else {
		given = w.perform(c, handle, mark)
		if told.Kind == "done_then_error" {
			given = w.compose(nil, broken(told.Status), nil, mark)
		}
	}
	given.asked, given.at = asked, w.now().Unix()
	if mark.key != "" && c.r.Method == http.MethodPost && kept(given.status) {
		w.answers[mark.key] = given
	}
	w.mu.Unlock()
	if told.Kind == "done_then_hang" || told.Kind == "done_then_reset" {
		s.breakOff(c.r, told.Kind == "done_then_hang")
	}
	given.write(rw, mark)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// kept says whether Stripe remembers an answer for its key: all but those given before the work began.
func kept(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict,
		http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return false
	}
	return true
}

func (w *world) perform(c *call, handle handler, mark requestMark) answer {
	w.request = mark
	defer func() { w.request = requestMark{} }()
	w.pass()
	result, failure := handle(c)
	return w.compose(result, failure, c.form.texts("expand"), mark)
}

// compose renders a result or a failure.
func (w *world) compose(result any, failure *apiError, expand []string, mark requestMark) answer {
	if failure == nil {
		result, failure = w.expanded(result, expand)
	}
	status := http.StatusOK
	if failure != nil {
		status, result = failure.status, failure.body(mark.id)
	}
	return answer{status: status, body: encoded(result)}
}

func encoded(value any) []byte {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // an object holds something that is not JSON: a mistake in this package
	}
	return body.Bytes()
}

func (s *Server) repeat(rw http.ResponseWriter, earlier answer, asked string, mark requestMark) {
	if earlier.asked != asked {
		failure := &apiError{status: http.StatusBadRequest, kind: "idempotency_error", message: "Keys for idempotent requests can only be used " +
			"with the same parameters they were first used with. Try using a key other than '" + mark.key +
			"' if you meant to execute a different request."}
		writeJSON(rw, failure.status, failure.body(mark.id))
		return
	}
	rw.Header().Set("Idempotent-Replayed", "true")
	earlier.write(rw, mark)
}

func (a answer) write(rw http.ResponseWriter, mark requestMark) {
	if mark.key != "" {
		rw.Header().Set("Idempotency-Key", mark.key)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(a.status)
	rw.Write(a.body)
}

func (s *Server) unknownRoute(rw http.ResponseWriter, r *http.Request) {
	failure := invalid("", "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
		r.Method, r.URL.Path)
	failure.status = http.StatusNotFound
	writeJSON(rw, failure.status, failure.body(newID("req_")))
}

// masked hides the middle of a key, as Stripe's errors do.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}
