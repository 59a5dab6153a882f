package cdn

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxPurge is how many URLs one call may name (Cloudflare, "Purge by single-file").
const maxPurge = 100

// Fault is how the purge API misbehaves, as told for tests.
type Fault struct {
	Purge   string `json:"purge"` // "fail", "hang", "rate_limit", or "" to behave
	Next    int    `json:"next"`  // for how many calls; 0 until told otherwise
	DelayMS int    `json:"delay_ms"`
}

// Faults tells the purge API how to misbehave from now on; Fault{} makes it honest again.
func (f *Front) Faults(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// takeFault is Faults over HTTP.
func (f *Front) takeFault(w http.ResponseWriter, r *http.Request) {
	var told Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&told)
	if r.Method != http.MethodPost || err != nil || !strings.Contains(" fail hang rate_limit ", " "+told.Purge+" ") && told.Purge != "" {
		http.Error(w, `POST JSON like {"purge": "fail", "next": 1}; purge is fail, hang, rate_limit or empty.`, http.StatusBadRequest)
		return
	}
	f.Faults(told)
	w.WriteHeader(http.StatusNoContent)
}

// purge answers Cloudflare's POST /client/v4/zones/{zone}/purge_cache.
func (f *Front) purge(w http.ResponseWriter, r *http.Request) {
	zone, isPurge := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/client/v4/zones/"), "/purge_cache")
	if !isPurge || zone == "" || strings.Contains(zone, "/") {
		answerError(w, http.StatusNotFound, 7003, "No route for that URI")
		return
	}
	if r.Method != http.MethodPost {
		answerError(w, http.StatusMethodNotAllowed, 10405, "Method not allowed for this authentication scheme")
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+f.config.PurgeToken)) != 1 {
		answerError(w, http.StatusUnauthorized, 10000, "Authentication error")
		return
	}
	var asked struct {
		Files      []string `json:"files"`
		Prefixes   []string `json:"prefixes"` // host and path, without the scheme ("Purge cache by prefix")
		Everything bool     `json:"purge_everything"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&asked); err != nil {
		answerError(w, http.StatusBadRequest, 6007, "Malformed JSON in request body")
		return
	}
	// Only now, because a caller's hanging up is not noticed before its body is read.
	if f.misbehaves(w, r) {
		return
	}
	if named := len(asked.Files) + len(asked.Prefixes); !asked.Everything && (named == 0 || named > maxPurge) {
		answerError(w, http.StatusBadRequest, 1094, "Give 1 to 100 files or prefixes, or purge_everything")
		return
	}
	var keys []string
	for _, file := range asked.Files {
		key, ok := f.keyOf(file)
		if !ok {
			answerError(w, http.StatusBadRequest, 1134, "Unable to purge "+file+": it is not a URL of this zone")
			return
		}
		keys = append(keys, key)
	}
	_, host, _ := strings.Cut(f.config.URL, "://")
	var under []string
	for _, prefix := range asked.Prefixes {
		folder, ok := strings.CutPrefix(prefix, host+"/")
		if !ok || folder == "" {
			answerError(w, http.StatusBadRequest, 1134, "Unable to purge "+prefix+": it is no prefix of this zone")
			return
		}
		under = append(under, folder)
	}
	f.edge.purge(keys...)
	f.edge.purgeUnder(under...)
	if asked.Everything {
		f.edge.purgeAll()
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"success": true, "errors": []any{}, "messages": []any{}, "result": map[string]string{"id": rand.Text()},
	})
}

// keyOf gives the object key of a URL below our own, whatever its query.
func (f *Front) keyOf(file string) (string, bool) {
	rest, ok := strings.CutPrefix(file, f.config.URL+"/")
	path, _, _ := strings.Cut(rest, "?")
	key, err := url.PathUnescape(path)
	return key, ok && err == nil && key != ""
}

// misbehaves plays the told fault, if any, and says whether it answered.
func (f *Front) misbehaves(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	told := f.fault
	if f.fault.Next > 0 {
		f.fault.Next--
		if f.fault.Next == 0 {
			f.fault = Fault{}
		}
	}
	f.mu.Unlock()
	switch told.Purge {
	case "fail":
		answerError(w, http.StatusInternalServerError, 10001, "Internal server error")
	case "rate_limit":
		w.Header().Set("Retry-After", "1")
		answerError(w, http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
	case "hang":
		delay := time.Duration(told.DelayMS) * time.Millisecond
		if delay == 0 {
			delay = time.Hour
		}
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
		}
		return r.Context().Err() != nil
	default:
		return false
	}
	return true
}

func answerError(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, map[string]any{
		"success":  false,
		"errors":   []any{map[string]any{"code": code, "message": message}},
		"messages": []any{},
		"result":   nil,
	})
}
