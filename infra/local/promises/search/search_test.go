package search

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

func TestAMarkIsFoundInEveryFormAndPlace(t *testing.T) {
	t.Parallel()
	const address = "Quill.Feather@example.com"
	var x Index
	x.Add(Mark{"ada", "address", []byte(address)})
	x.Add(Mark{"ada", "id", []byte("0b5f6f9e-3d7c-4a56-9d0e-6f3b8a1c2d4e")})
	raw, _ := hex.DecodeString("0b5f6f9e3d7c4a569d0e6f3b8a1c2d4e")
	for name, text := range map[string]string{
		"plain": "x" + address + "y", "lower": strings.ToLower(address), "hex": "\\x00" + hex.EncodeToString([]byte(address)),
		"base64": base64.StdEncoding.EncodeToString([]byte("a" + address + "bc")), "base64 later": base64.URLEncoding.EncodeToString([]byte("ab" + address)),
		"base64 alone": base64.StdEncoding.EncodeToString([]byte(address)), "escaped": url.QueryEscape(address),
		"id": "0b5f6f9e-3d7c-4a56-9d0e-6f3b8a1c2d4e", "id without dashes": "0B5F6F9E3D7C4A569D0E6F3B8A1C2D4E", "id in bytes": string(raw),
	} {
		if found := x.In([]byte(text)); len(found) != 1 {
			t.Errorf("%s: found %v in %q", name, found, text)
		}
	}
	if found := x.In([]byte("quill.feather@example.org, 0b5f6f9e-3d7c")); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestNoiseIsFoundByAnyOfItsParts(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	var x Index
	x.Add(Mark{"bob", "image", noise[1000:1064]})
	if found := x.In(append(bytes.Repeat([]byte{0}, 3), noise...)); len(found) != 1 {
		t.Errorf("found %v", found)
	}
}
