package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// PartSize is the length of every part but the last: R2 wants them equal, between 5 MiB and 5 GiB, and at most 10,000 of them
// (https://developers.cloudflare.com/r2/objects/multipart-objects/).
const PartSize = 8 << 20

// BeginParts opens an upload in parts and gives its id. Browsers save the object under the name that filename says.
func (b *Bucket) BeginParts(ctx context.Context, key, contentType, filename string) (upload string, err error) {
	if err := decided(key); err != nil {
		return "", err
	}
	out, err := b.client().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: &contentType,
		ContentDisposition: aws.String(fmt.Sprintf(`attachment; filename="%s"`, filename)),
	})
	if err != nil {
		return "", wrap("beginning an upload in parts", err)
	}
	return aws.ToString(out.UploadId), nil
}

// PutPart stores a part, counted from 1, and gives the tag that completes it; ErrMissing if the upload was completed or given
// up before. The same part again takes the other's place.
func (b *Bucket) PutPart(ctx context.Context, key, upload string, number int, body []byte) (etag string, err error) {
	err = patiently(ctx, func() error {
		out, err := b.client().UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &key, UploadId: &upload, PartNumber: aws.Int32(int32(number)),
			Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
		})
		if err == nil {
			etag = aws.ToString(out.ETag)
		}
		return wrap("putting a part", err)
	})
	return etag, err
}

// CompleteParts makes the object of its parts, whose tags come in their order; ErrMissing if the upload was completed or
// given up before.
func (b *Bucket) CompleteParts(ctx context.Context, key, upload string, etags []string) error {
	parts := make([]types.CompletedPart, len(etags))
	for i := range etags {
		parts[i] = types.CompletedPart{ETag: &etags[i], PartNumber: aws.Int32(int32(i + 1))}
	}
	_, err := b.client().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: &upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return wrap("completing an upload in parts", err)
}

// GetRange fills into with the object's bytes from an offset on and gives the length of the whole object; ErrMissing if there is
// no such object, io.ErrUnexpectedEOF if it ends before.
func (b *Bucket) GetRange(ctx context.Context, key string, from int64, into []byte) (length int64, err error) {
	object, err := b.client().GetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+int64(len(into))-1)),
	})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "InvalidRange" {
		return 0, io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, wrap("getting a range", err)
	}
	defer object.Body.Close()
	if _, total, found := strings.Cut(aws.ToString(object.ContentRange), "/"); found {
		if length, err = strconv.ParseInt(total, 10, 64); err != nil {
			return 0, errors.New("getting a range: the storage does not say of how much")
		}
	} else {
		length = aws.ToInt64(object.ContentLength) // the whole object
	}
	if from+int64(len(into)) > length {
		return length, io.ErrUnexpectedEOF
	}
	if _, err := io.ReadFull(object.Body, into); err != nil {
		return 0, fmt.Errorf("getting a range: %w", errBroken)
	}
	return length, nil
}

// errBroken is a reply that broke off, which is not the object's fault.
var errBroken = errors.New("the storage's answer broke off")

// Length of an object; ErrMissing if there is none.
func (b *Bucket) Length(ctx context.Context, key string) (int64, error) {
	object, err := b.client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return 0, wrap("looking at an object", err)
	}
	return aws.ToInt64(object.ContentLength), nil
}
