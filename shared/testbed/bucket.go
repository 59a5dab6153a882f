package testbed

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// BucketAddress is where a bucket is and how to get in.
type BucketAddress struct {
	Endpoint, Name, AccessKeyID, SecretAccessKey string
}

// Bucket makes an empty bucket that belongs to one test. It goes with the parts, not with the test.
func Bucket(t testing.TB) BucketAddress {
	t.Helper()
	address := parts(t).bucket("test-" + strings.ToLower(rand.Text()))
	if _, err := address.client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &address.Name}); err != nil {
		t.Fatalf("make a bucket: %v", err)
	}
	return address
}

func (a addresses) bucket(name string) BucketAddress {
	return BucketAddress{
		Endpoint:        a.Bucket,
		Name:            name,
		AccessKeyID:     a.Secrets["BUCKET_ACCESS_KEY_ID"],
		SecretAccessKey: a.Secrets["BUCKET_SECRET_ACCESS_KEY"],
	}
}
