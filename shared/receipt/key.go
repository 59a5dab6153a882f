package receipt

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"

	"github.com/go-jose/go-jose/v4"
)

func keyOf(public ed25519.PublicKey) (jose.JSONWebKey, error) {
	key := jose.JSONWebKey{Key: public, Algorithm: string(jose.EdDSA), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, err
}
