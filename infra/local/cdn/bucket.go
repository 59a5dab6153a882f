package cdn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// ErrNotFound says that the bucket holds no object under the key.
var ErrNotFound = errors.New("no such object")

// Object is what the bucket gave for one key.
type Object struct {
	Body        []byte
	ContentType string
	ETag        string // with its quotes
}

// Fetch gets one whole object, or ErrNotFound.
type Fetch func(ctx context.Context, key string) (Object, error)

// Open gives the bucket's answer to GET or HEAD as it comes, with the range of bytes that the Range header ranges asks for.
type Open func(ctx context.Context, method, key, ranges string) (*http.Response, error)

// S3 is a bucket behind an S3 endpoint, addressed by path.
type S3 struct {
	Endpoint        string // for example http://127.0.0.1:4030
	Bucket          string
	Region          string // "auto" where empty, as Cloudflare R2 has it
	AccessKeyID     string
	SecretAccessKey string
}

// maxObject bounds what one request holds in memory.
const maxObject = 64 << 20

// emptyHash is the SHA-256 of no bytes, which a signed GET states as its payload.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Fetch gets an object with a signed GET.
func (s S3) Fetch(ctx context.Context, key string) (Object, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	response, err := s.Open(ctx, http.MethodGet, key, "")
	if err != nil {
		return Object{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxObject+1))
	switch {
	case err != nil:
		return Object{}, err
	case response.StatusCode == http.StatusNotFound:
		return Object{}, ErrNotFound
	case response.StatusCode != http.StatusOK:
		return Object{}, fmt.Errorf("the bucket answered %s", response.Status)
	case len(body) > maxObject:
		return Object{}, fmt.Errorf("object %q is larger than %d bytes", key, maxObject)
	}
	return Object{Body: body, ContentType: response.Header.Get("Content-Type"), ETag: response.Header.Get("ETag")}, nil
}

// Open gives the bucket's own answer to a signed GET or HEAD, for a range of bytes where there is one. Whoever asks closes
// its body.
func (s S3) Open(ctx context.Context, method, key, ranges string) (*http.Response, error) {
	target := s.Endpoint + "/" + s.Bucket + "/" + httpbinding.EscapePath(key, false)
	request, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	if ranges != "" {
		request.Header.Set("Range", ranges)
	}
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("X-Amz-Content-Sha256", emptyHash)
	region := s.Region
	if region == "" {
		region = "auto"
	}
	credentials := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}
	// S3 signs the path as it is sent; the wall clock, because the bucket compares it with its own.
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, emptyHash, "s3", region, time.Now(),
		func(options *v4.SignerOptions) { options.DisableURIPathEscaping = true })
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}
