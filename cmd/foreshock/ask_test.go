package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
)

// What went wrong is in the table of the status, as in the API and on the page.
func TestStatusTable(t *testing.T) {
	f := func(s api.Status, want ...string) {
		t.Helper()
		text := fmt.Sprint(statusTable(&s).rows)
		for _, row := range want {
			if !strings.Contains(text, row) {
				t.Errorf("%s is not in %s", row, text)
			}
		}
	}
	f(api.Status{Reload: "failed 2026-03-04T05:06:07Z: no mode is called x"}, "[last reload failed 2026-03-04T05:06:07Z: no mode is called x]")
	chat := api.NotifierStatus{Name: "chat"}
	chat.Sent, chat.Failed, chat.Dropped, chat.Waiting = 1, 2, 3, 4
	f(api.Status{Notifiers: []api.NotifierStatus{chat}}, "[notifier chat 1 sent, 2 failed, 3 dropped, 4 waiting]")
	f(api.Status{Counts: pipeline.Counts{EventsLost: 5, SaveErrors: 6}}, "[events lost 5]", "[store errors 6]")
}
