package browser_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

// shared is a program that most tests look at: a fleet with its history, which goes on.
var shared struct {
	once sync.Once
	p    *program
	end  func()
}

// running is that program. It ends after the last test.
func running(t *testing.T) *program {
	t.Helper()
	browser(t) // without one nothing is started
	shared.once.Do(func() {
		keeper := &keeper{TB: t}
		p := start(keeper, time.Second)
		volumes := fleet()
		p.live(volumes, p.history(volumes, 40*time.Minute))
		p.until("an action waits", func() bool { return p.waiting() != "" })
		shared.p, shared.end = p, keeper.end
	})
	if shared.p == nil {
		t.Fatal("the program did not start")
	}
	p := *shared.p
	p.t = t
	return &p
}

// keeper keeps what a test would clean up, for the end of all tests.
type keeper struct {
	testing.TB
	cleanup []func()
}

func (k *keeper) Cleanup(f func()) { k.cleanup = append(k.cleanup, f) }

func (k *keeper) TempDir() string {
	k.TB.Helper()
	folder, err := os.MkdirTemp("", "foreshock-browser-")
	if err != nil {
		k.TB.Fatal(err)
	}
	k.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func (k *keeper) Error(args ...any) { panic(args) }

func (k *keeper) end() {
	for i := len(k.cleanup) - 1; i >= 0; i-- {
		k.cleanup[i]()
	}
}

// everyPage are the pages, with what must be on each.
var everyPage = []struct {
	name, path, has string
	again           bool // a page that is there already, otherwise filled
}{
	{"fleet", "/", "vol/checkout", false},
	{"fleet filtered", "/?severity=high&sort=name", "vol/orders-db", true},
	{"workload", "/workloads/vol/orders-db", "anomaly score", false},
	{"workload of an hour", "/workloads/vol/tenant-03?range=1h&metric=iops", "Profile by hour of the week", true},
	{"decisions", "/decisions", "Why, and why not", false},
	{"decisions that did nothing", "/decisions?what=nothing", "nothing", true},
	{"approvals", "/approvals", "Approve", false},
	{"policies", "/policies", "What it would have done", false},
	{"capacity", "/capacity", "array 1", false},
	{"status", "/status", "steps scored", false},
}

// Each page loads with live data and without a word on the console, and goes on by itself where something changes.
func TestPages(t *testing.T) {
	p := running(t)
	b := p.open(annToken)
	for _, page := range everyPage {
		b.visit(page.path)
		if text := value[string](b, "document.body.innerText"); !strings.Contains(text, page.has) {
			t.Errorf("%s: %q is not on the page: %s", page.name, page.has, text)
		}
		if title := value[string](b, "document.title"); !strings.HasSuffix(title, " – Foreshock") {
			t.Errorf("%s: the title is %q", page.name, title)
		}
		if value[bool](b, "!!document.body.dataset.live") {
			b.until("document.querySelector('#live').textContent === 'live'")
		}
		if wide := value[float64](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			t.Errorf("%s: the page is %g pixels wider than the window", page.name, wide)
		}
	}
	b.visit("/workloads/vol/tenant-01")
	before := value[string](b, "document.querySelector('#part-head').textContent")
	b.until("document.querySelector('#part-head').textContent !== " + quoted(before))
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// A stretch of a chart that is drawn over is drawn anew by the server, its times are in the address, and the arrow keys read single values.
func TestZoom(t *testing.T) {
	p := running(t)
	b := p.open(annToken)
	b.visit("/workloads/vol/tenant-02?range=30m")
	drag := `(() => {
		const svg = document.querySelector(".plot > svg[data-at]"), box = svg.getBoundingClientRect();
		const at = (type, x) => svg.dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, pointerType: "mouse", clientX: box.left + x * box.width, clientY: box.top + 20}));
		at("pointermove", 0.4);
		const read = svg.closest("figure").querySelector("output").textContent;
		at("pointerdown", 0.4); at("pointermove", 0.5); at("pointerup", 0.6);
		return read;
	})()`
	if read := value[string](b, drag); !strings.Contains(read, "s") {
		t.Errorf("pointed at, the chart says %q", read)
	}
	b.until("new URLSearchParams(location.search).has('from')")
	b.until("document.querySelector('.plot > svg').dataset.to - document.querySelector('.plot > svg').dataset.from < 8 * 60000")
	b.until("document.querySelector('.plot > svg').dataset.at.length > 0")
	b.do(key(".plot", "ArrowLeft"), key(".plot", "ArrowLeft"))
	b.until("document.querySelector('.plot').closest('figure').querySelector('output').textContent.includes('expected')")
	b.do(key("body", "-")) // wider
	b.until("document.querySelector('.plot > svg').dataset.to - document.querySelector('.plot > svg').dataset.from > 8 * 60000")
	value[any](b, "(history.back(), null)")
	b.until("document.querySelector('.plot > svg').dataset.to - document.querySelector('.plot > svg').dataset.from < 8 * 60000")
	b.do(key("body", "0")) // with the time again
	b.until("document.querySelector('#part-charts').textContent.includes('following')")

	b.do(key(".plot", "ArrowLeft"), key(".plot", "ArrowLeft"))
	drawn := value[string](b, "document.querySelector('.plot > svg').dataset.to")
	b.until("document.querySelector('.plot > svg').dataset.to > " + drawn + " && document.activeElement.matches('.plot') && document.querySelector('output').textContent !== ''")
}

// What is searched for, and what is chosen, shows at once, and the address has it.
func TestFilter(t *testing.T) {
	p := running(t)
	b := p.open(readToken)
	b.visit("/")
	b.do(key("body", "/"))
	b.until("document.activeElement === document.querySelector('input[type=search]')")
	b.do(typed("input[type=search]", "TENANT-1"))
	b.until("document.querySelectorAll('.fleet tbody tr').length === 3 && location.search === '?q=TENANT-1'")
	b.visit("/decisions")
	value[any](b, "(() => { const s = document.querySelector('select[name=what]'); s.value = 'hold'; s.dispatchEvent(new Event('change', {bubbles: true})); return null; })()")
	b.until("location.search === '?what=hold'")
	b.until("[...document.querySelectorAll('.chapters li b:first-of-type')].every((e) => !e.className.startsWith('kind-') || e.className === 'kind-hold')")
}

// Without scripts pages show the same, and forms and links work.
func TestWithoutScripts(t *testing.T) {
	p := running(t)
	b := p.open(annToken)
	b.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	for _, page := range everyPage {
		b.visit(page.path)
		if text := value[string](b, "document.body.innerText"); !strings.Contains(text, page.has) {
			t.Errorf("%s: %q is not on the page", page.name, page.has)
		}
		if value[bool](b, "!document.querySelector('#theme').hidden") {
			t.Errorf("%s: scripts run", page.name)
		}
	}
}

// Nothing is inline, nothing comes from elsewhere.
func TestPolicyOfContent(t *testing.T) {
	p := running(t)
	for _, page := range everyPage {
		r, err := http.NewRequest(http.MethodGet, p.url+page.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+readToken)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} {
			if got := answer.Header.Get("Content-Security-Policy"); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
				t.Errorf("%s: the policy is %q, without %q", page.name, got, want)
			}
		}
		_, text := p.ask(http.MethodGet, page.path, readToken, nil)
		for _, never := range []string{"<style", "style=", "<script>", " onclick", "http://", "https://", "ZgotmplZ"} {
			if strings.Contains(text, never) {
				t.Errorf("%s has %q", page.name, never)
			}
		}
	}
}

// axe is where the accessibility checker is, or the test is skipped.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(cache, "foreshock", "axe", "4.14.1", "axe.min.js"))
	if err != nil {
		t.Skip("axe-core 4.14.1 is not there; make deps fetches it with npm")
	}
	return string(source)
}

// Each page passes axe-core's rules of WCAG 2.2 A and AA and its best practices, wide and light, and dark and as narrow as a phone.
func TestAccessibility(t *testing.T) {
	source := axe(t)
	p := running(t)
	b := p.open(annToken)
	for _, look := range []struct {
		width, height int64
		scheme        string
	}{{1440, 900, "light"}, {390, 844, "dark"}} {
		b.look(look.width, look.height, look.scheme)
		for _, page := range everyPage {
			if page.again {
				continue
			}
			b.visit(page.path)
			value[any](b, "(() => { for (const d of [...document.querySelectorAll('details')].slice(0, 4)) d.open = true; return null; })()")
			b.until("[...document.querySelectorAll('.scroll')].every((s) => s.scrollWidth <= s.clientWidth || s.tabIndex === 0)")
			value[any](b, source+"; null")
			for _, violation := range value[[]string](b, `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]}).then((r) =>
				r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + v.help + ": " + n.html.slice(0, 160) + " " + (n.any[0] ? n.any[0].message : ""))))`) {
				t.Errorf("%s, %d wide, %s: %s", page.name, look.width, look.scheme, violation)
			}
			if look.width < 1000 && value[float64](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0 {
				t.Errorf("%s is wider than a phone: %s", page.name, value[string](b, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).slice(0, 3).map((e) => e.outerHTML.slice(0, 100)).join(" ")`))
			}
		}
	}
}
