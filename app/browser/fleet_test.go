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

// On a phone a row's figures stand beside each other, also where they are long.
func TestFleetOnAPhone(t *testing.T) {
	p := running(t)
	b := p.open(annToken)
	b.look(390, 844, "light")
	b.visit("/")
	if far := value[float64](b, `(() => {
		const row = document.querySelector(".fleet tbody tr");
		for (const of of [".c-latency", ".c-usual"]) row.querySelector(of).textContent = "195.83 ms";
		const spark = row.querySelector(".c-spark svg"), text = document.createRange();
		const ends = [".c-latency", ".c-usual"].map((of) => { const cell = row.querySelector(of); return cell.scrollWidth - cell.clientWidth; });
		text.selectNodeContents(row.querySelector(".c-room"));
		ends.push(row.querySelector(".c-usual").getBoundingClientRect().right - row.getBoundingClientRect().right - 1);
		if (spark) ends.push(spark.getBoundingClientRect().left + 110 - text.getBoundingClientRect().left);
		return Math.max(...ends);
	})()`); far > 0 {
		t.Errorf("something is %g pixels too far to the right", far)
	}
}
