package journey

import (
	"strconv"

	"github.com/chromedp/chromedp"
)

func itoa(number int) string { return strconv.Itoa(number) }

// signInAsFirstPerson answers the page on which Google's stand-in lets one choose.
func (b *browser) signInAsFirstPerson() {
	b.t.Helper()
	b.see("a page to choose a person", `document.querySelector('button[name="person"]')`)
	b.do("choose a person", chromedp.Click(chromedp.CSS(`button[name="person"]`)))
}

// credits is what the bar says can be spent.
func (b *browser) credits() string {
	b.t.Helper()
	return read(b, "credits", chromedp.Evaluate[string](`document.querySelector(".credits").dataset.available`))
}

// order fills the form in and sends it.
func (b *browser) order(prompt string) {
	b.t.Helper()
	b.do("order "+prompt,
		chromedp.Click(chromedp.CSS(`[data-testid="tool"][value="text-to-image"]`)),
		chromedp.SendKeys(hook("prompt"), prompt),
		chromedp.Click(chromedp.CSS(`[data-testid="size"] [value="1344x768"]`)),
		chromedp.Click(hook("generate")))
	b.see("it is under way", `["queued", "running", "succeeded"].includes(document.querySelector("[data-testid=status]").dataset.state)`)
}
