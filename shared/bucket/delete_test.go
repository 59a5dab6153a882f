package bucket_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// A store is a bucket that goes wrong as it is told; it speaks as much of S3 as deleting takes.
type store struct {
	mu         sync.Mutex
	keys       []string              // sorted
	stubborn   func(key string) bool // such a key is refused in a batch
	immovable  string                // this one also alone
	throttled  int                   // so many requests more are throttled, by turns as S3 and as R2 say it
	refilled   func() string         // if not nil, gives a key that comes after each batch
	cutShort   bool                  // listings say that there are more, but not where
	page       int                   // keys of one listing
	batches    int
	singles    []string
	under      int           // batches under way
	together   int           // the most of them at once
	come, hold chan struct{} // if not nil, a batch tells that it has come and waits
}

func (s *store) open(t *testing.T) *bucket.Bucket {
	t.Helper()
	if s.page == 0 {
		s.page = 1000
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return bucket.Open(server.URL, "images", "x", "x")
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.throttles(w) {
		return
	}
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && query.Has("delete"):
		s.deleteBatch(w, r)
	case r.Method == http.MethodDelete:
		s.deleteOne(w, strings.TrimPrefix(r.URL.Path, "/images/"))
	case query.Has("uploads"):
		fmt.Fprint(w, `<ListMultipartUploadsResult/>`)
	default:
		s.list(w, query.Get("prefix"), max(query.Get("start-after"), query.Get("continuation-token")))
	}
}

func (s *store) throttles(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.throttled == 0 {
		return false
	}
	s.throttled--
	if s.throttled%2 == 0 {
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `<Error><Code>TooManyRequests</Code></Error>`)
	} else {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `<Error><Code>SlowDown</Code></Error>`)
	}
	return true
}

func (s *store) deleteBatch(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Object []struct{ Key string }
	}
	_ = xml.NewDecoder(r.Body).Decode(&asked)
	s.mu.Lock()
	s.batches++
	s.under++
	s.together = max(s.together, s.under)
	s.mu.Unlock()
	if s.hold != nil {
		s.come <- struct{}{}
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under--
	fmt.Fprint(w, `<DeleteResult>`)
	for _, o := range asked.Object {
		if s.stubborn != nil && s.stubborn(o.Key) {
			fmt.Fprintf(w, `<Error><Key>%s</Key><Code>InternalError</Code></Error>`, o.Key)
		} else {
			s.keys = slices.DeleteFunc(s.keys, func(key string) bool { return key == o.Key })
		}
	}
	fmt.Fprint(w, `</DeleteResult>`)
	if s.refilled != nil {
		s.keys = append(s.keys, s.refilled())
	}
}

func (s *store) deleteOne(w http.ResponseWriter, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.singles = append(s.singles, key)
	if key == s.immovable {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code></Error>`)
		return
	}
	s.keys = slices.DeleteFunc(s.keys, func(k string) bool { return k == key })
	w.WriteHeader(http.StatusNoContent)
}

func (s *store) list(w http.ResponseWriter, prefix, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprint(w, `<ListBucketResult>`)
	listed := 0
	for i, key := range s.keys {
		if key <= after || !strings.HasPrefix(key, prefix) {
			continue
		}
		fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>7</Size><LastModified>2026-03-01T12:00:00.000Z</LastModified></Contents>`, key)
		if listed++; listed == s.page {
			if s.cutShort {
				fmt.Fprint(w, `<IsTruncated>true</IsTruncated>`)
			} else if i < len(s.keys)-1 {
				fmt.Fprintf(w, `<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`, key)
			}
			break
		}
	}
	fmt.Fprint(w, `</ListBucketResult>`)
}

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

func TestAListingHasEveryKeyOnceInOrder(t *testing.T) {
	t.Parallel()
	s := store{keys: append(numbered(2500), "z/1.png")}
	b := s.open(t)
	for after, wanted := range map[string][]string{"": numbered(2500), numbered(2001)[2000]: numbered(2500)[2001:]} {
		var found []string
		var sizes []int
		err := b.WalkAfter(context.Background(), folder, after, func(page []bucket.Object) error {
			sizes = append(sizes, len(page))
			for _, o := range page {
				if found = append(found, o.Key); o.Bytes != 7 || !o.At.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
					t.Fatalf("%+v", o)
				}
			}
			return nil
		})
		if err != nil || !slices.Equal(found, wanted) || len(sizes) != (len(wanted)+999)/1000 {
			t.Errorf("after %q: %v, %d keys in pages of %v", after, err, len(found), sizes)
		}
	}
	enough, pages := errors.New("enough"), 0
	if err := b.Walk(context.Background(), "", func([]bucket.Object) error { pages++; return enough }); !errors.Is(err, enough) || pages != 1 {
		t.Errorf("%v after %d pages", err, pages)
	}
}

func TestAListingThatIsCutShortIsAnError(t *testing.T) {
	t.Parallel()
	s := store{keys: numbered(20), page: 10, cutShort: true}
	b := s.open(t)
	if err := b.Walk(context.Background(), folder, func([]bucket.Object) error { return nil }); err == nil || strings.Contains(err.Error(), account) {
		t.Errorf("%v", err)
	}
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("uploads") {
			fmt.Fprint(w, `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>`)
			return
		}
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>`)
	}))
	defer endless.Close()
	b = bucket.Open(endless.URL, "images", "x", "x")
	if err := b.Walk(context.Background(), folder, func([]bucket.Object) error { return nil }); err == nil {
		t.Error("a listing that goes round in circles ended well")
	}
	if _, err := b.DeletePrefix(context.Background(), folder); err == nil {
		t.Error("a prefix counts as empty though its listing was cut short")
	}
}
