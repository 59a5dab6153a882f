package journey

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for one step.
const patience = 30 * time.Second

// browser is one tab of a headless Chromium with a profile of its own.
type browser struct {
	t        *testing.T
	ctx      context.Context
	site     string
	mu       sync.Mutex
	wrongs   []string // what the pages complained about
	pictures string   // where the screenshots go
}

// openBrowser starts Chromium, or skips the test where there is none; REQUIRE_BROWSER=1 makes that a failure.
func openBrowser(t *testing.T, site string) *browser {
	t.Helper()
	path := findBrowser()
	if path == "" {
		const sentence = "NO BROWSER: the browser journey did not run. Install chromium (Debian: apt-get install chromium) and run again."
		if os.Getenv("REQUIRE_BROWSER") == "1" {
			t.Fatal(sentence)
		}
		fmt.Fprintln(os.Stderr, sentence)
		t.Skip(sentence)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, closeBrowser := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(closeBrowser)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)

	b := &browser{t: t, ctx: ctx, site: site, pictures: artefacts(t)}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("The browser %s does not start: %v", path, err)
	}
	go b.overhear(chromedp.Console(ctx))
	return b
}

func findBrowser() string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	if runtime.GOOS == "darwin" {
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// artefacts is the folder that git ignores at the top of the repository.
func artefacts(t *testing.T) string {
	folder, err := filepath.Abs("../../../artefacts")
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// overhear keeps what a page must never say: exceptions, and whatever the Content-Security-Policy forbade. Refusals of
// the API stand in the browser's log too; they belong to the journey.
func (b *browser) overhear(said iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range said {
		if err != nil {
			return
		}
		if message.IsException() || message.Type == chromedp.ConsoleError && message.Source != "network" {
			b.mu.Lock()
			b.wrongs = append(b.wrongs, message.String())
			b.mu.Unlock()
		}
	}
}

// complaints gives what overhear kept.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wrongs
}

// saysNothingBad fails the test if a page ever complained.
func (b *browser) saysNothingBad() {
	b.t.Helper()
	if said := b.complaints(); len(said) > 0 {
		b.t.Errorf("The pages complained:\n%s", strings.Join(said, "\n"))
	}
}

// hook selects what the pages mark for tests.
func hook(name string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + name + `"]`) }

// do runs steps, each of which waits for its element; the first that fails ends the test with a picture of the page.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(what, err)
	}
}

// read gives a value of the page.
func read[T any](b *browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.fail(what, err)
	}
	return value
}

func (b *browser) fail(what string, err error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if picture, failed := chromedp.Run(ctx, chromedp.FullScreenshot(100)); failed == nil {
		b.keep("failed", picture)
	}
	address, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	b.t.Fatalf("%s: %v\nat %s\nthe page says:\n%s\nthe console says: %q", what, err, address, text, b.complaints())
}

// arrive waits until the address begins with a path of the site; a navigation under way does not disturb it.
func (b *browser) arrive(path string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		address, err := chromedp.Run(b.ctx, chromedp.Location())
		if err == nil && strings.HasPrefix(address, b.site+path) {
			return
		}
		if time.Now().After(deadline) {
			b.fail("waiting for "+path, fmt.Errorf("still at %s: %w", address, err))
		}
	}
}

// see waits until a condition in JavaScript holds.
func (b *browser) see(what, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+condition+")"))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			b.fail(what, fmt.Errorf("never came true: %s (%w)", condition, err))
		}
	}
}

// brokenBar holds where what belongs into one line of the bar is in two.
const brokenBar = `Boolean(document.querySelector(".who")) &&
	document.querySelector(".who").getBoundingClientRect().top >= document.querySelector(".brand").getBoundingClientRect().bottom`

// shoot takes the page as it is on a telephone and on a desk, by day and by night, and leaves it on the desk by day.
func (b *browser) shoot(name string) {
	b.t.Helper()
	for _, scheme := range []string{"dark", "light"} {
		for _, width := range []int64{390, 1280} {
			b.dress(scheme, width)
			if wide := read(b, "width", chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > width {
				b.t.Errorf("%s is %d px wide on a screen of %d px", name, wide, width)
			}
			if read(b, "bar", chromedp.Evaluate[bool](brokenBar)) {
				b.t.Errorf("%s: name and account do not fit beside each other on a screen of %d px", name, width)
			}
			b.keep(fmt.Sprintf("%s-%d-%s", name, width, scheme), read(b, "screenshot", b.camera()))
		}
	}
}

// camera takes the whole page, or what the screen shows while a dialog lies over it.
func (b *browser) camera() chromedp.Action[[]byte] {
	b.t.Helper()
	if read(b, "dialog", chromedp.Evaluate[bool](`document.querySelector("dialog[open]") !== null`)) {
		return chromedp.CaptureScreenshot()
	}
	return chromedp.FullScreenshot(100)
}

func (b *browser) dress(scheme string, width int64) {
	b.t.Helper()
	preference := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, preference); err != nil {
		b.t.Fatal(err)
	}
	b.do("screen size", chromedp.EmulateViewport(width, 860), chromedp.Sleep(150*time.Millisecond))
}

func (b *browser) keep(name string, picture []byte) {
	if err := os.WriteFile(filepath.Join(b.pictures, name+".png"), picture, 0o644); err != nil {
		b.t.Error(err)
	}
}
