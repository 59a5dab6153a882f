package journey

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// asksForEverything orders an export, on the page that is open.
func (b *browser) asksForEverything() {
	b.t.Helper()
	b.see("everything can be ordered", `document.querySelector("[data-testid=order-export]")?.disabled === false`)
	b.do("ask for everything", chromedp.Click(hook("order-export")))
}

// checksReceipts pastes the receipt behind a link, and one that somebody changed.
func (b *browser) checksReceipts(link string) {
	b.t.Helper()
	_, id, _ := strings.Cut(link, "?id=")
	told := into[erasureState](stranger(b.t).call("GET", "/api/receipts/"+id, nil).is(200))
	parts := strings.Split(*told.JWS, ".")
	forged := strings.Join([]string{parts[0], parts[1][:len(parts[1])-8] + "AAAAAAAA", parts[2]}, ".")
	for _, c := range []struct{ jws, verdict string }{
		{*told.JWS, "holds"}, {forged, "changed"}, {parts[0] + "." + parts[1], "unreadable"},
	} {
		b.do("paste a receipt", chromedp.Navigate(b.site+"/receipt"), chromedp.WaitVisible(hook("paste")),
			chromedp.SendKeys(hook("paste"), c.jws), chromedp.Click(hook("check")))
		b.see("it is "+c.verdict, `document.querySelector("[data-verdict]")?.dataset.verdict === "`+c.verdict+`"`)
	}
}

// openAccount waits until the page of the account can be filled in.
func (b *browser) openAccount() {
	b.t.Helper()
	b.arrive("/account")
	b.see("the account is there", `document.querySelector("#name")?.value && !document.querySelector("#name").disabled && document.querySelector("[data-testid=device]")`)
}

// retype replaces what stands in a field.
func (b *browser) retype(field, text string) {
	b.t.Helper()
	b.do("select it", chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-testid=`+field+`]").select()`))
	b.do("type "+text, chromedp.SendKeys(hook(field), text))
}

func (b *browser) signOut() {
	b.t.Helper()
	b.do("sign out", chromedp.Click(hook("menu")), chromedp.Click(hook("sign-out")), chromedp.WaitVisible(hook("sign-in")))
	b.arrive("/")
}

// signedInLongAgo makes the sign-in older than what asks for a fresh one allows.
func (b *browser) signedInLongAgo(t *testing.T) {
	t.Helper()
	ask[int](t, `with aged as (update app.session set created_at = created_at - interval '20 minutes' where account_id = $1 returning 1)
		select count(*)::int from aged`, b.identity())
}

// unzip downloads an archive and gives its files by their names in the one folder that it unpacks to.
func unzip(t *testing.T, address string) map[string][]byte {
	t.Helper()
	reply, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	content, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("the archive answers %d: %.200s (%v)", reply.StatusCode, content, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, each := range archive.File {
		opened, err := each.Open()
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(each.Name, "/")
		if files[name], err = io.ReadAll(opened); err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
	}
	return files
}

// holdsWhatItLists compares an archive of one volume with its manifest.
func holdsWhatItLists(t *testing.T, files map[string][]byte) {
	t.Helper()
	var manifest struct {
		Files []struct {
			Name, SHA256 string
			Bytes        int64
		}
		Omitted []json.RawMessage
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest.Files) == 0 || len(manifest.Omitted) != 0 {
		t.Fatalf("the manifest is %.300s (%v), the files are %v", files["manifest.json"], err, names(files))
	}
	for _, each := range manifest.Files {
		sum := sha256.Sum256(files[each.Name])
		if hex.EncodeToString(sum[:]) != each.SHA256 || int64(len(files[each.Name])) != each.Bytes {
			t.Errorf("%s is not what the manifest says", each.Name)
		}
	}
}

func holds(files map[string][]byte, words string) bool {
	for _, content := range files {
		if bytes.Contains(content, []byte(words)) {
			return true
		}
	}
	return false
}

func count(files map[string][]byte, ending string) (n int) {
	for name := range files {
		if strings.HasSuffix(name, ending) {
			n++
		}
	}
	return n
}

func names(files map[string][]byte) (all []string) {
	for name := range files {
		all = append(all, name)
	}
	return all
}
