package journey

import "github.com/chromedp/chromedp"

// signIn answers the page on which Google's stand-in asks who one is.
func (b *browser) signIn(email string) {
	b.t.Helper()
	b.see("a page that asks who one is", `document.querySelector("#email")`)
	b.do("say who", chromedp.SendKeys(chromedp.CSS("#email"), email+"\n"))
}

// credits is what the bar says can be spent.
func (b *browser) credits() string {
	b.t.Helper()
	return read(b, "credits", chromedp.Evaluate[string](`document.querySelector(".credits").dataset.available`))
}

// enterStudio waits until the form can be filled in.
func (b *browser) enterStudio() {
	b.t.Helper()
	b.arrive("/studio")
	b.see("the form is ready", `document.querySelector("[data-testid=generate]")?.disabled === false`)
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
