package bucket

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Object is one line of a listing.
type Object struct {
	Key   string
	Bytes int64
	At    time.Time // when it was put
}

// errCutShort says that a listing ended before its end, which must never look like there being no more.
var errCutShort = errors.New("listing objects: the storage says that there are more, but not how to go on")

// Walk lists the objects under a prefix in the order of their keys' bytes and visits them in pages of 1,000 at most. It ends
// with visit's first error.
func (b *Bucket) Walk(ctx context.Context, prefix string, visit func(page []Object) error) error {
	return b.WalkAfter(ctx, prefix, "", visit)
}

// WalkAfter is Walk from the first key behind after.
func (b *Bucket) WalkAfter(ctx context.Context, prefix, after string, visit func(page []Object) error) error {
	ask := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	if after != "" {
		ask.StartAfter = &after
	}
	for {
		var out *s3.ListObjectsV2Output
		err := patiently(ctx, func() (err error) {
			out, err = b.client().ListObjectsV2(ctx, ask)
			return wrap("listing objects", err)
		})
		if err != nil {
			return err
		}
		page := make([]Object, len(out.Contents))
		for i, object := range out.Contents {
			page[i] = Object{Key: aws.ToString(object.Key), Bytes: aws.ToInt64(object.Size), At: aws.ToTime(object.LastModified)}
		}
		if len(page) > 0 {
			if err := visit(page); err != nil {
				return err
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return nil
		}
		next := aws.ToString(out.NextContinuationToken)
		if next == "" || next == aws.ToString(ask.ContinuationToken) {
			return errCutShort
		}
		ask.ContinuationToken = &next
	}
}

// walkUploads lists the multipart uploads under a prefix that were neither completed nor aborted.
func (b *Bucket) walkUploads(ctx context.Context, prefix string, visit func(page []types.MultipartUpload) error) error {
	ask := &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix}
	for {
		var out *s3.ListMultipartUploadsOutput
		err := patiently(ctx, func() (err error) {
			out, err = b.client().ListMultipartUploads(ctx, ask)
			return wrap("listing uploads", err)
		})
		if err != nil {
			return err
		}
		if err := visit(out.Uploads); err != nil {
			return err
		}
		if !aws.ToBool(out.IsTruncated) {
			return nil
		}
		key, upload := aws.ToString(out.NextKeyMarker), aws.ToString(out.NextUploadIdMarker)
		if key == "" || (key == aws.ToString(ask.KeyMarker) && upload == aws.ToString(ask.UploadIdMarker)) {
			return errCutShort
		}
		ask.KeyMarker, ask.UploadIdMarker = &key, &upload
	}
}
