package journey

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// policy P3.1: from the order to the library.
func TestAPersonMakesFindsAndDeletesAnImageInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)

	b.dress("light", 1280)
	b.do("start page", chromedp.Navigate(site+"/"), chromedp.WaitVisible(hook("sign-in")))
	b.see("the tools are on the start page", `document.querySelectorAll("#tools li").length >= 5`)
	b.shoot("start")

	b.do("a stranger opens the library", chromedp.Navigate(site+"/library"))
	b.signIn(freshAddress())
	b.arrive("/library")
	b.see("credits are shown", `document.querySelector(".credits").dataset.available > 0`)
	before := b.credits()

	b.do("to the studio", chromedp.Navigate(site+"/studio"))
	b.enterStudio()
	b.shoot("studio")
	b.order("A red lighthouse in a storm, oil on canvas")
	b.shoot("waiting")
	b.see("the picture is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 500`)
	b.see("the status says so", `document.querySelector('[data-testid=status]').dataset.state === "succeeded"`)
	b.see("credits went down", "document.querySelector('.credits').dataset.available < "+before)
	b.shoot("result")
	saved := chromedp.Evaluate[int](`fetch(document.querySelector("[data-testid=download]").href).then(reply => reply.blob()).then(blob => blob.size)`, chromedp.EvalAwaitPromise)
	if size := read(b, "what Download saves", saved); size < 10_000 {
		t.Errorf("a download has %d bytes", size)
	}

	b.do("to the library", chromedp.Click(hook("library-link")))
	b.arrive("/library")
	b.see("its thumbnail is loaded", `document.querySelector('[data-testid=image] img')?.naturalWidth > 0`)
	b.shoot("library")
	b.do("open it", chromedp.Click(hook("image")), chromedp.WaitVisible(hook("delete")))
	b.see("the prompt stands beside it", `document.querySelector("#detail").textContent.includes("red lighthouse")`)
	b.see("the whole picture is loaded", `document.querySelector("#detail img").naturalWidth > 500`)
	b.shoot("detail")

	b.deleteIt()

	b.signOut()
	b.do("privacy page", chromedp.Navigate(site+"/privacy"), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.shoot("privacy")
	b.do("a page that is not there", chromedp.Navigate(site+"/nowhere"), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.shoot("missing")
	b.saysNothingBad()
}

// deleteIt deletes the picture that is open in the library.
func (b *browser) deleteIt() {
	b.t.Helper()
	count := read(b, "count", chromedp.Evaluate[int](`document.querySelectorAll("[data-testid=image]").length`))
	b.do("ask to delete", chromedp.Click(hook("delete")), chromedp.WaitVisible(hook("confirm-delete")))
	b.shoot("confirm")
	b.do("delete", chromedp.Click(hook("confirm-delete")))
	b.see("one less", `document.querySelectorAll("[data-testid=image]").length === `+strconv.Itoa(count-1))
	b.shoot("deleted")
}

func TestAPersonIsToldWhyAnOrderFailedInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the studio", chromedp.Navigate(site+"/studio"))
	b.signIn(freshAddress())
	b.enterStudio()
	before := b.credits()
	// The stand-ins of the models refuse this word under their content rules.
	b.do("order", chromedp.SendKeys(hook("prompt"), "Something forbidden"), chromedp.Click(hook("generate")))
	b.see("the status says failed", `document.querySelector("[data-testid=status]").dataset.state === "failed"`)
	b.see("with a reason", `/declined.*returned/.test(document.querySelector("[data-testid=status]").textContent)`)
	b.see("the credits are back", `document.querySelector(".credits").dataset.available === "`+before+`"`)
	b.shoot("refused")
	b.saysNothingBad()
}

func TestAPersonUploadsAPictureAndEditsItInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the studio", chromedp.Navigate(site+"/studio"))
	b.signIn(freshAddress())
	b.enterStudio()

	file := filepath.Join(t.TempDir(), "mine.png")
	if err := os.WriteFile(file, testPicture(640, 480), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do("choose the tool", chromedp.Click(chromedp.CSS(`[data-testid="tool"][value="edit"]`)))
	b.see("the tool takes pictures", `!document.querySelector("#pictures").hidden`)
	b.do("nothing to work on yet", chromedp.SendKeys(hook("prompt"), "Make it night"), chromedp.Click(hook("generate")))
	b.see("the page asks for a picture", `document.querySelector("#problem").textContent.includes("Choose a picture")`)
	b.do("give it the file", chromedp.SetUploadFiles(hook("file"), []string{file}))
	b.see("the picture is taken in", `document.querySelector('[data-testid="picked"] img')?.naturalWidth > 0`)
	b.shoot("edit")
	b.do("order", chromedp.Click(hook("generate")))
	b.see("the edit is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 0`)
	b.shoot("edited")

	b.do("choose another picture", chromedp.Click(hook("choose")))
	b.see("the library offers both", `document.querySelectorAll("#chooser [data-testid=image]").length >= 2`)
	b.shoot("chooser")
	b.do("take the newest", chromedp.Click(chromedp.CSS(`#chooser [data-testid="image"]`)))
	b.see("it is picked", `!document.querySelector("#chooser").open && document.querySelectorAll("[data-testid=picked]").length >= 1`)
	b.saysNothingBad()
}

func TestAPersonWhoseSessionEndsLosesNoWordsInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the studio", chromedp.Navigate(site+"/studio"))
	b.signIn(freshAddress())
	b.enterStudio()
	b.do("write", chromedp.SendKeys(hook("prompt"), "A cathedral of ice"))
	b.do("the session ends elsewhere", chromedp.Evaluate[chromedp.Void](`fetch("/api/logout", {method: "POST"}).then(() => {})`, chromedp.EvalAwaitPromise))
	b.do("order", chromedp.Click(hook("generate")))
	b.signIn(freshAddress())
	b.enterStudio()
	b.see("the words are still there", `document.querySelector("[data-testid=prompt]").value === "A cathedral of ice"`)
	b.saysNothingBad()
}
