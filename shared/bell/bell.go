// Package bell wakes another function by an asynchronous invocation.
package bell

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"nanoflux.ai/backend/shared/outbound"
)

// Bell rings one function.
type Bell struct {
	function string
	client   func() *lambda.Client
}

// Of describes the bell of a function. Region, credentials and endpoint come from the variables that the Lambda
// runtime sets; the SDK's own config package would cost every start three milliseconds for reading the same.
func Of(function string) Bell {
	return Bell{function: function, client: sync.OnceValue(func() *lambda.Client {
		options := lambda.Options{
			Region:           os.Getenv("AWS_REGION"),
			HTTPClient:       outbound.Client(3 * time.Second),
			RetryMaxAttempts: 2,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{
					AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
					SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
					SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
				}, nil
			}),
		}
		if endpoint := os.Getenv("AWS_ENDPOINT_URL_LAMBDA"); endpoint != "" {
			options.BaseEndpoint = &endpoint
		}
		return lambda.New(options)
	})}
}

// Event is what a rung function gets. AWS may deliver it twice, late or not at all, so it only says where to look.
type Event struct {
	ID   string    `json:"id"`   // of the row that is to be looked at
	At   time.Time `json:"at"`   // what time it is for the one who rings
	Sent time.Time `json:"sent"` // by the wall clock: what passes from here on, in the queue or between attempts, counts
}

// Ring puts the id of a row into the function's queue; at is the ringer's own clock.
func (b Bell) Ring(ctx context.Context, id string, at time.Time) error {
	payload, err := json.Marshal(Event{id, at, time.Now().UTC()})
	if err != nil {
		return err
	}
	_, err = b.client().Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &b.function, InvocationType: types.InvocationTypeEvent, Payload: payload,
	})
	if err != nil {
		return fmt.Errorf("ringing %s: %w", b.function, err)
	}
	return nil
}
