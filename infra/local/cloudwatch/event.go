package cloudwatch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"

	"nanoflux.ai/backend/infra/local/template"
)

// line is one line of a log group: its id of 56 digits, its time in Unix milliseconds, its text.
type line struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// event is what a subscribed function gets.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
func event(to template.Subscription, lines []line) []byte {
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	_ = json.NewEncoder(packer).Encode(map[string]any{ // neither strings nor a buffer fail
		"messageType": "DATA_MESSAGE", "owner": template.Account, "logGroup": to.LogGroup, "logStream": "local",
		"subscriptionFilters": []string{to.Name}, "logEvents": lines,
	})
	_ = packer.Close()
	payload, _ := json.Marshal(map[string]any{"awslogs": map[string]any{"data": packed.Bytes()}})
	return payload
}
