package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

var (
	first  = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, KeySize))
	second = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, KeySize))
)

// policy P7b: bound to its row.
func TestSealedTextOpensOnlyAtItsPlace(t *testing.T) {
	key, _ := NewKey(bytes.Repeat([]byte{7}, KeySize))
	sealed := key.Seal("account.name/1", "Ada Lovelace")
	if bytes.Contains(sealed, []byte("Ada")) {
		t.Fatal("the sealed value shows its text")
	}
	if text, err := key.Open("account.name/1", sealed); err != nil || text != "Ada Lovelace" {
		t.Fatalf("opened %q, %v", text, err)
	}
	if _, err := key.Open("account.name/2", sealed); !errors.Is(err, ErrUnreadable) {
		t.Fatalf("a value moved to another row opened: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := key.Open("account.name/1", sealed); !errors.Is(err, ErrUnreadable) {
		t.Fatalf("a damaged value opened: %v", err)
	}
}

func TestUnreadableDoesNotNameTheRow(t *testing.T) {
	key, _ := NewKey(bytes.Repeat([]byte{7}, KeySize))
	if _, err := key.Open("account.name/secret-id", nil); strings.Contains(err.Error(), "secret-id") {
		t.Fatal(err)
	}
}

func TestEqualTextsSealDifferently(t *testing.T) {
	key, _ := NewKey(bytes.Repeat([]byte{7}, KeySize))
	if bytes.Equal(key.Seal("p", "x"), key.Seal("p", "x")) {
		t.Fatal("the nonce repeats")
	}
}

// policy P7b: keys are replaced without a pause.
func TestServiceKeyRotates(t *testing.T) {
	before, err := Parse("a:" + first)
	if err != nil {
		t.Fatal(err)
	}
	key, id, wrapped, err := before.NewAccountKey("account")
	if err != nil || id != "a" {
		t.Fatal(id, err)
	}
	after, err := Parse("b:" + second + ", a:" + first)
	if err != nil {
		t.Fatal(err)
	}
	same, err := after.AccountKey("account", id, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := same.Open("p", key.Seal("p", "x")); err != nil || text != "x" {
		t.Fatal(text, err)
	}
	if _, id, _, _ := after.NewAccountKey("account"); id != "b" {
		t.Fatalf("new keys are wrapped with %q", id)
	}
	if _, err := after.AccountKey("other account", id, wrapped); !errors.Is(err, ErrUnreadable) {
		t.Fatal("a data key opened for another account")
	}
	if _, err := before.AccountKey("account", "b", wrapped); !errors.Is(err, ErrUnreadable) {
		t.Fatal(err)
	}
}

func TestParseRefusesMalformedRings(t *testing.T) {
	for _, ring := range []string{"", "a", "a:", ":" + first, "a:AAAA", "a:" + first + ",", "a:not base64"} {
		if _, err := Parse(ring); err == nil {
			t.Errorf("%q was accepted", ring)
		}
	}
}

func TestSealedReadsPostgresJSON(t *testing.T) {
	var row struct{ Prompt, Missing Sealed }
	if err := json.Unmarshal([]byte(`{"prompt":"\\x`+hex.EncodeToString([]byte("hello"))+`","missing":null}`), &row); err != nil {
		t.Fatal(err)
	}
	if string(row.Prompt) != "hello" || row.Missing != nil {
		t.Fatalf("%q %v", row.Prompt, row.Missing)
	}
	if err := json.Unmarshal([]byte(`{"prompt":"aGVsbG8="}`), &row); err == nil {
		t.Fatal("base64 was taken for hex")
	}
}

func TestMACKeepsPurposesApart(t *testing.T) {
	key := bytes.Repeat([]byte{3}, KeySize)
	if bytes.Equal(MAC(key, "subject", "x"), MAC(key, "email", "x")) || bytes.Equal(MAC(key, "a", "bc"), MAC(key, "ab", "c")) {
		t.Fatal("hashes of different uses are equal")
	}
}
