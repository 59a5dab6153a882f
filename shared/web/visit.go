package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"

	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/problem"
)

// visit is what is known about one request beside the request itself.
type visit struct {
	began   time.Time
	event   events.APIGatewayV2HTTPRequest // as it came
	cold    bool
	reply   *reply
	reached bool // a story was found and began
	err     error
	who     string
	alarms  []logline.Word
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit { return ctx.Value(visitKey{}).(*visit) }

func (v *visit) requestID() string { return v.event.RequestContext.RequestID }

// At is the request's clock: the moment at which API Gateway took it in, in UTC, to the millisecond.
func At(r *http.Request) time.Time {
	c, _ := core.GetAPIGatewayV2ContextFromContext(r.Context())
	return time.UnixMilli(c.TimeEpoch).UTC()
}

// Address is where the request came from as API Gateway saw it; no header can change it. It is the zero Addr if unknown.
func Address(r *http.Request) netip.Addr {
	c, _ := core.GetAPIGatewayV2ContextFromContext(r.Context())
	address, _ := netip.ParseAddr(c.HTTP.SourceIP)
	return address.Unmap()
}

// Who notes for the request's log line who asked, as a pseudonym: one word that means nothing once its key is gone.
func Who(r *http.Request, pseudonym string) { visitOf(r.Context()).who = pseudonym }

// Alarm calls an operator: the request's log line carries the word, and template.yaml has an alarm on such lines.
func Alarm(r *http.Request, word string) {
	v := visitOf(r.Context())
	v.alarms = append(v.alarms, logline.Word(word))
}

// record is the request's line in the log.
func (v *visit) record(r *http.Request, function logline.Function) logline.Record {
	l := logline.Record{
		Time: logline.MomentOf(At(r)), Level: "INFO", Msg: "request", Function: function,
		RequestID: logline.RequestID(v.requestID()), Route: route(r.Pattern), Method: logline.Method(v.event.RequestContext.HTTP.Method).Or("other"),
		Status: v.reply.status, Ms: time.Since(v.began).Milliseconds(), Cold: v.cold, Who: logline.Pseudonym(v.who),
		Network: logline.NetworkOf(Address(r)), Alarms: v.alarms,
	}
	if lc, ok := lambdacontext.FromContext(r.Context()); ok {
		l.Invocation = logline.Invocation(lc.AwsRequestID)
	}
	if v.reply.status >= http.StatusInternalServerError {
		l.Level = "ERROR"
	}
	if v.err != nil {
		l.Code, l.Error = logline.Code(explain(v.err).Code), logline.Class(cause(v.err))
	}
	l.Browser, l.System = device(r.UserAgent())
	return l
}

// cause is what a problem came from; its code says the rest.
func cause(err error) error {
	if told := problem.Of(err); told != nil {
		return told.Unwrap()
	}
	return err
}

// route is a pattern without its method.
func route(pattern string) logline.Route {
	_, path, found := strings.Cut(pattern, " ")
	if !found {
		path = pattern
	}
	return logline.Route(path)
}
