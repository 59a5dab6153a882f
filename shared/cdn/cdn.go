// Package cdn signs expiring links to images (policy P4.1) with the means to purge them from the edge.
package cdn

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/outbound"
)

// Links signs links: infra/cdn/vectors.json holds what every edge must accept and refuse.
type Links struct {
	url string
	key []byte
}

// NewLinks takes the CDN's origin and the key it shares with the edge (32 bytes).
func NewLinks(url string, key []byte) Links { return Links{strings.TrimSuffix(url, "/"), key} }

const (
	lifetime = time.Hour
	rounding = 15 * time.Minute
)

// Until is when links made at this time end: an hour to an hour and a quarter later, rounded so that the links of a
// quarter of an hour are equal and a browser's cache can use them.
func Until(at time.Time) time.Time { return at.Add(lifetime).Truncate(rounding).Add(rounding) }

// Link to an object, good until Until(at).
func (l Links) Link(key string, at time.Time) string {
	return l.link(key, strconv.FormatInt(Until(at).Unix(), 10))
}

func (l Links) link(key, expiry string) string {
	return l.url + "/" + key + "?exp=" + expiry + "&sig=" + signature(l.key, key, expiry)
}

// signature is base64url(HMAC-SHA-256(shared key, object key + "\n" + expiry in Unix seconds)), without padding.
func signature(secret []byte, key, expiry string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(key + "\n" + expiry))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Purger drops objects from the edge's cache, where a deleted object would otherwise live on.
type Purger struct {
	cdn, api, token string
	client          *http.Client
}

// NewPurger takes the CDN's origin and Cloudflare's purge address with a token for it.
func NewPurger(cdn, api, token string) Purger {
	return Purger{strings.TrimSuffix(cdn, "/"), api, token, outbound.Client(5 * time.Second)}
}

// Purge drops every signed variant of the objects:
// https://developers.cloudflare.com/api/resources/cache/methods/purge/, at most 100 addresses a request.
func (p Purger) Purge(ctx context.Context, keys ...string) error {
	for len(keys) > 0 {
		batch := keys[:min(100, len(keys))]
		keys = keys[len(batch):]
		files := make([]string, len(batch))
		for i, key := range batch {
			files[i] = p.cdn + "/" + key
		}
		if err := p.purge(ctx, "files", files...); err != nil {
			return err
		}
	}
	return nil
}

// PurgeUnder drops everything whose key begins with the prefix, in one request:
// https://developers.cloudflare.com/cache/how-to/purge-cache/purge_by_prefix/.
func (p Purger) PurgeUnder(ctx context.Context, prefix string) error {
	_, host, _ := strings.Cut(p.cdn, "://")
	return p.purge(ctx, "prefixes", host+"/"+prefix)
}

func (p Purger) purge(ctx context.Context, by string, names ...string) error {
	body, err := json.Marshal(map[string][]string{by: names})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Content-Type", "application/json")
	reply, err := p.client.Do(request)
	if refused := outbound.Refusal(err); refused != nil {
		return fmt.Errorf("purging the CDN: %w", refused)
	}
	if err != nil {
		return fmt.Errorf("purging the CDN: it did not answer: %w", context.DeadlineExceeded)
	}
	defer reply.Body.Close()
	var answer struct {
		Success bool
		Errors  []struct{ Code int }
	}
	err = json.NewDecoder(io.LimitReader(reply.Body, 64<<10)).Decode(&answer)
	if err != nil || reply.StatusCode != http.StatusOK || !answer.Success {
		return fmt.Errorf("purging the CDN: status %d, errors %v", reply.StatusCode, answer.Errors)
	}
	return nil
}
