package bucket_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/testbed"
)

func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%05d.png", folder, i)
	}
	return keys
}

func TestKeysThatWereNotDeletedAreNamedAndKeepNoOther(t *testing.T) {
	t.Parallel()
	s := store{keys: []string{"bad", "good", "odd"}, immovable: "bad", stubborn: func(key string) bool { return key != "good" }}
	left, err := s.open(t).Delete(context.Background(), "bad", "odd", "good")
	if err == nil || !slices.Equal(left, []string{"bad"}) || !slices.Equal(s.singles, []string{"bad", "odd"}) || !slices.Equal(s.keys, left) {
		t.Errorf("left %v, %v, after asking for %v; there are %v", left, err, s.singles, s.keys)
	}
	nobody := bucket.Open("http://127.0.0.1:1", "images", "x", "x")
	if left, err := nobody.Delete(context.Background(), "a", "b"); err == nil || !slices.Equal(left, []string{"a", "b"}) {
		t.Errorf("without a storage %v are left, %v", left, err)
	}
	if left, err := nobody.Delete(context.Background()); err != nil || len(left) > 0 {
		t.Errorf("nothing to delete: %v, %v", left, err)
	}
}

func TestFourBatchesAreUnderWayAtOnceAndNoMore(t *testing.T) {
	t.Parallel()
	s := store{keys: numbered(5500), come: make(chan struct{}), hold: make(chan struct{})}
	b, done := s.open(t), make(chan error)
	go func() {
		_, err := b.Delete(context.Background(), numbered(5500)...)
		done <- err
	}()
	for range 4 {
		<-s.come // where fewer come at once, the test never ends
	}
	for range 2 {
		s.hold <- struct{}{}
		<-s.come
	}
	for range 4 {
		s.hold <- struct{}{}
	}
	if err := <-done; err != nil || s.batches != 6 || s.together != 4 || len(s.keys) > 0 {
		t.Errorf("%v; %d batches, %d at once, %d left", err, s.batches, s.together, len(s.keys))
	}
}

func TestThrottledRequestsAreRepeatedUntilTheyPass(t *testing.T) {
	t.Parallel()
	s := store{keys: numbered(2), throttled: 4}
	b := s.open(t)
	if left, err := b.Delete(context.Background(), numbered(2)...); err != nil || len(left) > 0 || len(s.keys) > 0 {
		t.Errorf("%v, %v; there are %v", left, err, s.keys)
	}
	s.keys, s.throttled = numbered(2), 4
	if n, err := b.DeletePrefix(context.Background(), folder); err != nil || n != 2 || len(s.keys) > 0 {
		t.Errorf("%d, %v; there are %v", n, err, s.keys)
	}
}

func TestThrottlingEndsWithTheCallersTime(t *testing.T) {
	t.Parallel()
	s := store{keys: numbered(1), throttled: 1 << 20}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if left, err := s.open(t).Delete(ctx, numbered(1)...); err == nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestAPrefixIsEmptyAfterwardsAndNothingElseIsTouched(t *testing.T) {
	t.Parallel()
	ctx, at := context.Background(), testbed.Bucket(t)
	b := bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
	var putting sync.WaitGroup
	for some := range slices.Chunk(numbered(2500), 625) {
		putting.Go(func() {
			for _, key := range some {
				if err := b.Put(ctx, key, "image/png", []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	putting.Wait()
	other := "a" + folder[1:] + "1.png"
	if err := b.Put(ctx, other, "image/png", []byte("x")); err != nil {
		t.Fatal(err)
	}
	archives := account + "/exports/" + id + "/"
	for i := range 3 {
		begin(t, at, fmt.Sprintf("%s%d.zip", archives, i))
	}
	begin(t, at, other)
	n, err := b.DeletePrefix(ctx, account+"/")
	if err != nil || n != 2500 {
		t.Errorf("%d, %v", n, err)
	}
	if keys := at.Keys(t); !slices.Equal(keys, []string{other}) {
		t.Errorf("%d objects are left", len(keys))
	}
	if uploads := begun(t, at); !slices.Equal(uploads, []string{other}) {
		t.Errorf("uploads are left: %v", uploads)
	}
	if n, err := b.DeletePrefix(ctx, account+"/"); err != nil || n != 0 {
		t.Errorf("once more: %d, %v", n, err)
	}
}

// begin starts an upload in parts and leaves it.
func begin(t *testing.T, at testbed.BucketAddress, key string) {
	t.Helper()
	client := clientOf(at)
	upload, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &at.Name, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &at.Name, Key: &key, UploadId: upload.UploadId,
		PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	if err != nil {
		t.Fatal(err)
	}
}

// begun names the keys of unfinished uploads.
func begun(t *testing.T, at testbed.BucketAddress) (keys []string) {
	t.Helper()
	out, err := clientOf(at).ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &at.Name})
	if err != nil {
		t.Fatal(err)
	}
	for _, upload := range out.Uploads {
		keys = append(keys, aws.ToString(upload.Key))
	}
	return keys
}

func clientOf(at testbed.BucketAddress) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &at.Endpoint, Region: "auto", UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: at.AccessKeyID, SecretAccessKey: at.SecretAccessKey}, nil
		})})
}

func TestAPrefixThatCannotBeEmptiedIsAnError(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	stuck := store{keys: numbered(1500), immovable: numbered(8)[7], stubborn: func(key string) bool { return key == numbered(8)[7] }}
	if n, err := stuck.open(t).DeletePrefix(ctx, folder); err == nil || n != 1499 || len(stuck.keys) != 1 {
		t.Errorf("with a key that stays: %d, %v, %d left", n, err, len(stuck.keys))
	}
	more := 0
	refilled := store{keys: numbered(1), refilled: func() string { more++; return fmt.Sprintf("%smore-%d.png", folder, more) }}
	if _, err := refilled.open(t).DeletePrefix(ctx, folder); err == nil || more > 10 {
		t.Errorf("with a key that always comes: %v after %d", err, more)
	}
	if _, err := bucket.Open("http://127.0.0.1:1", "images", "x", "x").DeletePrefix(ctx, folder); err == nil {
		t.Error("without a storage")
	}
}

func TestAPrefixIsAFolder(t *testing.T) {
	t.Parallel()
	s := store{keys: numbered(3)}
	b := s.open(t)
	for _, prefix := range []string{"", "/", account} {
		if n, err := b.DeletePrefix(context.Background(), prefix); err == nil || n != 0 || len(s.keys) != 3 {
			t.Errorf("%q: %d, %v", prefix, n, err)
		}
	}
}
