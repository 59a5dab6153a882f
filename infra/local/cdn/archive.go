package cdn

import (
	"io"
	"net/http"
	"path"
	"strings"
)

// isArchive tells <account>/exports/… from images: archives are large, and nobody's to cache.
func isArchive(key string) bool {
	segments := strings.Split(key, "/")
	return len(segments) > 2 && segments[1] == "exports"
}

// serveArchive passes an archive through as the bucket sends it, so that a download that broke off can be gone on with.
func (f *Front) serveArchive(w http.ResponseWriter, r *http.Request, key string) {
	answer, err := f.openArchive(r, key)
	if err != nil {
		refuse(w, http.StatusBadGateway, "The bucket does not answer.")
		return
	}
	defer answer.Body.Close()
	header := w.Header()
	switch answer.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusNotFound:
		refuse(w, http.StatusNotFound, "No such archive.")
		return
	case http.StatusRequestedRangeNotSatisfiable:
		refuse(w, http.StatusRequestedRangeNotSatisfiable, "The archive is not that long.")
		return
	default:
		refuse(w, http.StatusBadGateway, "The bucket does not answer.")
		return
	}
	if answer.Header.Get("Content-Type") != "application/zip" {
		refuse(w, http.StatusForbidden, "This is not an archive.")
		return
	}
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Range", "ETag"} {
		if value := answer.Header.Get(name); value != "" {
			header.Set(name, value)
		}
	}
	header.Set("Accept-Ranges", "bytes")
	header.Set("Content-Disposition", attachment(path.Base(key)))
	header.Set("Cache-Control", "private, no-store")
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		panic(http.ErrAbortHandler) // the reader must not take half a file for the whole one
	}
}

// openArchive asks for the range that the browser wants, or for all of it where what the browser has is another version.
func (f *Front) openArchive(r *http.Request, key string) (*http.Response, error) {
	ranges := r.Header.Get("Range")
	answer, err := f.config.Open(r.Context(), r.Method, key, ranges)
	had := r.Header.Get("If-Range")
	if err != nil || ranges == "" || had == "" || had == answer.Header.Get("ETag") {
		return answer, err
	}
	answer.Body.Close()
	return f.config.Open(r.Context(), r.Method, key, "")
}

// attachment is a Content-Disposition that saves under the name, of which only letters, digits and ._- are left.
func attachment(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '-'
	}, name)
	safe = strings.TrimLeft(safe, ".")
	return `attachment; filename="` + safe[:min(len(safe), 100)] + `"`
}
