package journey

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAPersonsMoneyBuysAPlanThatIsChangedCanceledAndResumedInTheBrowser(t *testing.T) {
	disturbs(t)
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	b.do("a stranger opens the billing", chromedp.Navigate(site+"/billing"))
	b.signIn(freshAddress())
	b.arrive("/billing")
	b.reloadUntil("there is no plan yet", `document.querySelector("[data-testid=plan]").textContent.includes("Free")`)
	b.shoot("billing-free")

	b.do("to the prices", chromedp.Navigate(site+"/pricing"), chromedp.WaitVisible(hook("buy-plus-monthly")))
	b.do("by the year", chromedp.Click(chromedp.CSS(`[data-testid=interval][value=year] + span`)), chromedp.WaitVisible(hook("buy-plus-yearly")))
	b.shoot("pricing-yearly")
	b.do("by the month", chromedp.Click(chromedp.CSS(`[data-testid=interval][value=month] + span`)))
	b.buy("plus-monthly")
	b.shoot("pay-plan")
	b.typeCard(goodCard)
	b.outcome("begun")
	b.see("with the balance", `document.querySelector("[data-testid=balance]").textContent.includes("550 credits")`)
	b.shoot("return-begun")

	b.do("to the billing", chromedp.Click(hook("billing-link")))
	b.reloadUntil("the plan is there", `/Plus\s+Active/.test(document.querySelector("[data-testid=plan]").textContent)`)
	b.see("with its invoice", `document.querySelectorAll("[data-testid=invoice]").length === 1`)
	b.see("which is marked as Stripe's", `document.querySelector("[data-testid=invoice] a").matches(".outside[rel='noopener noreferrer'][referrerpolicy=no-referrer]")`)
	b.see("also to the eye", `getComputedStyle(document.querySelector("[data-testid=invoice] a"), "::after").content.includes("↗")`)
	b.shoot("billing-plus")
	b.do("to the prices", chromedp.Navigate(site+"/pricing"), chromedp.WaitVisible(hook("manage-plan")))
	b.shoot("pricing-subscribed")

	b.do("to the billing", chromedp.Click(hook("billing-link")))
	b.portal()
	b.shoot("portal")
	b.do("choose Pro", chromedp.Click(chromedp.Search(`//label[contains(., "Pro") and contains(., "a month")]/input`)), chromedp.Click(chromedp.CSS("#confirm")))
	b.see("it is changed", `document.querySelector("#notice")?.textContent === "Your plan is changed."`)
	b.shoot("portal-changed")
	b.leavePortal("the plan is Pro", `/Pro\s+Active/.test(document.querySelector("[data-testid=plan]").textContent)`)
	b.reloadUntil("credits rose", `document.querySelector(".credits").dataset.available > 1500`)
	b.shoot("billing-pro")

	b.portal()
	b.do("cancel", chromedp.Click(chromedp.CSS("#cancel")), chromedp.WaitVisible(chromedp.CSS("#resume")))
	b.shoot("portal-canceled")
	b.leavePortal("it says until when", `/^Ends .*20\d\d/.test(document.querySelector("[data-testid=plan-status]").textContent)`)
	b.shoot("billing-ending")
	b.portal()
	b.do("resume", chromedp.Click(chromedp.CSS("#resume")), chromedp.WaitVisible(chromedp.CSS("#cancel")))
	b.leavePortal("it goes on", `document.querySelector("[data-testid=plan-status]").textContent === "Active"`)

	b.do("to the credits", chromedp.Click(hook("credits")))
	b.arrive("/credits")
	b.see("each change is listed", `document.querySelectorAll("[data-testid=entry]").length >= 3`)
	b.shoot("credits-plan")
	b.saysNothingBad()
}
