package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var chrome struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.end != nil {
		shared.end()
	}
	if chrome.stop != nil {
		chrome.stop()
	}
	os.Exit(code)
}

// browser starts Chromium, once for all tests, or skips the test where there is none.
func browser(t testing.TB) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed; apt-get install chromium")
	}
	chrome.once.Do(func() {
		options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true), chromedp.WSURLReadTimeout(wait))
		allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, end := chromedp.NewContext(allocated)
		chrome.ctx, chrome.stop = ctx, func() { end(); free() }
		chrome.err = chromedp.Do(ctx, chromedp.Navigate("about:blank"))
	})
	if chrome.err != nil {
		t.Fatal(chrome.err)
	}
	return chrome.ctx
}

// tab is a page of the browser, of somebody with a token.
type tab struct {
	t   testing.TB
	ctx context.Context
	p   *program
}

// open opens a tab for a token, or for nobody. What its console has against a page fails the test in the end.
func (p *program) open(token string) *tab {
	p.t.Helper()
	ctx, stop := chromedp.NewContext(browser(p.t))
	b := &tab{t: p.t, ctx: ctx, p: p}
	messages := chromedp.Console(ctx)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
				p.t.Errorf("the console says: %s (%s:%d)", m, m.URL, m.Line)
			}
		}
	}()
	p.t.Cleanup(func() { stop(); <-heard })
	if token != "" {
		b.do(call(network.Enable, network.EnableParams{}), call(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Authorization": json.RawMessage(fmt.Sprintf("%q", "Bearer "+token))},
		}))
	}
	b.look(1440, 900, "light")
	return b
}

// call is a command of the browser's protocol as an action.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// look sets the size of the tab and the scheme of its colours.
func (b *tab) look(width, height int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height), call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}))
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, wait)
	defer end()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// visit loads a page; again where the answer to a form, which was on its way, has come between.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.p.until("loads "+path, func() bool {
		ctx, end := context.WithTimeout(b.ctx, wait)
		defer end()
		err := chromedp.Do(ctx, chromedp.Navigate(b.p.url+path))
		if err != nil && !strings.Contains(err.Error(), "net::ERR_ABORTED") {
			b.t.Fatal(err)
		}
		return err == nil
	})
}

// value is what an expression of JavaScript comes to.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, wait)
	defer end()
	x, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return x
}

// until waits until an expression of JavaScript is true, over changes of the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	b.p.until(expression, func() bool {
		ctx, end := context.WithTimeout(b.ctx, wait)
		defer end()
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && yes
	})
}

// click clicks the first element that a selector picks and that has the text.
func (b *tab) click(selector, text string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.textContent.trim().startsWith(%q))`, selector, text)
	b.until("!!" + find)
	if !value[bool](b, "(() => { const e = "+find+"; if (!e || e.disabled) return false; e.scrollIntoView({block: 'center'}); e.click(); return true; })()") {
		b.t.Fatalf("%s %q cannot be clicked", selector, text)
	}
}

// picture writes what the tab shows, the whole page, as a PNG.
func (b *tab) picture(file string) {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, time.Minute)
	defer end()
	data, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// key presses a key on an element.
func key(selector, key string) chromedp.Action[chromedp.Void] {
	return evaluated(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		if (e.matches("[tabindex]")) e.focus();
		e.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true}));
	})()`, selector, key))
}

// typed writes into a field.
func typed(selector, text string) chromedp.Action[chromedp.Void] {
	return evaluated(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.focus();
		e.value = %q;
		e.dispatchEvent(new InputEvent("input", {bubbles: true}));
	})()`, selector, text))
}

func evaluated(expression string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[any](expression+"; null")(ctx, t)
		return chromedp.Void{}, err
	}
}
