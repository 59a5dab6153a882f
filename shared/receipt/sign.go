package receipt

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// PrivateKey signs receipts.
type PrivateKey struct{ key ed25519.PrivateKey }

// ParsePrivateKey reads the seed of an Ed25519 key (RFC 8032): 32 bytes in standard base64.
func ParsePrivateKey(text string) (PrivateKey, error) {
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return PrivateKey{}, errors.New("want the 32 bytes of an Ed25519 seed in base64")
	}
	return PrivateKey{ed25519.NewKeyFromSeed(seed)}, nil
}

// Sign writes the receipt as a JWS in compact form (RFC 7515) with EdDSA (RFC 8037); the key is named by its thumbprint (RFC 7638).
func Sign(with PrivateKey, r Receipt) (string, error) {
	payload, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	public, err := keyOf(with.key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: with.key, KeyID: public.KeyID}}, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
