package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

type promises struct {
	CheckedAt   time.Time `json:"checked_at"`
	Disclosures int64
	Promises    []struct {
		Measure, Clause, Says, Unit string
		Value, Warn, Bound          int64
		State                       string
		SeenAt                      *time.Time `json:"seen_at"`
		Since                       time.Time
	}
}

// What others do to the service meanwhile is no promise's keeping, so this is about what is told, not about what is kept.
func TestAnybodyReadsInTheBrowserWhichPromisesAreKept(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	control(t, "/fire", fmt.Sprintf(`{"name": "watch-promises", "at": %q}`, at.Format(time.RFC3339)))
	said := into[promises](stranger(t).call("GET", "/api/promises", nil).is(200))
	if said.CheckedAt.Before(at) || len(said.Promises) < 30 || said.Disclosures < 0 {
		t.Fatalf("looked at %s: %d promises", said.CheckedAt, len(said.Promises))
	}

	b := openBrowser(t, running())
	b.do("open the page", chromedp.Navigate(b.site+"/promises"))
	b.see("the verdict", `document.querySelector("[data-testid=verdict]").ariaBusy === "false" && document.querySelector("[data-testid=verdict] h2")`)
	shown := read(b, "what is shown", chromedp.Evaluate[map[string]string](`Object.fromEntries([...document.querySelectorAll("[data-measure]")]
		.map((row) => [row.dataset.measure, row.querySelector(".state").textContent]))`))
	words := map[string]string{"kept": "Kept", "at_risk": "At risk", "broken": "Broken"}
	for _, p := range said.Promises {
		if shown[p.Measure] != words[p.State] {
			t.Errorf("%s is %s, and the page says %q", p.Measure, p.State, shown[p.Measure])
		}
	}
	b.shoot("promises")
	b.see("each clause leads to what the policy says of it", `[...document.querySelectorAll("[data-clause]")].every((part) => part.querySelector("h2 a").hash === "#" + part.dataset.clause)`)

	// Four hours later, and nobody looked again.
	later := page.AddScriptToEvaluateOnNewDocumentParams{Source: `{ const now = Date.now; Date.now = () => now() + 4 * 3600e3; }`}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, later); err != nil {
		t.Fatal(err)
	}
	b.do("open the page again", chromedp.Navigate(b.site+"/promises"))
	b.see("it says loudly that nobody looked", `document.querySelector("[data-testid=stale]")?.textContent.startsWith("Nobody has looked for 4 hours.")`)
	b.saysNothingBad()
}
