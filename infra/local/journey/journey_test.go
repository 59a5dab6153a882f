package journey

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAPersonMakesKeepsAndDeletesAnImageInTheBrowser(t *testing.T) {
	site := running(t)
	b := openBrowser(t, site)

	b.dress("light", 1280)
	b.do("start page", chromedp.Navigate(site+"/"), chromedp.WaitVisible(hook("sign-in")))
	b.see("the tools are on the start page", `document.querySelectorAll("#tools li").length >= 5`)
	b.shoot("start")

	b.do("a stranger opens the library", chromedp.Navigate(site+"/library"))
	b.signInAsFirstPerson()
	b.arrive("/library")
	b.see("credits are shown", `document.querySelector(".credits").dataset.available > 0`)
	before := b.credits()

	b.do("to the studio", chromedp.Navigate(site+"/studio"), chromedp.WaitVisible(hook("tool")))
	b.shoot("studio")
	b.order("A red lighthouse in a storm, oil on canvas")
	b.shoot("waiting")
	b.see("the picture is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 500`)
	b.see("the status says so", `document.querySelector('[data-testid=status]').dataset.state === "succeeded"`)
	b.see("credits went down", "document.querySelector('.credits').dataset.available < "+before)
	b.shoot("result")

	b.do("to the library", chromedp.Click(hook("library-link")))
	b.arrive("/library")
	b.see("its thumbnail is loaded", `document.querySelector('[data-testid=image] img')?.naturalWidth > 0`)
	b.shoot("library")
	b.do("open it", chromedp.Click(hook("image")), chromedp.WaitVisible(hook("delete")))
	b.see("the prompt stands beside it", `document.querySelector("#detail").textContent.includes("red lighthouse")`)
	b.see("the whole picture is loaded", `document.querySelector("#detail img").naturalWidth > 500`)
	b.shoot("detail")

	count := read(b, "count", chromedp.Evaluate[int](`document.querySelectorAll("[data-testid=image]").length`))
	b.do("ask to delete", chromedp.Click(hook("delete")), chromedp.WaitVisible(hook("confirm-delete")))
	b.shoot("confirm")
	b.do("delete", chromedp.Click(hook("confirm-delete")))
	b.see("one less", `document.querySelectorAll("[data-testid=image]").length === `+itoa(count-1))
	b.shoot("deleted")

	b.do("sign out", chromedp.Click(hook("sign-out")), chromedp.WaitVisible(hook("sign-in")))
	b.arrive("/")
	b.do("privacy page", chromedp.Navigate(site+"/privacy"), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.shoot("privacy")
	b.do("a page that is not there", chromedp.Navigate(site+"/nowhere"), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.shoot("missing")
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("The pages complained:\n%s", strings.Join(said, "\n"))
	}
}
