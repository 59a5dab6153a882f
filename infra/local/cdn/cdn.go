// Package cdn is a local stand-in for the CDN in front of the private image bucket.
package cdn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bytes"
)

// Config says what the front stands before and whom it believes.
type Config struct {
	URL        string // its own origin, as links name it, for example http://127.0.0.1:4020
	SiteOrigin string // the one origin that scripts may read images from; empty for none
	Key        []byte // signs links, 32 bytes
	Fetch      Fetch  // gets objects, for example S3.Fetch
	Open       Open   // passes archives through, for example S3.Open
	PurgeToken string // bearer token of the purge API
	Now        func() time.Time
}

// Front serves signed links from its cache or the bucket.
type Front struct {
	config Config
	edge   *edge

	mu      sync.Mutex
	revoked map[string]verdict // by account prefix
	fault   Fault
}

// revocationAge is how old the answer to "is this account revoked?" may be.
const revocationAge = 30 * time.Second

// maxAge is how long a browser may keep an image, in seconds, however long its link lives.
const maxAge = 3600

type verdict struct {
	revoked bool
	at      time.Time
}

// New makes a front with an empty cache.
func New(config Config) *Front {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Front{config: config, edge: newEdge(64 << 20), revoked: map[string]verdict{}}
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/_faults":
		f.takeFault(w, r)
	case strings.HasPrefix(r.URL.Path, "/client/v4/"):
		f.purge(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		f.serve(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are answered.", http.StatusMethodNotAllowed)
	}
}

// serve answers one link: the signature first, then the account, then the object.
func (f *Front) serve(w http.ResponseWriter, r *http.Request) {
	f.writePolicy(w.Header())
	now := f.config.Now()
	key, expires, ok := Verify(f.config.Key, r.URL.EscapedPath(), r.URL.RawQuery, now)
	if !ok {
		refuse(w, http.StatusForbidden, "This link is not valid, or not any more.")
		return
	}
	prefix, _, _ := strings.Cut(key, "/")
	revoked, err := f.isRevoked(r, prefix, now)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "The bucket does not answer.")
		return
	}
	if revoked {
		refuse(w, http.StatusForbidden, "This link is not valid, or not any more.")
		return
	}
	if isArchive(key) {
		f.serveArchive(w, r, key)
		return
	}
	object, hit, err := f.object(r, key, now)
	switch {
	case errors.Is(err, ErrNotFound):
		refuse(w, http.StatusNotFound, "No such image.")
		return
	case err != nil:
		refuse(w, http.StatusBadGateway, "The bucket does not answer.")
		return
	case !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, object.ContentType):
		refuse(w, http.StatusForbidden, "This is not an image.")
		return
	}
	header := w.Header()
	header.Set("Content-Type", object.ContentType)
	header.Set("ETag", object.tag())
	header.Set("Cache-Control", "private, max-age="+strconv.FormatInt(min(expires-now.Unix(), maxAge), 10))
	header.Set("CF-Cache-Status", map[bool]string{true: "HIT", false: "MISS"}[hit])
	if name := r.URL.Query().Get("download"); name != "" {
		header.Set("Content-Disposition", attachment(name))
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object.Body))
}

// object gets a copy from the edge or else from the bucket; what is not there is remembered for a moment.
func (f *Front) object(r *http.Request, key string, now time.Time) (found Object, hit bool, err error) {
	if kept, ok := f.edge.get(key, now); ok {
		if kept.missing {
			return Object{}, true, ErrNotFound
		}
		return kept.object, true, nil
	}
	generation := f.edge.generation()
	found, err = f.config.Fetch(r.Context(), key)
	if err == nil || errors.Is(err, ErrNotFound) {
		f.edge.put(key, found, err != nil, now, generation)
	}
	return found, false, err
}

// isRevoked looks for the account's marker in the bucket. An unanswered look-up refuses: a link must be able to die
// while the bucket is unwell.
func (f *Front) isRevoked(r *http.Request, prefix string, now time.Time) (bool, error) {
	f.mu.Lock()
	known, ok := f.revoked[prefix]
	f.mu.Unlock()
	if age := now.Sub(known.at); ok && age >= 0 && age < revocationAge {
		return known.revoked, nil
	}
	_, err := f.config.Fetch(r.Context(), "revoked/"+prefix)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for old, verdict := range f.revoked {
		if now.Sub(verdict.at) >= revocationAge {
			delete(f.revoked, old)
		}
	}
	f.revoked[prefix] = verdict{revoked: err == nil, at: now}
	return err == nil, nil
}

// writePolicy sets what holds for every answer: an uploaded image must never act as a document or script.
func (f *Front) writePolicy(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Referrer-Policy", "no-referrer")
	if f.config.SiteOrigin != "" {
		header.Set("Access-Control-Allow-Origin", f.config.SiteOrigin)
	}
}

func refuse(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, sentence, status)
}

func (o Object) tag() string {
	if o.ETag != "" {
		return o.ETag
	}
	sum := sha256.Sum256(o.Body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// Kept gives everything that lies in the cache, also what has ended and is only not overwritten yet.
func (f *Front) Kept(visit func(key string, body []byte)) {
	f.edge.mu.Lock()
	defer f.edge.mu.Unlock()
	for key, element := range f.edge.byKey {
		visit(key, element.Value.(*copied).object.Body)
	}
}
