// Package scram lets a go-between log clients in to Postgres without knowing their passwords.
package scram

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Mechanism is the one that Postgres offers (RFC 7677).
const Mechanism = "SCRAM-SHA-256"

// ErrPassword says that the client does not know the password, or does not speak SCRAM.
var ErrPassword = errors.New("password authentication failed")

// A Verifier is what Postgres keeps of a password: enough to check a client's proof, not enough to make one (RFC 5802).
type Verifier struct {
	iterations, salt     string
	storedKey, serverKey []byte
}

// Parse reads pg_authid.rolpassword: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>.
func Parse(text string) (Verifier, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || parts[0] != Mechanism {
		return Verifier{}, ErrPassword
	}
	iterations, salt, _ := strings.Cut(parts[1], ":")
	stored, server, _ := strings.Cut(parts[2], ":")
	storedKey, storedErr := base64.StdEncoding.DecodeString(stored)
	serverKey, serverErr := base64.StdEncoding.DecodeString(server)
	return Verifier{iterations, salt, storedKey, serverKey}, errors.Join(storedErr, serverErr)
}

// An Exchange is one SCRAM conversation: what both sides sign.
type Exchange struct {
	Answer string // the server's first message
	header string // of GS2, before the client's first message
	first  string // the client's first message
}

// Challenge is the server's answer to a client's first message.
func (v Verifier) Challenge(said string) (Exchange, error) {
	parts := strings.SplitN(said, ",", 3)
	if len(parts) != 3 {
		return Exchange{}, ErrPassword
	}
	first := parts[2]
	nonce := attribute(first, "r")
	if nonce == "" || strings.HasPrefix(parts[0], "p") {
		return Exchange{}, ErrPassword
	}
	answer := fmt.Sprintf("r=%s%s,s=%s,i=%s", nonce, rand.Text(), v.salt, v.iterations)
	return Exchange{header: parts[0] + "," + parts[1] + ",", first: first, Answer: answer}, nil
}

// Check proves the client's last message. It returns the client's key, with which the pooler can log in to the server as
// that client, and the server's proof.
func (v Verifier) Check(e Exchange, said string) (clientKey []byte, proof string, err error) {
	unproven, encoded, found := strings.Cut(said, ",p=")
	given, err := base64.StdEncoding.DecodeString(encoded)
	binding := base64.StdEncoding.EncodeToString([]byte(e.header))
	if !found || err != nil || len(given) != sha256.Size ||
		attribute(unproven, "c") != binding || attribute(unproven, "r") != attribute(e.Answer, "r") {
		return nil, "", ErrPassword
	}
	signed := e.first + "," + e.Answer + "," + unproven
	clientKey = xor(given, sign(v.storedKey, signed))
	if stored := sha256.Sum256(clientKey); !hmac.Equal(stored[:], v.storedKey) {
		return nil, "", ErrPassword
	}
	return clientKey, "v=" + base64.StdEncoding.EncodeToString(sign(v.serverKey, signed)), nil
}

// Prove is a client's last message, made from its key instead of its password.
func Prove(clientKey []byte, first, answer string) string {
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
