package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// Result is a function's answer. FunctionError is "" where the function succeeded; else Payload is
// AWS's error document {"errorType", "errorMessage"}.
type Result struct {
	RequestID     string
	Payload       []byte
	FunctionError string
}

// Invocation is one request on its way through a sandbox.
type Invocation struct {
	id, arn, trace  string
	payload         []byte
	began, deadline time.Time
	answer          chan Result // takes one
}

// NewInvocation starts the clock of a request.
func NewInvocation(id string, payload []byte, function template.Function) *Invocation {
	now := time.Now()
	return &Invocation{
		id: id, payload: payload, arn: function.ARN, began: now, deadline: now.Add(function.Timeout), answer: make(chan Result, 1),
		trace: fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), hexadecimal(12), hexadecimal(8)),
	}
}

// errorDocument is how Lambda writes down what went wrong in a function.
type errorDocument struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// failure is the answer to a request that the function gave none to.
func (request *Invocation) failure(kind, message string) Result {
	return NewInitError(kind, "RequestId: %s Error: %s", request.id, message).Result(request.id)
}

// InitError says why no sandbox could take a request.
type InitError struct{ document []byte }

// NewInitError writes an error document.
func NewInitError(kind, format string, values ...any) *InitError {
	document, _ := json.Marshal(errorDocument{kind, fmt.Sprintf(format, values...)}) // strings always encode
	return &InitError{document}
}

func (e *InitError) Error() string { return e.Result("").summary() }

// Result is the answer to the request that met the error.
func (e *InitError) Result(id string) Result {
	return Result{RequestID: id, Payload: e.document, FunctionError: "Unhandled"}
}

// summary is an error document in one line.
func (r Result) summary() string {
	var document errorDocument
	if json.Unmarshal(r.Payload, &document) != nil || document.Type+document.Message == "" {
		return "no error document"
	}
	return document.Type + ": " + document.Message
}

// NewID makes a random UUID, the form of AWS's request ids.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// hexadecimal gives n random bytes.
func hexadecimal(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
