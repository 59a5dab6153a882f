package journey

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// enterCheckout waits for Stripe's page.
func (b *browser) enterCheckout() {
	b.t.Helper()
	b.see("Stripe's page asks for a card", `document.querySelector("#card")`)
}

// typeCard fills in the form of Stripe's page and sends it.
func (b *browser) typeCard(card string) {
	b.t.Helper()
	b.do("type the card "+card,
		chromedp.SendKeys(chromedp.CSS("#card"), card),
		chromedp.SendKeys(chromedp.CSS("#expiry"), "12 / 39"),
		chromedp.SendKeys(chromedp.CSS("#cvc"), cvc),
		chromedp.Click(chromedp.CSS("#pay")))
}

// outcome waits for a state of the page on which one comes back from paying.
func (b *browser) outcome(state string) {
	b.t.Helper()
	b.arrive("/checkout/return")
	b.see("the outcome is "+state, fmt.Sprintf(`document.querySelector("[data-testid=outcome]")?.dataset.state === %q`, state))
}

// buy chooses an offer on the page of prices.
func (b *browser) buy(offer string) {
	b.t.Helper()
	b.do("buy "+offer, chromedp.Click(hook("buy-"+offer)))
	b.enterCheckout()
}

// identity is the account that is signed in.
func (b *browser) identity() string {
	b.t.Helper()
	return read(b, "account", chromedp.Evaluate[string](`fetch("/api/account").then(reply => reply.json()).then(account => account.id)`, chromedp.EvalAwaitPromise))
}

// portal opens Stripe's portal from the page about billing.
func (b *browser) portal() {
	b.t.Helper()
	b.do("to the portal", chromedp.Click(hook("portal")))
	b.see("the portal is there", `document.querySelector("#current")`)
}

// leavePortal goes back, and waits until the page about billing says what the portal did: the bell may ring
// a moment later, and the page looks again by itself.
func (b *browser) leavePortal(what, condition string) {
	b.t.Helper()
	b.do("back to the site", chromedp.Click(chromedp.CSS("#back")))
	b.arrive("/billing")
	b.see(what, condition)
}

// reloadUntil looks at a page again and again.
func (b *browser) reloadUntil(what, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		b.see("the page is read", `document.querySelector("#plan")?.getAttribute("aria-busy") === "false"`)
		if read(b, what, chromedp.Evaluate[bool]("Boolean("+condition+")")) {
			return
		}
		if time.Now().After(deadline) {
			b.fail(what, fmt.Errorf("never came true: %s", condition))
		}
		b.do("look again", chromedp.Sleep(300*time.Millisecond), chromedp.Reload())
	}
}
