package journey

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// cookies are all that the browser keeps, of every site, sorted by name.
func (b *browser) cookies() []*network.Cookie {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	kept, err := chromedp.CallBrowser(ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		b.fail("asking for the cookies", err)
	}
	slices.SortFunc(kept.Cookies, func(a, b *network.Cookie) int { return strings.Compare(a.Name, b.Name) })
	return kept.Cookies
}

// hasCookies compares the names, and looks that nothing is kept beside them.
func (b *browser) hasCookies(when string, wanted ...string) {
	b.t.Helper()
	var names []string
	for _, cookie := range b.cookies() {
		names = append(names, cookie.Name)
	}
	if !slices.Equal(names, wanted) {
		b.t.Errorf("%s: the browser has the cookies %q, not %q", when, names, wanted)
	}
	const stores = `(async () => [localStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length].join())()`
	if kept := read(b, "what is kept", chromedp.Evaluate[string](stores, chromedp.EvalAwaitPromise)); kept != "0,0,0" {
		b.t.Errorf("%s: localStorage, databases and caches hold %s", when, kept)
	}
}

// wears waits until a page has a theme.
func (b *browser) wears(theme string) {
	b.t.Helper()
	b.see("it is "+theme, `(document.documentElement.dataset.theme ?? "") === "`+theme+`"`)
}

// keeps answers whether this browser keeps preferences, on the page that is open.
func (b *browser) keeps(answer string) {
	b.t.Helper()
	b.see("the question", `document.querySelector("#keeping")?.hidden === false`)
	b.do("answer "+answer, chromedp.Click(chromedp.CSS(`label[for="keeping-`+answer+`"]`)))
	b.see("it is taken", `document.querySelector("#keeping-`+answer+`").checked`)
}

func (b *browser) chooses(theme string) {
	b.t.Helper()
	b.do("to the account", chromedp.Navigate(b.site+"/account"))
	b.openAccount()
	b.do("choose "+theme, chromedp.Click(chromedp.CSS(`label[for="theme-`+theme+`"]`)))
	b.see("it is saved", `document.querySelector("#theme-trouble").textContent.includes("saved")`)
	b.wears(theme)
}

// policy P2.4, policy P6.4: three cookies at most, one of them for who said yes only. policy P10: Google is told no address of ours.
func TestAVisitLeavesTheseCookiesAndNoOthersInTheBrowser(t *testing.T) {
	const oauth, session, preferences = "__Host-oauth", "__Host-session", "__Host-preferences"
	site := running()
	b := openBrowser(t, site)
	b.dress("light", 1280)
	for _, page := range []string{"/", "/pricing", "/promises", "/privacy"} {
		b.do("a stranger looks around", chromedp.Navigate(site+page), chromedp.WaitVisible(chromedp.CSS("h1")))
		b.hasCookies("on " + page)
	}
	b.do("and opens the account", chromedp.Click(chromedp.CSS(`main a[href="/account"]`)))
	b.see("Google asks", `document.querySelector("#email")`)
	b.see("and is not told from where", `document.referrer === ""`)
	b.hasCookies("at Google", oauth)
	b.signIn(freshAddress())
	b.openAccount()
	b.hasCookies("signed in", session)

	b.chooses("dark")
	b.hasCookies("the look is the account's", session)
	b.do("without a cookie it is known all the same", chromedp.Reload())
	b.openAccount()
	b.wears("dark")
	b.keeps("yes")
	b.hasCookies("kept", preferences, session)
	if kept := b.cookies()[0]; kept.Value != "dark" || !kept.Secure || kept.SameSite != "Lax" || kept.Path != "/" ||
		time.Until(time.Unix(int64(kept.Expires), 0)) > 366*24*time.Hour {
		t.Errorf("the cookie is %+v", kept)
	}
	b.do("to a page that asks nobody", chromedp.Navigate(site+"/privacy"))
	b.wears("dark")
	b.chooses("light")
	b.hasCookies("it follows", preferences, session)
	b.shoot("account-keeping")

	b.do("where it is explained", chromedp.Navigate(site+"/privacy#P6.4"))
	b.keeps("no")
	b.hasCookies("refused", session)
	b.do("the next page", chromedp.Navigate(site+"/privacy"))
	b.wears("")
	b.chooses("dark")
	b.do("everything works", chromedp.Navigate(site+"/studio"))
	b.enterStudio()
	b.wears("dark")
	b.order("A cookie jar, empty")
	b.see("the picture is there", `document.querySelector('[data-testid=result] img')?.naturalWidth > 500`)
	b.hasCookies("and nothing brought it back", session)
	b.signOut()
	b.hasCookies("signed out")
	b.saysNothingBad()
}

// policy P6.4: a plain sentence before the click, and another for who goes on.
func TestWhoRefusesAllCookiesIsToldWhatThatMeansInTheBrowser(t *testing.T) {
	site := running()
	b := openBrowser(t, site)
	if _, err := chromedp.Call(b.ctx, emulation.SetDocumentCookieDisabled, emulation.SetDocumentCookieDisabledParams{Disabled: true}); err != nil {
		t.Fatal(err)
	}
	b.dress("light", 1280)
	for _, page := range []string{"/", "/pricing", "/studio", "/library", "/account"} { // those of one's own lead to the start
		b.do("open "+page, chromedp.Navigate(site+page))
		b.see("it says what signing in needs", `document.querySelector("#no-cookies")?.hidden === false`)
	}
	b.do("the policy", chromedp.Navigate(site+"/privacy"))
	b.see("nothing can be kept", `document.querySelector("#keeping fieldset").disabled && document.querySelector("#about-keeping").textContent.includes("refuses all cookies")`)
	b.do("the start", chromedp.Navigate(site+"/"), chromedp.WaitVisible(chromedp.CSS("#no-cookies")))
	b.shoot("cookies-refused")
	b.do("sign in nevertheless", chromedp.Click(hook("sign-in")))
	b.see("Google asks", `document.querySelector("#email")`)
	if _, err := chromedp.CallBrowser(b.ctx, storage.ClearCookies, storage.ClearCookiesParams{}); err != nil { // those of replies are refused here
		t.Fatal(err)
	}
	b.signIn(freshAddress())
	b.arrive("/login/callback")
	b.see("it says why that came to nothing", `document.querySelector("main")?.textContent.includes("Allow cookies for this site, then sign in again")`)
	if kept := b.cookies(); len(kept) > 0 {
		t.Errorf("the browser that refuses cookies has %+v", kept[0])
	}
	b.saysNothingBad()
}
