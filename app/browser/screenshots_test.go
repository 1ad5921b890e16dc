package browser_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestScreenshots makes pictures of every page, light, dark and as wide as a phone, where SCREENSHOTS names a folder.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("SCREENSHOTS names no folder; make screenshots")
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	p := start(t, time.Minute)
	volumes := fleet()
	p.live(volumes, p.history(volumes, 15*24*time.Hour))
	p.until("an action waits", func() bool { return p.waiting() != "" })
	p.until("it forecasts", func() bool { return p.forecasts("vol/orders-db") })
	b := p.open(annToken)
	for _, page := range []struct{ name, path string }{
		{"fleet", "/"},
		{"workload", "/workloads/vol/orders-db"},
		{"workload-2d", "/workloads/vol/orders-db?range=48h"},
		{"workload-quiet", "/workloads/vol/search-index"},
		{"decisions", "/decisions"},
		{"approvals", "/approvals"},
		{"policies", "/policies"},
		{"capacity", "/capacity"},
		{"status", "/status"},
	} {
		for _, look := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"light", 1440, 900, "light"}, {"dark", 1440, 900, "dark"}, {"phone", 390, 844, "light"}} {
			b.look(look.width, look.height, look.scheme)
			b.visit(page.path)
			b.until("document.readyState === 'complete' && document.querySelector('#live').textContent !== 'reconnecting'")
			b.picture(filepath.Join(folder, page.name+"-"+look.name+".png"))
		}
	}
}
