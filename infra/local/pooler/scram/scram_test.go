package scram

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

// The example of RFC 7677, section 3.
const (
	example      = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	exampleSalt  = "W22ZaJ0SNY7soEsUEjb6gQ=="
	exampleFirst = "n=user,r=rOprNGfwEbeRWgbNEkqO"
	exampleReply = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	exampleProof = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	exampleSeal  = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

// pencil is the password of the example.
func pencil(t *testing.T) (clientKey []byte, v Verifier) {
	t.Helper()
	salt, _ := base64.StdEncoding.DecodeString(exampleSalt)
	salted, err := pbkdf2.Key(sha256.New, "pencil", salt, 4096, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	clientKey = sign(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	encode := base64.StdEncoding.EncodeToString
	v, err = Parse("SCRAM-SHA-256$4096:" + exampleSalt + "$" + encode(stored[:]) + ":" + encode(sign(salted, "Server Key")))
	if err != nil {
		t.Fatal(err)
	}
	return clientKey, v
}

func TestTheExampleOfTheStandardIsProvedAndAccepted(t *testing.T) {
	clientKey, v := pencil(t)
	if got := Prove(clientKey, exampleFirst, exampleReply); got != exampleProof {
		t.Errorf("proof %s", got)
	}
	e := Exchange{Answer: exampleReply, header: "n,,", first: exampleFirst}
	found, seal, err := v.Check(e, exampleProof)
	if err != nil || string(found) != string(clientKey) || seal != exampleSeal {
		t.Errorf("%x, %s, %v", found, seal, err)
	}
}

func TestAnythingElseIsRefused(t *testing.T) {
	_, v := pencil(t)
	e := Exchange{Answer: exampleReply, header: "n,,", first: exampleFirst}
	for _, said := range []string{
		"", "c=biws", "c=biws,p=", "c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"c=eSws" + exampleProof[6:], exampleProof[:len(exampleProof)-4] + "AAA=", "c=biws,r=x,p=short",
	} {
		if _, _, err := v.Check(e, said); err == nil {
			t.Errorf("accepted %q", said)
		}
	}
	for _, said := range []string{"", "n", "n,,", "n,,n=user", "p=tls-unique,,n=user,r=x"} {
		if _, err := v.Challenge(said); err == nil {
			t.Errorf("challenged %q", said)
		}
	}
	if _, err := v.Challenge(example); err != nil {
		t.Error(err)
	}
	for _, kept := range []string{"", "md5abc", "SCRAM-SHA-256$4096:x", "SCRAM-SHA-256$4096:x$?:?"} {
		if _, err := Parse(kept); err == nil {
			t.Errorf("parsed %q", kept)
		}
	}
}
