package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"strconv"
	"strings"

	"nanoflux.ai/backend/shared/problem"
)

// reply keeps a whole answer until it is known to be good, with the manners of net/http: the first status counts, headers
// are fixed with it, no status means 200. The adapter lets the last status win, glues bodies together and fails on no status.
type reply struct {
	header http.Header // what the story changes
	fixed  http.Header // what is sent: a copy made with the status
	status int
	body   bytes.Buffer
}

func newReply() *reply { return &reply{header: http.Header{}} }

func (p *reply) Header() http.Header { return p.header }

func (p *reply) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic("web: impossible status " + strconv.Itoa(status))
	}
	if p.status != 0 || status < 200 { // a Lambda reply has no room for 1xx
		return
	}
	p.status, p.fixed = status, p.header.Clone()
}

func (p *reply) Write(text []byte) (int, error) {
	p.WriteHeader(p.statusOr(http.StatusOK))
	if p.status == http.StatusNoContent || p.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	return p.body.Write(text)
}

func (p *reply) statusOr(status int) int {
	if p.status != 0 {
		return p.status
	}
	return status
}

// refuse replaces all that was written by a problem document (RFC 9457), or by a page that says the same where a person
// looks at it. Of the headers only those stay that belong to a refusal as well.
func (p *reply) refuse(err error, requestID string, person bool) {
	kept := http.Header{}
	for _, name := range []string{"Allow", "Retry-After", "Set-Cookie", "Www-Authenticate"} {
		if values := p.header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	told := explain(err)
	if told.Kind == problem.Unavailable && kept.Get("Retry-After") == "" {
		kept.Set("Retry-After", "2")
	}
	status := statusOf(told.Kind)
	text, _ := json.Marshal(document{"about:blank", http.StatusText(status), status, told.Sentence, told.Code, requestID, told.Fields})

	*p = reply{header: kept}
	p.header.Set("Content-Type", "application/problem+json")
	if person {
		p.header.Set("Content-Type", "text/html; charset=utf-8")
		p.header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'")
		text = []byte(refusalPage(told.Sentence, requestID))
	}
	p.WriteHeader(status)
	p.body.Write(append(text, '\n'))
}

// lookedAt says whether a person sees the answer: a browser goes to an address that is not the API's.
func lookedAt(r *http.Request) bool {
	return r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func refusalPage(sentence, requestID string) string {
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/assets/refusal/style.css">
<title>That did not work</title>
<main class="text">
  <h1>That did not work</h1>
  <p>` + html.EscapeString(sentence) + `</p>
  <p><a class="button" href="/">Back to the start</a></p>
  <p><small>Request ` + html.EscapeString(requestID) + `</small></p>
</main>
</html>`
}

// document is a refusal as callers see it (RFC 9457, with three members of ours).
type document struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Code      string            `json:"code"`
	RequestID string            `json:"request_id"`
	Fields    map[string]string `json:"fields,omitempty"`
}

var errNoTime = errors.New("the event has no time")

// explain finds what a caller may read of an error.
func explain(err error) *problem.Problem {
	if told := problem.Of(err); told != nil {
		return told
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return problem.New(problem.Unavailable, "too_slow", "This took too long: try again in a moment.")
	}
	return problem.New(0, "internal_error", "Something went wrong on our side: try again, and give support the request id if it stays.")
}

func statusOf(kind problem.Kind) int {
	switch kind {
	case problem.Invalid:
		return http.StatusBadRequest
	case problem.Unauthenticated:
		return http.StatusUnauthorized
	case problem.PaymentRequired:
		return http.StatusPaymentRequired
	case problem.Forbidden:
		return http.StatusForbidden
	case problem.NotFound:
		return http.StatusNotFound
	case problem.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case problem.Conflict:
		return http.StatusConflict
	case problem.Gone:
		return http.StatusGone
	case problem.TooLarge:
		return http.StatusRequestEntityTooLarge
	case problem.UnsupportedType:
		return http.StatusUnsupportedMediaType
	case problem.Unprocessable:
		return http.StatusUnprocessableEntity
	case problem.TooMany:
		return http.StatusTooManyRequests
	case problem.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// send hands the reply over in one piece; a HEAD request gets everything but the body.
func (p *reply) send(w http.ResponseWriter, method string) {
	for name, values := range p.fixed {
		w.Header()[name] = values
	}
	w.WriteHeader(p.status)
	if method != http.MethodHead && p.body.Len() > 0 { // on an empty body, too, the adapter would guess a content type
		w.Write(p.body.Bytes()) //nolint:errcheck // it goes to a buffer of the adapter
	}
}
