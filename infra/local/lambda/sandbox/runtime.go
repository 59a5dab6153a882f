package sandbox

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// responseLimit is Lambda's for answers, in bytes: 6 MB with a little room for their wrapping.
const responseLimit = 6<<20 + 100

// runtimeAPI is what one process talks to; an address of its own tells processes apart. It reads
// its connections itself, so that a request goes straight to the connection that waits for it;
// net/http's server would wake two more goroutines for each.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	sandbox *Sandbox
	events  chan []byte // for the extension

	mu      sync.Mutex
	polled  bool        // has asked for its first request
	next    net.Conn    // waits for the next request
	current *Invocation // is handled by the function
	failed  []byte      // what the function reported to /init/error
	wants   []string    // event types of the extension; nil where none registered
}

// reply is an answer of the runtime API.
type reply struct {
	status int
	header string // lines of it
	body   []byte
}

func (a *runtimeAPI) serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return // closed with the process
		}
		go a.converse(connection)
	}
}

// converse answers one connection, request by request, until the process closes it.
func (a *runtimeAPI) converse(connection net.Conn) {
	defer func() { _ = connection.Close() }()
	in := bufio.NewReader(connection)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Method == http.MethodGet && r.URL.Path == "/2018-06-01/runtime/invocation/next" {
			a.asks(connection)
			continue // hand answers it
		}
		if err := a.answer(r).write(connection); err != nil || r.Close {
			return
		}
	}
}

func (a *runtimeAPI) answer(r *http.Request) reply {
	body, err := io.ReadAll(io.LimitReader(r.Body, responseLimit+1))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body) // a body that is too large
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidRequestFormat", "the body ends early")
	}
	rest, _ := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/")
	id, action, _ := strings.Cut(rest, "/")
	switch {
	case r.Method == http.MethodPost && action == "response":
		return a.take(id, body, "")
	case r.Method == http.MethodPost && action == "error":
		return a.take(id, body, "Unhandled")
	case r.Method == http.MethodPost && r.URL.Path == "/2018-06-01/runtime/init/error":
		a.mu.Lock()
		a.failed = body
		a.mu.Unlock()
		return accepted
	case r.Method == http.MethodPost && r.URL.Path == "/2020-01-01/extension/register":
		return a.register(body)
	case r.Method == http.MethodGet && r.URL.Path == "/2020-01-01/extension/event/next":
		return a.nextEvent()
	}
	return refuse(http.StatusNotFound, "NotFound", "the runtime API has no "+r.Method+" "+r.URL.Path)
}

// asks notes that the function is free; with its first call it has started.
func (a *runtimeAPI) asks(connection net.Conn) {
	a.mu.Lock()
	first := !a.polled
	a.polled, a.next = true, connection
	a.mu.Unlock()
	if first {
		close(a.sandbox.ready)
		return
	}
	a.sandbox.Asks()
}

// hand answers the waiting connection with a request.
func (a *runtimeAPI) hand(request *Invocation) {
	a.mu.Lock()
	connection := a.next
	a.next, a.current = nil, request
	a.mu.Unlock()
	a.notify(request)
	given := reply{status: http.StatusOK, body: request.payload, header: "Lambda-Runtime-Aws-Request-Id: " + request.id +
		"\r\nLambda-Runtime-Deadline-Ms: " + strconv.FormatInt(request.deadline.UnixMilli(), 10) +
		"\r\nLambda-Runtime-Invoked-Function-Arn: " + request.arn + "\r\nLambda-Runtime-Trace-Id: " + request.trace + "\r\n"}
	_ = given.write(connection) // fails where the process has ended, which Run sees
}

// take takes the result of the request in hand, whichever connection brings it.
func (a *runtimeAPI) take(id string, body []byte, functionError string) reply {
	a.mu.Lock()
	request := a.current
	known := request != nil && request.id == id
	if known {
		a.current = nil
	}
	a.mu.Unlock()
	if !known {
		return refuse(http.StatusBadRequest, "InvalidRequestID", "no request "+id+" is being handled")
	}
	result, answered := Result{RequestID: id, Payload: body, FunctionError: functionError}, accepted
	if len(body) > responseLimit {
		result = request.failure("Function.ResponseSizeTooLarge", "the answer is larger than "+strconv.Itoa(responseLimit)+" bytes")
		answered = refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the answer is too large")
	}
	a.sandbox.Answered()
	request.answer <- result
	return answered
}

func (a *runtimeAPI) initFailure() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

var accepted = reply{status: http.StatusAccepted, body: []byte(`{"status":"OK"}`)}

func refuse(status int, kind, message string) reply {
	body, _ := json.Marshal(errorDocument{Type: kind, Message: message}) // strings always encode
	return reply{status: status, body: body}
}

// write sends a reply at once.
func (r reply) write(to io.Writer) error {
	text := make([]byte, 0, 512+len(r.header)+len(r.body))
	text = append(text, "HTTP/1.1 "+strconv.Itoa(r.status)+" "+http.StatusText(r.status)+"\r\nContent-Type: application/json\r\n"+r.header...)
	text = append(text, "Content-Length: "+strconv.Itoa(len(r.body))+"\r\n\r\n"...)
	_, err := to.Write(append(text, r.body...))
	return err
}
