package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// pair is a key of RFC 8037, appendix A.1, or with another number one of our own.
func pair(t *testing.T, number byte) (PrivateKey, string) {
	t.Helper()
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	if err != nil {
		t.Fatal(err)
	}
	seed[0] += number
	private, err := ParsePrivateKey(base64.StdEncoding.EncodeToString(seed))
	if err != nil {
		t.Fatal(err)
	}
	return private, base64.StdEncoding.EncodeToString(private.key.Public().(ed25519.PublicKey))
}

func keys(t *testing.T, list ...string) PublicKeys {
	t.Helper()
	all, err := ParsePublicKeys(strings.Join(list, ","))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func example() Receipt {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return Receipt{
		Format: Format, ID: "0d9f4a52-6a1e-4c1b-9a53-2f1f6a6d7c11", RequestedAt: at, ErasedAt: at.AddDate(0, 0, 7), ErasedBy: at.AddDate(0, 0, 30),
		BackupsUntil: at.AddDate(0, 0, 14), Cause: "request", Stages: []Stage{{"rows", at.AddDate(0, 0, 7)}},
		Counts: map[string]int64{"images": 12}, Stays: []Stay{{"payments", 1, at.AddDate(7, 0, 0), "the books"}},
	}
}

func TestAReceiptIsReadAsItWasSignedAlsoWithAnOlderKey(t *testing.T) {
	t.Parallel()
	old, oldPublic := pair(t, 0)
	today, public := pair(t, 1)
	for _, private := range []PrivateKey{old, today} {
		jws, err := Sign(private, example())
		if err != nil {
			t.Fatal(err)
		}
		got, err := Verify(keys(t, public, oldPublic), jws)
		if err != nil || !reflect.DeepEqual(got, example()) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// The thumbprint is that of RFC 8037, appendix A.3.
func TestKeysArePublishedUnderTheirThumbprintsWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	private, public := pair(t, 0)
	text, err := keys(t, public).JWKS()
	want := `{"keys":[{"use":"sig","kty":"OKP","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	again, err := ParseJWKS(text)
	jws, signing := Sign(private, example())
	if err := errors.Join(err, signing); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(again, jws); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "{}", `{"keys":[]}`, `[1]`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`} {
		if _, err := ParseJWKS([]byte(bad)); err == nil {
			t.Errorf("%s is taken for keys", bad)
		}
	}
}

func TestWhatIsNotSignedByUsIsNotBelieved(t *testing.T) {
	t.Parallel()
	private, public := pair(t, 0)
	stranger, strangers := pair(t, 1)
	good, err := Sign(private, example())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	sign := func(with ed25519.PrivateKey, header, payload string) string {
		text := encode([]byte(header)) + "." + encode([]byte(payload))
		return text + "." + encode(ed25519.Sign(with, []byte(text)))
	}
	whole, _ := json.Marshal(example())
	kid := keys(t, public).set.Keys[0].KeyID
	header := `{"alg":"EdDSA","kid":"` + kid + `"}`
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := hs.Sign(whole)
	if err != nil {
		t.Fatal(err)
	}
	byHash, _ := symmetric.CompactSerialize()
	if _, err := Verify(keys(t, public), sign(private.key, header, string(whole))); err != nil {
		t.Fatal("the test signs wrongly", err)
	}
	for name, c := range map[string]struct {
		jws  string
		want error
	}{
		"nothing":               {"", ErrForm},
		"other text":            {"erased, promise", ErrForm},
		"no signature":          {parts[0] + "." + parts[1] + ".", ErrForged},
		"two parts":             {parts[0] + "." + parts[1], ErrForm},
		"a fourth part":         {good + "." + parts[2], ErrForm},
		"trailing data":         {good + "AAAA", ErrForged},
		"a line break":          {good[:20] + "\n" + good[20:], ErrForm},
		"a break at the end":    {good + "\n", ErrForm},
		"algorithm none":        {encode([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + parts[1] + ".", ErrForm},
		"a symmetric algorithm": {byHash, ErrForm},
		"no key named":          {sign(private.key, `{"alg":"EdDSA"}`, string(whole)), ErrUnknownKey},
		"a stranger's key":      {mustSign(t, stranger), ErrUnknownKey},
		"a stranger as us":      {sign(stranger.key, header, string(whole)), ErrForged},
		"another payload":       {parts[0] + "." + encode(bytes.Replace(whole, []byte(":12}"), []byte(":13}"), 1)) + "." + parts[2], ErrForged},
		"another header":        {encode([]byte(`{"kid":"`+kid+`","alg":"EdDSA"}`)) + "." + parts[1] + "." + parts[2], ErrForged},
		"one field more":        {sign(private.key, header, `{"name":"ada",`+string(whole[1:])), ErrContent},
		"two receipts":          {sign(private.key, header, string(whole)+string(whole)), ErrContent},
		"another format":        {sign(private.key, header, strings.Replace(string(whole), Format, "erasure-receipt/2", 1)), ErrContent},
		"an empty receipt":      {sign(private.key, header, `{"format":"`+Format+`"}`), ErrContent},
		"no JSON":               {sign(private.key, header, "erased"), ErrContent},
	} {
		if got, err := Verify(keys(t, public), c.jws); !errors.Is(err, c.want) || !reflect.DeepEqual(got, Receipt{}) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Verify(keys(t, strangers), good); !errors.Is(err, ErrUnknownKey) {
		t.Error(err)
	}
}

func mustSign(t *testing.T, with PrivateKey) string {
	t.Helper()
	jws, err := Sign(with, example())
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

func TestKeysThatAreNoneAreRefusedWithoutBeingTold(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("hunter2"))
	_, public := pair(t, 0)
	for _, bad := range []string{"", "hunter2", short, short + "," + short, public + ",", public + ";" + public} {
		if _, err := ParsePrivateKey(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q as a private key: %v", bad, err)
		}
		if _, err := ParsePublicKeys(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q as public keys: %v", bad, err)
		}
	}
}
