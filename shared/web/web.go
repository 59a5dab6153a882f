// Package web is the HTTP edge: it turns an API Gateway event into a request for a story.
package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

// Story answers one request. An error it returns replaces all it wrote: a *problem.Problem is told to the caller, any other
// error becomes a 500 of which only the kind is logged.
type Story func(w http.ResponseWriter, r *http.Request) error

// Routes are the stories of a function by http.ServeMux pattern: "GET /api/images/{id}".
type Routes map[string]Story

// Serve runs the routes as a Lambda function and never returns. Origin is the address that browsers see, like
// "https://example.com": unsafe requests from any other origin are refused.
func Serve(origin string, routes Routes) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		fmt.Fprintln(os.Stderr, "This program is a Lambda function: start it with `make run`, or deploy it.")
		os.Exit(1)
	}
	logline.QuietLibraries(os.Stderr)
	lambda.Start(Handler(origin, routes))
}

// Handler is what Serve runs: one payload-2.0 event in, its reply out. The error is always nil, because a function error
// would let any stranger's bad request ring our alarms. It panics on an impossible origin or pattern.
func Handler(origin string, routes Routes) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return newDesk(origin, routes, os.Stdout, os.Stderr).handle
}

// desk is where every request of a function comes in.
type desk struct {
	host    string
	mux     *http.ServeMux
	foreign *http.CrossOriginProtection
	adapter *httpadapter.HandlerAdapterV2
	warm    atomic.Bool
	name    func() logline.Function
	logs    io.Writer
	stacks  io.Writer
}

// margin is kept of Lambda's deadline to say 503, where Lambda would only say that the function was ended.
const margin = 500 * time.Millisecond

func newDesk(origin string, routes Routes, logs, stacks io.Writer) *desk {
	d := &desk{host: hostOf(origin), mux: http.NewServeMux(), foreign: http.NewCrossOriginProtection(),
		name: sync.OnceValue(logline.Running), logs: logs, stacks: stacks}
	if err := d.foreign.AddTrustedOrigin(origin); err != nil {
		panic("web: " + err.Error())
	}
	for pattern, story := range routes {
		d.mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) {
			v := visitOf(r.Context())
			v.reached, v.err = true, story(v.reply, r)
		})
	}
	d.adapter = httpadapter.NewV2(d)
	return d
}

func (d *desk) handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	v := &visit{began: time.Now(), event: event, cold: !d.warm.Swap(true), reply: newReply()}
	readable, err := d.check(event)
	v.err = err
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	response, err := d.adapter.ProxyWithContext(context.WithValue(ctx, visitKey{}, v), readable)
	if err != nil { // the adapter cannot fail on an event that passed the check
		response = events.APIGatewayV2HTTPResponse{StatusCode: http.StatusInternalServerError}
		logline.Write(d.logs, logline.Record{Level: "ERROR", Msg: "request", Function: d.name(), RequestID: logline.RequestID(v.requestID()),
			Status: response.StatusCode, Error: logline.Class(err)})
		err = nil
	}
	return response, err
}

// ServeHTTP is called by the adapter. Whatever happens, it sends exactly one whole reply and writes one line.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := visitOf(r.Context())
	restore(r, v.event)
	if v.err == nil {
		d.tell(v, r)
	}
	if v.err != nil {
		v.reply.refuse(v.err, v.requestID(), lookedAt(r))
	}
	v.reply.secure(v.requestID())
	logline.Write(d.logs, v.record(r, d.name()))
	v.reply.send(w, r.Method)
}

// tell lets the story that the request is for answer it, and turns everything that goes wrong into v.err.
func (d *desk) tell(v *visit, r *http.Request) {
	defer func() {
		if value := recover(); value != nil {
			p := logline.Recovered(value)
			p.Report(d.stacks, v.requestID())
			v.err = p
		}
	}()
	if err := d.foreign.Check(r); err != nil {
		v.err = problem.New(problem.Forbidden, "cross_origin", "This request came from another site: open this one and try again.")
		return
	}
	if encodedSlash(r) {
		v.err = notFound()
		return
	}
	d.mux.ServeHTTP(v.reply, r)
	switch {
	case v.reached:
	case v.reply.status == http.StatusMethodNotAllowed:
		v.err = problem.New(problem.MethodNotAllowed, "method_not_allowed", "This address does not take the method "+r.Method+"; see the Allow header.")
	default: // the mux would also redirect unclean paths, with their query; they are simply not there
		v.err = notFound()
	}
}

func notFound() error {
	return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
}
