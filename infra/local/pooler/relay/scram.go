package relay

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const mechanism = "SCRAM-SHA-256"

var errPassword = errors.New("password authentication failed")

// A verifier is what Postgres keeps of a password: enough to check a client's proof, not enough to make one (RFC 5802).
type verifier struct {
	iterations, salt     string
	storedKey, serverKey []byte
}

// parseVerifier reads pg_authid.rolpassword: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>.
func parseVerifier(text string) (verifier, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || parts[0] != mechanism {
		return verifier{}, errPassword
	}
	iterations, salt, _ := strings.Cut(parts[1], ":")
	stored, server, _ := strings.Cut(parts[2], ":")
	storedKey, storedErr := base64.StdEncoding.DecodeString(stored)
	serverKey, serverErr := base64.StdEncoding.DecodeString(server)
	return verifier{iterations, salt, storedKey, serverKey}, errors.Join(storedErr, serverErr)
}

// An exchange is one SCRAM conversation: what both sides sign.
type exchange struct {
	header string // of GS2, before the client's first message
	first  string // the client's first message
	answer string // the server's first message
}

// challenge is the server's answer to a client's first message.
func (v verifier) challenge(said string) (exchange, error) {
	parts := strings.SplitN(said, ",", 3)
	if len(parts) != 3 {
		return exchange{}, errPassword
	}
	first := parts[2]
	nonce := attribute(first, "r")
	if nonce == "" || strings.HasPrefix(parts[0], "p") {
		return exchange{}, errPassword
	}
	answer := fmt.Sprintf("r=%s%s,s=%s,i=%s", nonce, rand.Text(), v.salt, v.iterations)
	return exchange{header: parts[0] + "," + parts[1] + ",", first: first, answer: answer}, nil
}

// check proves the client's last message. It returns the client's key, with which the pooler can log in to the server as
// that client, and the server's proof.
func (v verifier) check(e exchange, said string) (clientKey []byte, proof string, err error) {
	unproven, encoded, found := strings.Cut(said, ",p=")
	given, err := base64.StdEncoding.DecodeString(encoded)
	binding := base64.StdEncoding.EncodeToString([]byte(e.header))
	if !found || err != nil || len(given) != sha256.Size ||
		attribute(unproven, "c") != binding || attribute(unproven, "r") != attribute(e.answer, "r") {
		return nil, "", errPassword
	}
	signed := e.first + "," + e.answer + "," + unproven
	clientKey = xor(given, sign(v.storedKey, signed))
	if stored := sha256.Sum256(clientKey); !hmac.Equal(stored[:], v.storedKey) {
		return nil, "", errPassword
	}
	return clientKey, "v=" + base64.StdEncoding.EncodeToString(sign(v.serverKey, signed)), nil
}

// prove is a client's last message, made from its key instead of its password.
func prove(clientKey []byte, first, answer string) string {
	unproven := "c=biws,r=" + attribute(answer, "r") // biws is "n,,": no channel binding
	storedKey := sha256.Sum256(clientKey)
	proof := xor(clientKey, sign(storedKey[:], first+","+answer+","+unproven))
	return unproven + ",p=" + base64.StdEncoding.EncodeToString(proof)
}

func attribute(list, name string) string {
	for _, part := range strings.Split(list, ",") {
		if value, found := strings.CutPrefix(part, name+"="); found {
			return value
		}
	}
	return ""
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}
