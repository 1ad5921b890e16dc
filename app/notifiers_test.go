package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/config"
)

// Who is named in the configuration is told of what the journal has, before and after a reload, and the last of it when the program stops.
func TestNotifiersAreTold(t *testing.T) {
	told := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct {
			Data struct {
				Note string `json:"note"`
			} `json:"data"`
		}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		told <- e.Data.Note
	}))
	defer hook.Close()
	dir := t.TempDir()
	load := func() (config.Config, error) {
		return config.Parse(filepath.Join(dir, "foreshock.yaml"), fmt.Appendf(nil, `
listen: 127.0.0.1:0
data: data
sources: [{remotewrite: {presets: [node_exporter]}}]
notify: [{name: chat, webhook: {url: %q, secret: 0123456789abcdef01234567, on: [note], timeout: 1m}}]
`, hook.URL))
	}
	a, err := Open(Options{Load: load, Log: slog.New(slog.DiscardHandler), Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	if got := <-told; got != "started v1" {
		t.Error(got)
	}
	until(t, "that it started is told", func() bool { // else the reload finds its answer under way, and tells it again
		list := a.current.Load().Status().Notifiers
		return len(list) == 1 && list[0].Sent == 1
	})
	if err := a.Reload(ctx, "anna"); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != "reloaded" {
		t.Error(got)
	}
	status := a.current.Load().Status()
	if len(status.Notifiers) != 1 || status.Notifiers[0].Name != "chat" {
		t.Errorf("%+v", status.Notifiers)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A notifier's faults are told with their place.
func TestNotifierFaults(t *testing.T) {
	c, err := config.Parse("f.yaml", []byte("notify:\n  - webhook: {url: nonsense}\n  - pager: {}\n  - alertmanager: {uls: []}\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(Check(c))
	for _, want := range []string{"f.yaml:2", "notify[0].webhook: url", "no notifier is called \"pager\"; there is: alertmanager, otlp, webhook", "notify[2].alertmanager.uls: unknown setting"} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in:\n%s", want, text)
		}
	}
}
