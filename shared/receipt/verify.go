package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Why a receipt is not believed.
var (
	ErrForm       = errors.New("this is no receipt: a receipt is one JWS in compact form, signed with EdDSA")
	ErrUnknownKey = errors.New("the receipt names a key that is not among the keys given")
	ErrForged     = errors.New("the signature does not fit: the receipt was changed, or was not signed by this service")
	ErrContent    = errors.New("the signature holds, but what is signed is not a receipt of the format " + Format)
)

// PublicKeys are those that a receipt may be signed with: today's, and those of receipts that are still about.
type PublicKeys struct{ set jose.JSONWebKeySet }

// ParsePublicKeys reads Ed25519 keys of 32 bytes each in standard base64, with a comma between them.
func ParsePublicKeys(text string) (PublicKeys, error) {
	var keys PublicKeys
	for one := range strings.SplitSeq(text, ",") {
		public, err := base64.StdEncoding.DecodeString(strings.TrimSpace(one))
		if err != nil || len(public) != ed25519.PublicKeySize {
			return PublicKeys{}, errors.New("want Ed25519 keys of 32 bytes in base64, with a comma between two")
		}
		key, err := keyOf(public)
		if err != nil {
			return PublicKeys{}, err
		}
		keys.set.Keys = append(keys.set.Keys, key)
	}
	return keys, nil
}

// ParseJWKS reads a JWK set (RFC 7517), as JWKS writes it; other sorts of keys in it are passed over.
func ParseJWKS(text []byte) (PublicKeys, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return PublicKeys{}, errors.New("this is no JWK set")
	}
	var keys PublicKeys
	for _, read := range set.Keys {
		public, ok := read.Key.(ed25519.PublicKey)
		if !ok {
			continue
		}
		key, err := keyOf(public) // with its own name, whatever the set calls it
		if err != nil {
			return PublicKeys{}, err
		}
		keys.set.Keys = append(keys.set.Keys, key)
	}
	if len(keys.set.Keys) == 0 {
		return PublicKeys{}, errors.New("the JWK set has no public Ed25519 key")
	}
	return keys, nil
}

// JWKS is the keys as a JWK set (RFC 7517, RFC 8037), each under its thumbprint.
func (k PublicKeys) JWKS() ([]byte, error) { return json.Marshal(k.set) }

// Verify gives what the receipt says if one of the keys has signed exactly that. The error says why it is not believed.
func Verify(keys PublicKeys, jws string) (Receipt, error) {
	for part := range strings.SplitSeq(jws, ".") {
		// Line breaks and loose bits, which decoders forgive, would make several texts of one receipt.
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return Receipt{}, ErrForm
		}
	}
	signed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return Receipt{}, ErrForm
	}
	known := keys.set.Key(signed.Signatures[0].Protected.KeyID)
	if len(known) == 0 {
		return Receipt{}, ErrUnknownKey
	}
	payload, err := signed.Verify(known[0].Key)
	if err != nil {
		return Receipt{}, ErrForged
	}
	return read(payload)
}

func read(payload []byte) (Receipt, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	var r Receipt
	if err := decoder.Decode(&r); err != nil || r.Format != Format || r.ID == "" || r.RequestedAt.IsZero() || r.ErasedAt.IsZero() {
		return Receipt{}, ErrContent
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Receipt{}, ErrContent
	}
	return r, nil
}
