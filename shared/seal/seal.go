// Package seal is authenticated encryption of one field, bound to its row.
//
// A service key wraps one data key per account; the data key seals the account's personal fields. Whoever deletes the
// wrapped key makes every sealed field of that account unreadable, wherever a copy of it is left (policy P4.2a, policy P7b).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of every key here, in bytes: AES-256.
const KeySize = 32

// ErrUnreadable says that a sealed value is damaged, was moved from another row, or was sealed with another key.
var ErrUnreadable = errors.New("sealed value cannot be read")

// Key seals and opens the fields of one account (or one cookie).
type Key struct {
	raw  []byte
	aead cipher.AEAD
}

// NewKey makes a key of exactly KeySize bytes.
func NewKey(raw []byte) (Key, error) {
	if len(raw) != KeySize {
		return Key{}, fmt.Errorf("a key has %d bytes, not %d", KeySize, len(raw))
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return Key{}, err
	}
	// The nonce is random and stands before the ciphertext; one key seals far fewer than 2^32 values (NIST SP 800-38D 8.3).
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{raw: raw, aead: aead}, err
}

// ParseKey reads a key in standard base64.
func ParseKey(text string) (Key, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Key{}, errors.New("a key is written in standard base64")
	}
	return NewKey(raw)
}

// Seal encrypts text so that it opens only with the same key and the same place, for example "account.name/<id>".
func (k Key) Seal(place, text string) Sealed {
	return k.aead.Seal(nil, nil, []byte(text), []byte(place))
}

// Open returns the text sealed at place, or ErrUnreadable.
func (k Key) Open(place string, sealed Sealed) (string, error) {
	text, err := k.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return "", fmt.Errorf("%w: %s", ErrUnreadable, strings.SplitN(place, "/", 2)[0])
	}
	return string(text), nil
}

// MAC is a keyed hash of text (32 bytes): equal texts are recognised, none is revealed.
func (k Key) MAC(purpose, text string) []byte { return MAC(k.raw, purpose, text) }

// MAC is HMAC-SHA-256 over purpose and text; purposes keep hashes of the same text for different uses apart.
func MAC(key []byte, purpose, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(purpose + "\x00" + text))
	return mac.Sum(nil)
}

// Sealed is a sealed value as it stands in a bytea column.
type Sealed []byte

// UnmarshalJSON reads what Postgres makes of a bytea inside JSON: "\x" with hexadecimal digits.
func (s *Sealed) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil || text == nil {
		return err
	}
	digits, ok := strings.CutPrefix(*text, `\x`)
	if !ok {
		return errors.New(`bytea in JSON does not begin with \x`)
	}
	raw, err := hex.DecodeString(digits)
	*s = raw
	return err
}

// Service is the ring of service keys: the first wraps new data keys, the others still open old ones.
type Service struct {
	current string
	keys    map[string]Key
}

// Parse reads "id:base64[,id:base64…]", the form of SERVICE_KEYS.
func Parse(ring string) (*Service, error) {
	s := &Service{keys: map[string]Key{}}
	for part := range strings.SplitSeq(ring, ",") {
		id, encoded, _ := strings.Cut(strings.TrimSpace(part), ":")
		key, err := ParseKey(encoded)
		if id == "" || err != nil {
			return nil, errors.New("service keys are written id:base64 with 32 bytes each, separated by commas")
		}
		s.keys[id] = key
		if s.current == "" {
			s.current = id
		}
	}
	return s, nil
}

// NewAccountKey makes a data key for one account and wraps it with the current service key.
func (s *Service) NewAccountKey(account string) (key Key, serviceKey string, wrapped []byte, err error) {
	raw := make([]byte, KeySize)
	rand.Read(raw)
	if key, err = NewKey(raw); err != nil {
		return Key{}, "", nil, err
	}
	return key, s.current, s.keys[s.current].Seal("account_key.wrapped/"+account, string(raw)), nil
}

// AccountKey unwraps the data key of one account.
func (s *Service) AccountKey(account, serviceKey string, wrapped []byte) (Key, error) {
	service, ok := s.keys[serviceKey]
	if !ok {
		return Key{}, fmt.Errorf("%w: service key %q is not configured", ErrUnreadable, serviceKey)
	}
	raw, err := service.Open("account_key.wrapped/"+account, wrapped)
	if err != nil {
		return Key{}, err
	}
	return NewKey([]byte(raw))
}
