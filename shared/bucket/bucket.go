// Package bucket stores, signs for and deletes objects in the private bucket (Cloudflare R2 over the S3 protocol).
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"nanoflux.ai/backend/shared/outbound"
	"nanoflux.ai/backend/shared/schema"
)

// ErrMissing says that there is no such object, ErrTooLarge that it is longer than the reader wants.
var (
	ErrMissing  = errors.New("no such object")
	ErrTooLarge = errors.New("the object is too large")
)

// Bucket is one bucket; its client is built at the first use, because an S3 client costs a start more than a millisecond.
type Bucket struct {
	name   string
	client func() *s3.Client
}

// Open describes the bucket at an S3 endpoint; it does not reach out.
func Open(endpoint, name, accessKeyID, secretAccessKey string) *Bucket {
	return &Bucket{name: name, client: sync.OnceValue(func() *s3.Client {
		return s3.New(s3.Options{
			BaseEndpoint: aws.String(endpoint),
			Region:       "auto",
			UsePathStyle: true,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: secretAccessKey}, nil
			}),
			HTTPClient: outbound.Wide(20*time.Second, 2*flight), // of two, the others' connections would be made anew for each request
			// R2 refuses the trailing checksums that the SDK sends by default.
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
			ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		})
	})}
}

// Put stores one object whole.
func (b *Bucket) Put(ctx context.Context, key, contentType string, body []byte) error {
	if err := decided(key); err != nil {
		return err
	}
	_, err := b.client().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(body),
		ContentType: &contentType, ContentLength: aws.Int64(int64(len(body))),
	})
	return wrap("putting an object", err)
}

// Get reads one object; ErrMissing if there is none, ErrTooLarge if it has more than limit bytes.
func (b *Bucket) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	object, err := b.client().GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, wrap("getting an object", err)
	}
	defer object.Body.Close()
	body, err := io.ReadAll(io.LimitReader(object.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("getting an object: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, ErrTooLarge
	}
	return body, nil
}

// Upload is a presigned PUT: the address, and the headers that the signature covers and the client must send.
type Upload struct {
	URL     string
	Headers map[string]string
}

// SignPut lets its holder put exactly length bytes of contentType at key, for as long as lifetime.
func (b *Bucket) SignPut(ctx context.Context, key, contentType string, length int64, lifetime time.Duration) (Upload, error) {
	if err := decided(key); err != nil {
		return Upload{}, err
	}
	signed, err := s3.NewPresignClient(b.client(), s3.WithPresignExpires(lifetime)).PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, ContentType: &contentType, ContentLength: &length,
	})
	if err != nil {
		return Upload{}, wrap("signing an upload", err)
	}
	// The browser sets Content-Length and Host itself and lets nobody else.
	return Upload{URL: signed.URL, Headers: map[string]string{"Content-Type": contentType}}, nil
}

// decided refuses to write where the data map has no place: what nobody decided about would be erased by nobody.
func decided(key string) error {
	if _, known := schema.PlaceOf(key); !known {
		return errors.New("nobody decided about objects under this key: list its place in shared/schema/places.go")
	}
	return nil
}

// wrap drops the key, which holds an account's prefix, from the SDK's error text.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchUpload", "NotFound":
			return ErrMissing
		case "SlowDown", "TooManyRequests": // R2 says the second, with status 429
			return fmt.Errorf("%s: %w", doing, errThrottled)
		}
		return fmt.Errorf("%s: %s", doing, api.ErrorCode())
	}
	if refused := outbound.Refusal(err); refused != nil {
		return fmt.Errorf("%s: %w", doing, refused)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s: the storage did not answer", doing)
}
