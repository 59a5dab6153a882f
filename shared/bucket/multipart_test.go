package bucket_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/testbed"
)

// place is an archive's, in the account's part of the bucket.
const place = account + "/exports/" + id + "/a.zip"

func TestPartsInAnyOrderBecomeOneObject(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), testbed.Bucket(t)
	b := bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
	whole := bytes.Repeat([]byte("0123456789abcdef"), bucket.PartSize/16+100)
	upload, err := b.BeginParts(ctx, place, "application/zip", "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	var etags [2]string
	for _, number := range []int{2, 1, 1} { // one of them twice
		from := (number - 1) * bucket.PartSize
		if etags[number-1], err = b.PutPart(ctx, place, upload, number, whole[from:min(from+bucket.PartSize, len(whole))]); err != nil {
			t.Fatal(err)
		}
	}
	if keys := at.Keys(t); len(keys) != 0 {
		t.Errorf("before it is completed there are %v", keys)
	}
	if err := b.CompleteParts(ctx, place, upload, etags[:]); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Get(ctx, place, 1<<30); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if length, err := b.Length(ctx, place); err != nil || length != int64(len(whole)) {
		t.Errorf("%d, %v", length, err)
	}
	into := make([]byte, 1000)
	if length, err := b.GetRange(ctx, place, 8_000_007, into); err != nil || length != int64(len(whole)) || !bytes.Equal(into, whole[8_000_007:8_001_007]) {
		t.Errorf("a range: %d, %v", length, err)
	}
	for _, from := range []int64{int64(len(whole)) - 999, int64(len(whole)), int64(len(whole)) + 5} {
		if _, err := b.GetRange(ctx, place, from, into); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("from %d, beyond the end: %v", from, err)
		}
	}
}

func TestAnUploadThatIsOverIsMissing(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), testbed.Bucket(t)
	b := bucket.Open(at.Endpoint, at.Name, at.AccessKeyID, at.SecretAccessKey)
	upload, err := b.BeginParts(ctx, place, "application/zip", "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	etag, err := b.PutPart(ctx, place, upload, 1, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.DeletePrefix(ctx, account+"/"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PutPart(ctx, place, upload, 2, []byte("x")); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("a part: %v", err)
	}
	if err := b.CompleteParts(ctx, place, upload, []string{etag}); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("its completion: %v", err)
	}
	if _, err := b.Length(ctx, place); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("its object: %v", err)
	}
	if _, err := b.GetRange(ctx, place, 0, make([]byte, 1)); !errors.Is(err, bucket.ErrMissing) {
		t.Errorf("a range of it: %v", err)
	}
	if _, err := b.BeginParts(ctx, "nowhere/a.zip", "application/zip", "a.zip"); err == nil {
		t.Error("an upload begins where nobody decided about objects")
	}
}
