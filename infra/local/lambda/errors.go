package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// errorDocument is how Lambda writes down what went wrong in a function.
type errorDocument struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// initError says why no instance could take the request.
type initError struct {
	kind, message string
	payload       []byte // the function's own report, instead of both
}

func (e *initError) Error() string { return e.message }

func (e *initError) result(id string) Result {
	payload := e.payload
	if payload == nil {
		payload, _ = json.Marshal(errorDocument{e.kind, e.message}) // strings always encode
	}
	return Result{RequestID: id, Payload: payload, FunctionError: "Unhandled"}
}

func newInvocation(id string, payload []byte, function template.Function) *invocation {
	return &invocation{
		id: id, payload: payload, arn: function.ARN, deadline: time.Now().Add(function.Timeout), answer: make(chan Result, 1),
		trace: fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hexadecimal(12), hexadecimal(8)),
	}
}

// failure is the answer to a request that the function gave none to.
func (request *invocation) failure(kind, message string) Result {
	payload, _ := json.Marshal(errorDocument{kind, "RequestId: " + request.id + " Error: " + message}) // strings always encode
	return Result{RequestID: request.id, Payload: payload, FunctionError: "Unhandled"}
}

// summary is an error document in one line.
func summary(payload []byte) string {
	var document errorDocument
	if json.Unmarshal(payload, &document) != nil || document.Type+document.Message == "" {
		return "no error document"
	}
	return document.Type + ": " + document.Message
}

// newID makes a random UUID, the form of AWS's request ids.
func newID() string {
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
