package cdn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Verify reads a link's escaped path and raw query: the object key it names and its expiry in Unix seconds, if the
// signature is right and the expiry not yet reached. Any other parameter is ignored.
func Verify(signingKey []byte, escapedPath, rawQuery string, now time.Time) (key string, expires int64, ok bool) {
	key, err := url.PathUnescape(strings.TrimPrefix(escapedPath, "/"))
	if err != nil || !isServable(key) {
		return "", 0, false
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil || len(query["exp"]) != 1 || len(query["sig"]) != 1 {
		return "", 0, false
	}
	written := query.Get("exp")
	if !expiryForm.MatchString(written) {
		return "", 0, false
	}
	if !hmac.Equal([]byte(Signature(signingKey, key, written)), []byte(query.Get("sig"))) {
		return "", 0, false
	}
	expires, err = strconv.ParseInt(written, 10, 64)
	return key, expires, err == nil && now.Unix() < expires
}

// Signature is the sig parameter of a link: base64url without padding of HMAC-SHA256 over key, newline, expiry.
func Signature(signingKey []byte, key, expires string) string {
	mac := hmac.New(sha256.New, signingKey)
	mac.Write([]byte(key + "\n" + expires))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

var (
	expiryForm = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	prefixForm = regexp.MustCompile(`^[a-z0-9]{26}$`)
)

// isServable refuses keys outside an account, uploads that were not taken in yet, and segments that a URL parser on the
// way could resolve into another key.
func isServable(key string) bool {
	segments := strings.Split(key, "/")
	if len(segments) < 2 || !prefixForm.MatchString(segments[0]) || segments[1] == "incoming" || !utf8.ValidString(key) {
		return false
	}
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}
