package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
)

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
