// Command probe is the function with which the local Lambda is tested: it does what each event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// order is an event; its parts are carried out from top to bottom.
type order struct {
	Note   string `json:"note"`  // append a line with the request id to this file
	Print  string `json:"print"` // to standard error
	Sleep  int    `json:"sleep"` // milliseconds
	Panic  bool   `json:"panic"`
	Exit   bool   `json:"exit"`   // without an answer
	Fail   string `json:"fail"`   // return this error
	Weight int    `json:"weight"` // bytes to answer with
	Getenv string `json:"getenv"`
}

type report struct {
	PID       int    `json:"pid"`
	RequestID string `json:"request_id"`
	ARN       string `json:"arn"`
	Left      int64  `json:"left"` // milliseconds to the deadline
	Value     string `json:"value"`
	Fill      string `json:"fill,omitempty"`
}

func main() {
	if text := os.Getenv("PROBE_SAYS"); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	switch os.Getenv("PROBE_START") {
	case "exit":
		os.Exit(3)
	case "report":
		document := strings.NewReader(`{"errorType":"Probe","errorMessage":"the setting is missing"}`)
		address := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		if reply, err := http.Post(address, "application/json", document); err == nil {
			reply.Body.Close()
		}
		os.Exit(1)
	}
	if file := os.Getenv("PROBE_SIGTERM"); file != "" {
		lambda.StartWithOptions(obey, lambda.WithEnableSIGTERM(func() { _ = note(file, "SIGTERM") }))
	}
	lambda.Start(obey)
}

func obey(ctx context.Context, o order) (report, error) {
	about, _ := lambdacontext.FromContext(ctx)
	if o.Note != "" {
		if err := note(o.Note, about.AwsRequestID); err != nil {
			return report{}, err
		}
	}
	if o.Print != "" {
		fmt.Fprintln(os.Stderr, o.Print)
	}
	time.Sleep(time.Duration(o.Sleep) * time.Millisecond)
	if o.Panic {
		panic("as told")
	}
	if o.Exit {
		os.Exit(7)
	}
	if o.Fail != "" {
		return report{}, errors.New(o.Fail)
	}
	deadline, _ := ctx.Deadline()
	return report{
		PID: os.Getpid(), RequestID: about.AwsRequestID, ARN: about.InvokedFunctionArn, Left: time.Until(deadline).Milliseconds(),
		Value: os.Getenv(o.Getenv), Fill: strings.Repeat("x", o.Weight),
	}, nil
}

func note(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}
