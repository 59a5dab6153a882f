package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/receipt"
)

// desk is a receipt in a file, the keys that fit it in another, and a stranger's.
type desk struct{ receipt, keys, strangers string }

func prepare(t *testing.T) desk {
	t.Helper()
	folder := t.TempDir()
	write := func(name string, text []byte) string {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	jwks := func(seed []byte) []byte {
		public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		keys, err := receipt.ParsePublicKeys(base64.StdEncoding.EncodeToString(public))
		text, writing := keys.JWKS()
		if err := errors.Join(err, writing); err != nil {
			t.Fatal(err)
		}
		return text
	}
	seed := bytes.Repeat([]byte{1}, 32)
	private, err := receipt.ParsePrivateKey(base64.StdEncoding.EncodeToString(seed))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	jws, err := receipt.Sign(private, receipt.Receipt{
		Format: receipt.Format, ID: "a-receipt", RequestedAt: at, ErasedAt: at.AddDate(0, 0, 7), ErasedBy: at.AddDate(0, 0, 30),
		BackupsUntil: at.AddDate(0, 0, 14), Cause: "request", Stages: []receipt.Stage{{Stage: "rows", At: at.AddDate(0, 0, 7)}},
		Counts: map[string]int64{"images": 12}, Stays: []receipt.Stay{{What: "payments", Count: 3, Until: at.AddDate(7, 0, 0), Why: "the tax law wants them"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return desk{write("receipt.jws", []byte(jws+"\n")), write("jwks.json", jwks(seed)), write("other.json", jwks(bytes.Repeat([]byte{2}, 32)))}
}

func TestAReceiptIsToldInWords(t *testing.T) {
	t.Parallel()
	d := prepare(t)
	text, err := os.ReadFile(d.receipt)
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, d.keys) }))
	defer site.Close()
	for _, c := range [][2]string{{d.receipt, d.keys}, {"-", site.URL + "/.well-known/jwks.json"}} {
		var said bytes.Buffer
		if err := run(context.Background(), c[0], c[1], bytes.NewReader(text), &said); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"The signature holds. Receipt a-receipt", "erased on 8 March 2026, 12:00 UTC. Its owner asked for it on 1 March 2026",
			"the promise was 31 March 2026", "after 15 March 2026", "images               12", "payments (3), until 1 March 2033: the tax law"} {
			if !strings.Contains(said.String(), part) {
				t.Errorf("%s\nlacks %q", said.String(), part)
			}
		}
	}
}

func TestWhatIsNotBelievedIsSaidAndNothingElse(t *testing.T) {
	t.Parallel()
	d := prepare(t)
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	text, _ := os.ReadFile(d.receipt)
	changed := bytes.Replace(text, []byte("."), []byte(".A"), 1)
	for name, c := range map[string]struct{ receipt, keys, in, want string }{
		"no receipt":         {"", d.keys, "", "which receipt?"},
		"no keys":            {d.receipt, "", "", "which keys?"},
		"no such file":       {d.receipt + "x", d.keys, "", "no such file"},
		"no such keys":       {d.receipt, d.keys + "x", "", "no such file"},
		"keys that are none": {d.receipt, d.receipt, "", "cannot be used"},
		"keys not found":     {d.receipt, site.URL, "", "404"},
		"keys over http":     {d.receipt, "http://example.com/jwks.json", "", "https only"},
		"a stranger's keys":  {d.receipt, d.strangers, "", "names a key"},
		"a changed receipt":  {"-", d.keys, string(changed), "do not believe"},
		"an endless receipt": {"-", d.keys, strings.Repeat("x", most+1), "too long"},
		"something else":     {"-", d.keys, "hello", "this is no receipt"},
	} {
		var said bytes.Buffer
		err := run(context.Background(), c.receipt, c.keys, strings.NewReader(c.in), &said)
		if err == nil || !strings.Contains(err.Error(), c.want) || said.Len() > 0 {
			t.Errorf("%s: %v, after %q", name, err, said.String())
		}
	}
}
