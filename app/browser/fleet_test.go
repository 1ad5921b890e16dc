package browser_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Ten thousand workloads: a page of them is complete, searching finds one, and the figures say how long that takes.
func TestTenThousand(t *testing.T) {
	browser(t)
	const n = 10_000
	p := start(t, 10*time.Second)
	var volumes []volume
	for i := range n {
		volumes = append(volumes, daily(fmt.Sprintf("fleet/volume-%05d", i), 100, 0.2, 0.001))
	}
	p.history(volumes, 4*time.Minute)
	b := p.open(readToken)
	b.visit("/")
	b.until(fmt.Sprintf("document.querySelectorAll('.fleet tbody tr').length === 50 && document.querySelector('.paging').textContent.includes('of %s')", "10,000"))
	b.visit("/?q=volume-04711")
	b.until("document.querySelectorAll('.fleet tbody tr').length === 1")

	begin := time.Now()
	code, text := p.ask(http.MethodGet, "/?sort=name&page=150", readToken, nil)
	served := time.Since(begin)
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	b.visit("/?sort=headroom&page=7")
	shown := value[float64](b, "performance.getEntriesByType('navigation')[0].loadEventEnd || performance.now()")
	t.Logf("%d workloads: a page of 50 is served in %s (%d KiB), and complete in Chromium after %.0f ms", n, served.Round(time.Millisecond), len(text)>>10, shown)
}
