package cdn_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nanoflux.ai/backend/infra/local/bucket"
	"nanoflux.ai/backend/infra/local/cdn"
	"nanoflux.ai/backend/infra/local/process"
)

// realBucket runs the S3 server that `make run` runs, with a bucket called images.
func realBucket(t *testing.T) (cdn.S3, *s3.Client) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	starter := process.NewStarter()
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := bucket.Build(t.Context(), starter, source, filepath.Join(cache, "nanoflux"), func(said string) { t.Log(said) })
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	server, err := bucket.Start(t.Context(), starter, bucket.Plan{Binary: binary, Folder: folder, Log: filepath.Join(folder, "log"),
		AccessKeyID: "key", SecretAccessKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	endpoint := server.URL()
	client := s3.New(s3.Options{BaseEndpoint: aws.String(endpoint), Region: bucket.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("images")}); err != nil {
		t.Fatal(err)
	}
	return cdn.S3{Endpoint: endpoint, Bucket: "images", Region: bucket.Region, AccessKeyID: "key", SecretAccessKey: "secret"}, client
}

func TestObjectsComeOutOfARealBucket(t *testing.T) {
	objects, client := realBucket(t)
	for _, key := range []string{picture, account + "/images/грибной дождь ☔.webp", account + "/images/a+b&c=d?e#f;g!$'()*,:@.png",
		account + "/images/100%25 wool.png"} {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("images"), Key: aws.String(key),
			Body: bytes.NewReader([]byte(key)), ContentType: aws.String("image/png")})
		if err != nil {
			t.Fatal(err)
		}
		object, err := objects.Fetch(t.Context(), key)
		if err != nil || string(object.Body) != key || object.ContentType != "image/png" || object.ETag == "" {
			t.Errorf("%s: %+v, %v", key, object, err)
		}
	}
	if _, err := objects.Fetch(t.Context(), account+"/images/none.png"); !errors.Is(err, cdn.ErrNotFound) {
		t.Errorf("a missing object: %v", err)
	}
	stranger := objects
	stranger.SecretAccessKey = "guess"
	if _, err := stranger.Fetch(t.Context(), picture); err == nil || errors.Is(err, cdn.ErrNotFound) {
		t.Errorf("a wrong secret: %v", err)
	}
}
