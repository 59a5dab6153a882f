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
	"time"

	"github.com/chromedp/chromedp"
)

func TestAPersonCorrectsTheirNameAndSeesWhatTheyUsedInTheBrowser(t *testing.T) {
	site, address := running(), freshAddress()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the account", chromedp.Navigate(site+"/account"))
	b.signIn(address)
	b.openAccount()
	b.retype("name", "Ada King")
	b.do("save it", chromedp.Click(hook("save-name")))
	b.see("it is saved", `document.querySelector("#name-trouble").textContent.includes("saved")`)
	b.do("go dark", chromedp.Click(chromedp.CSS(`label[for="theme-dark"]`)))
	b.see("at once", `document.documentElement.dataset.theme === "dark" && document.querySelector("#theme-trouble").textContent.includes("saved")`)
	b.see("which is dark", `getComputedStyle(document.body).backgroundColor === "rgb(19, 18, 24)"`)
	b.do("like the device again", chromedp.Click(chromedp.CSS(`label[for="theme-system"]`)))
	b.see("at once", `document.documentElement.dataset.theme === "system"`)
	b.do("want news", chromedp.Click(chromedp.CSS(`label[for="mail-news"]`)))
	b.see("that is saved", `document.querySelector("#emails-trouble").textContent.includes("saved")`)

	phone := stranger(t)
	phone.signIn(address)
	b.do("look again", chromedp.Reload())
	b.openAccount()
	b.see("both are listed", `document.querySelectorAll("[data-testid=device]").length === 2`)
	b.shoot("account")
	b.do("sign the other one out", chromedp.Click(hook("end-session")))
	b.see("one is left", `document.querySelectorAll("[data-testid=device]").length === 1`)
	phone.call("GET", "/api/account", nil).refuses(401, "sign_in_required")

	b.do("to an empty dashboard", chromedp.Navigate(site+"/dashboard"), chromedp.WaitVisible(hook("empty")))
	b.shoot("dashboard-empty")
	b.do("to the studio", chromedp.Navigate(site+"/studio"))
	b.enterStudio()
	b.order("A tide table, engraved")
	b.see("the picture is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 500`)
	b.do("to the dashboard", chromedp.Click(hook("menu")), chromedp.Click(hook("dashboard-link")), chromedp.WaitVisible(hook("by-tool")))
	b.see("the order is drawn", `document.querySelectorAll("[data-testid=orders-chart] .column rect:not(.reach)").length === 1`)
	b.see("and counted", `/Text to image\s*1\s*1\s*0\s*\d/.test(document.querySelector("[data-testid=by-tool] tbody").textContent)`)
	b.do("a year", chromedp.Click(chromedp.CSS(`label[for="days-365"]`)), chromedp.Click(hook("behind")))
	b.see("by the week", `document.querySelectorAll("[data-testid=orders-chart] .column").length === 53`)
	b.shoot("dashboard")

	b.signOut()
	b.do("come back", chromedp.Navigate(site+"/account"))
	b.signIn(address)
	b.openAccount()
	b.see("the name is as it was corrected", `document.querySelector("#name").value === "Ada King"`)
	b.see("and the news are wanted", `document.querySelector("#mail-news").checked`)
	b.do("sign out everywhere", chromedp.Click(hook("end-all")), chromedp.WaitVisible(hook("confirm-end-all")), chromedp.Click(hook("confirm-end-all")))
	b.do("on the start page", chromedp.WaitVisible(hook("sign-in")))
	b.saysNothingBad()
}

func TestAPersonTakesEverythingWithThemInTheBrowser(t *testing.T) {
	disturbs(t)
	site, address := running(), freshAddress()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the exports", chromedp.Navigate(site+"/exports"))
	b.signIn(address)
	b.see("none yet", `!document.querySelector("#empty").hidden`)
	b.shoot("exports-empty")
	const prompt = "A suitcase full of clouds"
	b.do("to the studio", chromedp.Navigate(site+"/studio"))
	b.enterStudio()
	b.order(prompt)
	b.see("the picture is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 500`)

	b.signedInLongAgo(t)
	b.do("to the exports", chromedp.Navigate(site+"/exports"))
	b.see("everything can be ordered", `document.querySelector("[data-testid=order-export]")?.disabled === false`)
	b.do("ask for everything", chromedp.Click(hook("order-export")))
	b.signIn(address)
	b.arrive("/exports")
	b.see("it goes on by itself, and gets ready", `document.querySelector("[data-state=ready] [data-testid=volume]")`)
	b.see("the tab says so", `document.title.includes("ready")`)
	b.shoot("exports")
	volume := read(b, "its address", chromedp.Evaluate[string](`document.querySelector("[data-testid=volume]").href`))
	files := unzip(t, volume)
	holdsWhatItLists(t, files)
	if page := string(files["index.html"]); !strings.Contains(page, "<html") {
		t.Errorf("index.html is %.200s", page)
	}
	if !holds(files, prompt) {
		t.Error("the words of the order are in no file")
	}

	b.do("remove it", chromedp.Click(hook("remove-export")), chromedp.WaitVisible(hook("confirm-remove")), chromedp.Click(hook("confirm-remove")))
	b.see("it is gone", `document.querySelectorAll("[data-testid=export]").length === 0`)
	b.saysNothingBad()
}

func TestAPersonSelectsPicturesToDownloadInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the library", chromedp.Navigate(site+"/library"))
	address := freshAddress()
	b.signIn(address)
	b.arrive("/library")
	p := stranger(t)
	p.signIn(address)
	for i := range 11 {
		p.bring(testPicture(200+i, 150))
	}
	b.do("look again", chromedp.Reload(), chromedp.WaitVisible(hook("select")), chromedp.Click(hook("select")))
	b.see("all can be selected", `document.querySelectorAll("[data-testid=image][aria-pressed=false]").length === 11`)
	b.do("select all", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("[data-testid=image]").forEach((tile) => tile.click()); undefined`))
	b.see("they say so", `document.querySelectorAll("[data-testid=image][aria-pressed=true]").length === 11`)
	b.shoot("library-selected")
	b.do("download them", chromedp.Click(hook("save-selected")))
	b.see("they are packed", `document.querySelector("#selected [data-testid=volume]")`)
	b.shoot("library-packed")
	files := unzip(t, read(b, "its address", chromedp.Evaluate[string](`document.querySelector("#selected [data-testid=volume]").href`)))
	holdsWhatItLists(t, files)
	if pictures := count(files, ".jpg"); pictures != 11 {
		t.Errorf("%d pictures were packed: %v", pictures, names(files))
	}
	b.saysNothingBad()
}

func TestAPersonLeavesComesBackAndLeavesForGoodInTheBrowser(t *testing.T) {
	disturbs(t)
	site, address := running(), freshAddress()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger wants to leave", chromedp.Navigate(site+"/deletion"))
	b.signIn(address)
	b.see("the plan is there", `document.querySelectorAll("[data-testid=class]").length > 3 && document.querySelectorAll("[data-testid=stay]").length > 0`)
	b.shoot("deletion")

	b.signedInLongAgo(t)
	b.do("begin", chromedp.Reload(), chromedp.Click(hook("delete-account")))
	b.signIn(address)
	b.arrive("/deletion")
	b.do("the last question", chromedp.WaitVisible(hook("confirm-delete")))
	b.shoot("deletion-confirm")
	b.do("delete", chromedp.Click(hook("confirm-delete")), chromedp.WaitVisible(hook("closed")))
	b.arrive("/receipt?id=")
	b.shoot("deletion-closed")

	b.do("come back in time", chromedp.Navigate(site+"/library"))
	b.signIn(address)
	b.arrive("/deletion")
	b.do("the way back", chromedp.WaitVisible(hook("take-back")))
	b.see("nothing else is offered", `document.querySelector("#nav").hidden && document.querySelector("#menu").hidden && document.querySelector("#deed").hidden`)
	b.shoot("deletion-grace")
	b.do("take it back", chromedp.Click(hook("take-back")))
	b.arrive("/library")
	b.see("it is one's own again", `document.querySelector(".credits").dataset.available > 0`)

	b.do("leave at once", chromedp.Navigate(site+"/deletion"), chromedp.WaitVisible(hook("delete-account")),
		chromedp.Click(chromedp.CSS(`label[for="without-grace"]`)), chromedp.Click(hook("delete-account")),
		chromedp.WaitVisible(hook("confirm-delete")), chromedp.Click(hook("confirm-delete")), chromedp.WaitVisible(hook("receipt-link")))
	link := read(b, "the receipt's address", chromedp.Evaluate[string](`document.querySelector("[data-testid=receipt-link]").href`))
	b.do("see how far it is", chromedp.Navigate(link))
	b.see("it says how far", `document.querySelector("#progress").hidden === false || document.querySelector("[data-verdict]")`)
	b.shoot("receipt-erasing")
	sweeps(t, time.Now().Add(3*time.Minute))
	sweeps(t, time.Now().Add(30*time.Minute))
	b.do("look again", chromedp.Reload())
	b.see("the signature holds", `document.querySelector("[data-verdict]")?.dataset.verdict === "holds"`)
	b.see("it counts", `document.querySelector("[data-testid=erased] [data-class=account]").textContent.includes("1")`)
	b.shoot("receipt")
	b.checksReceipts(link)
	b.saysNothingBad()
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
