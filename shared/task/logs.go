package task

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/problem"
)

// LogEvent is one line of a log group: CloudWatch's id of it, its time in Unix milliseconds, its text.
type LogEvent = events.CloudwatchLogsLogEvent

// ServeLogs is Serve for a job that gets lines of a log group from a CloudWatch Logs subscription. Its clock is the time of the
// newest line; CloudWatch may deliver a line more than once.
func ServeLogs(job func(ctx context.Context, clock Clock, lines []LogEvent) error) {
	start(LogsHandler(job))
}

// LogsHandler is what ServeLogs runs.
func LogsHandler(job func(ctx context.Context, clock Clock, lines []LogEvent) error) func(context.Context, json.RawMessage) (struct{}, error) {
	n := newRunner(unanswered(job), os.Stdout, os.Stderr)
	n.read = readLogs
	return n.handle
}

// largest bounds what an event may unpack to: CloudWatch sends a megabyte at most, packed tens of times smaller.
const largest = 16 << 20

// readLogs unpacks a subscription's event
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html). A control message, by which CloudWatch
// finds out whether somebody is there, has no lines.
func readLogs(payload json.RawMessage) (Clock, []LogEvent, error) {
	var event events.CloudwatchLogsEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return Clock{}, nil, malformedLogs(err)
	}
	text, err := unpack(event.AWSLogs.Data)
	if err != nil {
		return Clock{}, nil, err
	}
	var batch events.CloudwatchLogsData
	if err := json.Unmarshal(text, &batch); err != nil {
		return Clock{}, nil, malformedLogs(err)
	}
	var newest int64
	for _, line := range batch.LogEvents {
		newest = max(newest, line.Timestamp)
	}
	clock := Starting(time.UnixMilli(newest))
	switch batch.MessageType {
	case "CONTROL_MESSAGE":
		return clock, nil, nil
	case "DATA_MESSAGE":
		return clock, batch.LogEvents, nil
	}
	return Clock{}, nil, malformedLogs(nil)
}

// unpack reads to the end, where the checksum is.
func unpack(data string) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, malformedLogs(err)
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, malformedLogs(err)
	}
	text, err := io.ReadAll(io.LimitReader(unpacker, largest+1))
	if err != nil {
		return nil, malformedLogs(err)
	}
	if len(text) > largest {
		return nil, problem.New(problem.TooLarge, "event_too_large", "The event unpacks to more than 16 MB.")
	}
	return text, nil
}

func malformedLogs(cause error) error {
	return problem.New(problem.Invalid, "malformed_event", "The event is not one of a CloudWatch Logs subscription.").Because(cause)
}
