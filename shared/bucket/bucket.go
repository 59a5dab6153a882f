// Package bucket stores, signs for and deletes objects in the private bucket (Cloudflare R2 over the S3 protocol).
package bucket

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
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
			HTTPClient: &http.Client{Timeout: 20 * time.Second},
			// R2 refuses the trailing checksums that the SDK sends by default.
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
			ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		})
	})}
}

// Put stores one object whole.
func (b *Bucket) Put(ctx context.Context, key, contentType string, body []byte) error {
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

// Delete removes the objects, none of which needs to exist. It tries all, names those that may still be there, and fails if
// there are any.
func (b *Bucket) Delete(ctx context.Context, keys ...string) (left []string, err error) {
	const most = 1000 // of one DeleteObjects request
	for batch := range slices.Chunk(keys, most) {
		remaining, failure := b.deleteBatch(ctx, batch)
		left, err = append(left, remaining...), cmp.Or(err, failure)
	}
	return left, err
}

func (b *Bucket) deleteBatch(ctx context.Context, keys []string) (left []string, err error) {
	objects := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		objects[i].Key = &keys[i]
	}
	out, err := b.client().DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return keys, wrap("deleting objects", err)
	}
	// The request as a whole succeeds where single keys fail.
	for _, failed := range out.Errors {
		key := aws.ToString(failed.Key)
		if failure := b.deleteOne(ctx, key); failure != nil {
			left, err = append(left, key), cmp.Or(err, failure)
		}
	}
	return left, err
}

func (b *Bucket) deleteOne(ctx context.Context, key string) error {
	_, err := b.client().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	if err = wrap("deleting an object", err); errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}

// Upload is a presigned PUT: the address, and the headers that the signature covers and the client must send.
type Upload struct {
	URL     string
	Headers map[string]string
}

// SignPut lets its holder put exactly length bytes of contentType at key, for as long as lifetime.
func (b *Bucket) SignPut(ctx context.Context, key, contentType string, length int64, lifetime time.Duration) (Upload, error) {
	signed, err := s3.NewPresignClient(b.client(), s3.WithPresignExpires(lifetime)).PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, ContentType: &contentType, ContentLength: &length,
	})
	if err != nil {
		return Upload{}, wrap("signing an upload", err)
	}
	// The browser sets Content-Length and Host itself and lets nobody else.
	return Upload{URL: signed.URL, Headers: map[string]string{"Content-Type": contentType}}, nil
}

// wrap drops the key, which holds an account's prefix, from the SDK's error text.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound":
			return ErrMissing
		}
		return fmt.Errorf("%s: %s", doing, api.ErrorCode())
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s: the storage did not answer", doing)
}
