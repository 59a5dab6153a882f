package journey

import (
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
	b.asksForEverything()
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

func TestAPersonWhoComesBackAsSomebodyElseTakesNothingOfTheirsInTheBrowser(t *testing.T) {
	disturbs(t)
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the exports", chromedp.Navigate(site+"/exports"))
	b.signIn(freshAddress())
	b.arrive("/exports")
	b.signedInLongAgo(t)
	b.asksForEverything()
	other := freshAddress()
	b.signIn(other)
	b.arrive("/exports")
	b.see("it is told", `document.querySelector("#problem").textContent.includes("`+other+`, which is another account")`)
	if n := ask[int](t, `select count(*)::int from app.archive where account_id = $1`, b.identity()); n != 0 {
		t.Errorf("%d exports were ordered", n)
	}
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

	b.do("choose anew", chromedp.Click(chromedp.CSS("#stop")), chromedp.Click(hook("select")), chromedp.Click(hook("image")))
	b.do("few are saved one after another", chromedp.Click(hook("save-selected")))
	b.see("it says so", `document.querySelector("#selected-says").textContent === "1 picture saved."`)
	b.do("open one", chromedp.Click(chromedp.CSS("#stop")), chromedp.Click(hook("image")), chromedp.WaitVisible(hook("download")))
	single, err := http.Get(read(b, "its link", chromedp.Evaluate[string](`document.querySelector("[data-testid=download]").href`)))
	if err != nil {
		t.Fatal(err)
	}
	single.Body.Close()
	if said := single.Header.Get("Content-Disposition"); single.StatusCode != 200 || !strings.Contains(said, `attachment; filename="nanoflux-`) {
		t.Errorf("the CDN hands one out with %d, %q", single.StatusCode, said)
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
