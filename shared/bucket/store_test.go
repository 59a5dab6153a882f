package bucket_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"nanoflux.ai/backend/shared/bucket"
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
