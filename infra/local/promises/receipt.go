package promises

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// receipt is what the receipt of an erasure states, read from the signed text and not from the service's word for it.
type receipt struct {
	ID, Cause    string
	RequestedAt  time.Time        `json:"requested_at"`
	ErasedAt     time.Time        `json:"erased_at"`
	ErasedBy     time.Time        `json:"erased_by"`
	BackupsUntil time.Time        `json:"backups_until"`
	Counts       map[string]int64 `json:"counts"`
}

// progress is what the service says of an erasure, by its number.
type progress struct {
	State string
	Stage *string
	JWS   *string
}

// fetch reads JSON that anybody may read.
func (p *play) fetch(path string, answer any) error {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, p.Site+path, nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answers %d: %.200s", path, reply.StatusCode, text)
	}
	return json.Unmarshal(text, answer)
}

// collect fetches the receipt of somebody who left, if there is one yet, and checks its signature with the published key.
func (p *play) collect(a *actor) error {
	var told progress
	if err := p.fetch("/api/receipts/"+a.left.ID, &told); err != nil {
		return err
	}
	if told.State != "complete" || told.JWS == nil {
		return nil
	}
	content, err := p.verified(*told.JWS)
	if err != nil {
		return fmt.Errorf("the receipt of %s: %w", a.Person.Name, err)
	}
	a.receipt = &receipt{}
	return json.Unmarshal(content, a.receipt)
}

// verified gives what a JWS states if a published key signed it (RFC 7515, RFC 8037).
func (p *play) verified(jws string) ([]byte, error) {
	var published struct{ Keys []struct{ X string } }
	if err := p.fetch("/.well-known/jwks.json", &published); err != nil {
		return nil, err
	}
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return nil, errors.New("it is no JWS")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	for _, each := range published.Keys {
		key, err := base64.RawURLEncoding.DecodeString(each.X)
		if err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
			return base64.RawURLEncoding.DecodeString(parts[1])
		}
	}
	return nil, errors.New("no published key signed it")
}
