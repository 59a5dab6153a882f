package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// runtimeAPI is what one instance talks to; an address of its own tells instances apart.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	sandbox  *Sandbox
	requests chan *Invocation

	mu      sync.Mutex
	polled  bool // has asked for its first request
	current *Invocation
	failed  []byte   // what the function reported to /init/error
	wants   []string // event types of the extension; nil where none registered
	events  chan []byte
}

// responseLimit is Lambda's for answers, in bytes: 6 MB with a little room for their wrapping.
const responseLimit = 6<<20 + 100

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ofInvocation := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/")
	id, action, _ := strings.Cut(rest, "/")
	switch {
	case ofInvocation && rest == "next" && r.Method == http.MethodGet:
		a.next(w, r)
	case ofInvocation && action == "response" && r.Method == http.MethodPost:
		a.answer(w, r, id, "")
	case ofInvocation && action == "error" && r.Method == http.MethodPost:
		a.answer(w, r, id, "Unhandled")
	case r.URL.Path == "/2018-06-01/runtime/init/error" && r.Method == http.MethodPost:
		a.initError(w, r)
	case r.URL.Path == "/2020-01-01/extension/register" && r.Method == http.MethodPost:
		a.register(w, r)
	case r.URL.Path == "/2020-01-01/extension/event/next" && r.Method == http.MethodGet:
		a.nextEvent(w, r)
	default:
		refuse(w, http.StatusNotFound, "NotFound", "the runtime API has no "+r.Method+" "+r.URL.Path)
	}
}

// next gives the function its next request, however long that takes.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.asks()
	select {
	case request := <-a.requests:
		a.mu.Lock()
		a.current = request
		a.mu.Unlock()
		a.notify(request)
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(request.payload)))
		header.Set("Lambda-Runtime-Aws-Request-Id", request.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(request.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", request.arn)
		header.Set("Lambda-Runtime-Trace-Id", request.trace)
		_, _ = w.Write(request.payload)
	case <-r.Context().Done():
	}
}

// asks tells that the function is free; with its first call it has started.
func (a *runtimeAPI) asks() {
	a.mu.Lock()
	first := !a.polled
	a.polled = true
	a.mu.Unlock()
	if first {
		close(a.sandbox.ready)
		return
	}
	a.sandbox.Asks()
}

// answer takes the reply to the request in hand, whichever connection brings it.
func (a *runtimeAPI) answer(w http.ResponseWriter, r *http.Request, id, functionError string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, responseLimit))
	a.mu.Lock()
	request := a.current
	known := request != nil && request.id == id
	if known {
		a.current = nil
	}
	a.mu.Unlock()
	if !known {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no request "+id+" is being handled")
		return
	}
	result := Result{RequestID: id, Payload: body, FunctionError: functionError}
	status := http.StatusAccepted
	if err != nil {
		status = http.StatusRequestEntityTooLarge
		result = request.failure("Function.ResponseSizeTooLarge", fmt.Sprintf("the answer is larger than %d bytes", responseLimit))
	}
	a.sandbox.Answered()
	request.answer <- result
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func (a *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, responseLimit))
	a.mu.Lock()
	a.failed = body
	a.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func (a *runtimeAPI) initFailure() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(errorDocument{Type: kind, Message: message})
}
