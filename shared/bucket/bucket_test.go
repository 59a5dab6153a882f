package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/testbed"
)

func open(t *testing.T) *bucket.Bucket {
	t.Helper()
	at := testbed.Bucket(t)
	return bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
}

func TestAnObjectIsThereFromPutToDelete(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), open(t)
	const key = "prefix/image with space+plus.png"
	if _, err := b.Get(ctx, key, 10); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("before: %v", err)
	}
	for _, body := range []string{"first", "second"} { // a second put replaces the first
		if err := b.Put(ctx, key, "image/png", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Get(ctx, key, 6); err != nil || string(got) != body {
			t.Errorf("%q, %v; want %q", got, err, body)
		}
	}
	if got, err := b.Get(ctx, key, 5); err == nil || got != nil || errors.Is(err, bucket.ErrMissing) {
		t.Errorf("more than the limit: %q, %v", got, err)
	}
	for range 2 {
		if _, err := b.Delete(ctx, key, "prefix/never there"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(ctx, key, 10); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := b.Delete(ctx); err != nil {
		t.Errorf("deleting nothing: %v", err)
	}
}

func TestMoreKeysThanOneRequestTakesAreDeleted(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), open(t)
	keys := make([]string, 1001)
	for i := range keys {
		keys[i] = fmt.Sprintf("prefix/%04d", i)
	}
	there := []string{keys[0], keys[999], keys[1000]}
	for _, key := range there {
		if err := b.Put(ctx, key, "image/png", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := b.Delete(ctx, keys...); err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	for _, key := range there {
		if _, err := b.Get(ctx, key, 10); !errors.Is(err, bucket.ErrMissing) {
			t.Errorf("%s is still there: %v", key, err)
		}
	}
}

func put(t *testing.T, address, contentType string, body []byte) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPut, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	return reply.StatusCode
}

func TestASignedUploadTakesThatFileOnly(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), open(t)
	const key, other = "prefix/incoming/1", "prefix/incoming/2"
	signed, err := b.SignPut(ctx, key, "image/png", 5, 10*time.Minute)
	if err != nil || len(signed.Headers) != 1 || signed.Headers["Content-Type"] != "image/png" {
		t.Fatal(signed, err)
	}
	query := func(name, value string) string {
		address, _ := url.Parse(signed.URL)
		values := address.Query()
		if !values.Has(name) {
			t.Fatalf("%s is no part of %s", name, signed.URL)
		}
		values.Set(name, value)
		address.RawQuery = values.Encode()
		return address.String()
	}
	for what, c := range map[string]struct{ address, contentType, body string }{
		"another type":     {signed.URL, "text/html", "01234"},
		"no type":          {signed.URL, "", "01234"},
		"a shorter file":   {signed.URL, "image/png", "0123"},
		"a longer file":    {signed.URL, "image/png", "012345"},
		"another key":      {strings.Replace(signed.URL, key, other, 1), "image/png", "01234"},
		"a longer life":    {query("X-Amz-Expires", "6000"), "image/png", "01234"},
		"a later date":     {query("X-Amz-Date", time.Now().Add(time.Hour).UTC().Format("20060102T150405Z")), "image/png", "01234"},
		"fewer headers":    {query("X-Amz-SignedHeaders", "host"), "image/png", "01234"},
		"another sender":   {query("X-Amz-Signature", strings.Repeat("0", 64)), "image/png", "01234"},
		"no signature":     {strings.Split(signed.URL, "?")[0], "image/png", "01234"},
		"another's bucket": {strings.Replace(signed.URL, "/test-", "/images-", 1), "image/png", "01234"},
	} {
		if status := put(t, c.address, c.contentType, []byte(c.body)); status < 400 || status >= 500 {
			t.Errorf("%s: status %d", what, status)
		}
	}
	for _, k := range []string{key, other} {
		if _, err := b.Get(ctx, k, 100); !errors.Is(err, bucket.ErrMissing) {
			t.Errorf("a refused file lies at %s: %v", k, err)
		}
	}
	if status := put(t, signed.URL, "image/png", []byte("01234")); status != 200 {
		t.Errorf("the file itself: status %d", status)
	}
	if body, err := b.Get(ctx, key, 5); err != nil || string(body) != "01234" {
		t.Errorf("%q, %v", body, err)
	}
	short, err := b.SignPut(ctx, key, "image/png", 5, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2100 * time.Millisecond) // the wall clock is the signature's, in whole seconds
	if status := put(t, short.URL, "image/png", []byte("56789")); status != 403 {
		t.Errorf("after its end: status %d", status)
	}
}

func TestErrorsHoldNeitherKeyNorSecret(t *testing.T) {
	t.Parallel()
	ctx, at := context.Background(), testbed.Bucket(t)
	const key, secret = "prefix-of-somebody/image.png", "not-the-secret"
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer hung.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<Error><Code>AccessDenied</Code><Message>no %s for you</Message><Key>%s</Key></Error>`, r.URL, key)
	}))
	defer broken.Close()
	for what, b := range map[string]*bucket.Bucket{
		"a wrong secret":     bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, secret),
		"an unknown bucket":  bucket.Open(at.Endpoint, "nowhere", at.AccessKeyID, at.SecretAccessKey),
		"refused with a key": bucket.Open(broken.URL, at.Name, "x", secret),
		"it hangs":           bucket.Open(hung.URL, at.Name, "x", secret),
	} {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		_, getting := b.Get(ctx, key, 10)
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
		_, deleting := b.Delete(ctx, key)
		for verb, err := range map[string]error{"get": getting, "put": b.Put(ctx, key, "image/png", []byte("x")), "delete": deleting} {
			if err == nil || errors.Is(err, bucket.ErrMissing) || strings.Contains(err.Error(), "prefix-of") || strings.Contains(err.Error(), secret) {
				t.Errorf("%s, %s: %v", what, verb, err)
			}
			if what == "it hangs" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, %s: %v", what, verb, err)
			}
		}
		cancel()
	}
}

func TestKeysThatWereNotDeletedAreNamedAndKeepNoOther(t *testing.T) {
	t.Parallel()
	var single []string
	batches := 0
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodDelete:
			batches++
			fmt.Fprint(w, `<DeleteResult><Error><Key>bad</Key><Code>InternalError</Code></Error><Error><Key>odd</Key><Code>InternalError</Code></Error></DeleteResult>`)
		case r.URL.Path == "/images/bad":
			single = append(single, r.URL.Path)
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code></Error>`)
		default:
			single = append(single, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer store.Close()
	b := bucket.Open(store.URL, "images", "x", "x")
	left, err := b.Delete(context.Background(), "bad", "odd", "good")
	if err == nil || !slices.Equal(left, []string{"bad"}) || !slices.Equal(single, []string{"/images/bad", "/images/odd"}) {
		t.Errorf("left %v, %v, after asking for %v", left, err, single)
	}
	batches = 0
	left, err = b.Delete(context.Background(), make([]string, 1001)...)
	if err == nil || batches != 2 || len(left) != 2 {
		t.Errorf("of 1001 keys in %d requests %d are left, %v", batches, len(left), err)
	}
	nobody := bucket.Open("http://127.0.0.1:1", "images", "x", "x")
	if left, err := nobody.Delete(context.Background(), "a", "b"); err == nil || !slices.Equal(left, []string{"a", "b"}) {
		t.Errorf("without a storage %v are left, %v", left, err)
	}
	if left, err := nobody.Delete(context.Background()); err != nil || len(left) > 0 {
		t.Errorf("nothing to delete: %v, %v", left, err)
	}
}

// R2 refuses the trailing checksums that the SDK sends by default, and versitygw takes them, so only the request shows it.
func TestAPutHasNoTrailingChecksum(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	var body []byte
	recorder := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer recorder.Close()
	b := bucket.Open(recorder.URL, "images", "x", "x")
	if err := b.Put(context.Background(), "key", "image/png", []byte("01234")); err != nil {
		t.Fatal(err)
	}
	if string(body) != "01234" || seen.ContentLength != 5 || seen.URL.Path != "/images/key" || seen.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%q, %d bytes, %v", body, seen.ContentLength, seen.Header)
	}
	for name, values := range seen.Header {
		value := strings.ToLower(strings.Join(values, " "))
		if strings.Contains(value, "aws-chunked") || strings.Contains(value, "trailer") || name == "X-Amz-Trailer" || strings.HasPrefix(name, "X-Amz-Checksum") {
			t.Errorf("%s: %s", name, value)
		}
	}
	signed, err := b.SignPut(context.Background(), "key", "image/png", 5, time.Minute)
	if err != nil || strings.Contains(strings.ToLower(signed.URL), "checksum") {
		t.Errorf("%s, %v", signed.URL, err)
	}
}
