package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// register takes in an extension inside the function's own process; aws-lambda-go registers one to
// be told of SIGTERM.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
func (a *runtimeAPI) register(body []byte) reply {
	var asked struct {
		Events []string `json:"events"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return refuse(http.StatusBadRequest, "InvalidRequestFormat", "send {\"events\": [\"INVOKE\", \"SHUTDOWN\"]}")
	}
	a.mu.Lock()
	a.wants = append([]string{}, asked.Events...)
	a.mu.Unlock()
	about, _ := json.Marshal(map[string]string{ // strings always encode
		"functionName": a.sandbox.Function.ID, "functionVersion": "$LATEST", "handler": "bootstrap", "accountId": template.Account,
	})
	return reply{status: http.StatusOK, header: "Lambda-Extension-Identifier: " + NewID() + "\r\n", body: about}
}

// nextEvent waits for an event, if need be until the process ends.
func (a *runtimeAPI) nextEvent() reply {
	select {
	case event := <-a.events:
		return reply{status: http.StatusOK, header: "Lambda-Extension-Event-Identifier: " + NewID() + "\r\n", body: event}
	case <-a.sandbox.gone:
		return refuse(http.StatusInternalServerError, "Shutdown", "the process has ended")
	}
}

func (a *runtimeAPI) extended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wants != nil
}

func (a *runtimeAPI) notify(request *Invocation) {
	a.publish("INVOKE", map[string]any{
		"requestId": request.id, "deadlineMs": request.deadline.UnixMilli(), "invokedFunctionArn": request.arn,
		"tracing": map[string]string{"type": "X-Amzn-Trace-Id", "value": request.trace},
	})
}

func (a *runtimeAPI) shutdown() {
	a.publish("SHUTDOWN", map[string]any{"shutdownReason": "spindown", "deadlineMs": time.Now().Add(stopLimit).UnixMilli()})
}

// publish queues an event for the extension where it asked for its type.
func (a *runtimeAPI) publish(kind string, event map[string]any) {
	a.mu.Lock()
	wanted := slices.Contains(a.wants, kind)
	a.mu.Unlock()
	if !wanted {
		return
	}
	event["eventType"] = kind
	text, _ := json.Marshal(event) // strings and numbers always encode
	select {
	case a.events <- text:
	default: // an extension that never asks must not hold up the function
	}
}
