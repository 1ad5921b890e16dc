package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// journal waits for an event that is like f says.
func (p *program) journal(what string, f func(*foreshock.Event) bool) {
	p.t.Helper()
	p.until("the journal has "+what, func() bool {
		for _, e := range get[[]foreshock.Event](p, "/events?limit=2000") {
			if f(&e) {
				return true
			}
		}
		return false
	})
}

// Whatever is done on the pages is done, and the journal has it with who did it.
func TestActions(t *testing.T) {
	p := running(t)
	b := p.open(annToken)

	b.visit("/workloads/vol/checkout")
	b.click(".side button", "False alarm")
	b.until("document.querySelector('.told')?.textContent.includes('a false alarm')")
	p.journal("the false alarm", func(e *foreshock.Event) bool {
		return e.Opinion != nil && e.Opinion.Says == "false_alarm" && e.Opinion.Anomaly != "" && e.Workload() == "vol/checkout" && e.Actor == "ann"
	})
	b.click(".side button", "Missed")
	p.journal("what was missed", func(e *foreshock.Event) bool {
		return e.Opinion != nil && e.Opinion.Says == "missed" && e.Workload() == "vol/checkout" && e.Actor == "ann"
	})
	b.until("document.querySelector('.told')?.textContent.includes('missed')")

	b.click(".side button", "Pause")
	p.journal("the pause", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.Scope == "workload/vol/checkout" && !e.Pause.Lifted && e.Actor == "ann"
	})
	b.until("document.querySelector('.paused')?.textContent.includes('workload/vol/checkout')")
	b.click(".side button", "Resume")
	p.journal("that it goes on", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.Scope == "workload/vol/checkout" && e.Pause.Lifted && e.Actor == "ann"
	})

	b.visit("/approvals")
	b.click("#part-open button", "Approve")
	p.journal("the approval", func(e *foreshock.Event) bool {
		return e.Change != nil && e.Change.Actor == "ann" && e.Change.State == foreshock.Decided
	})
	p.until("another action waits", func() bool { return p.waiting() != "" })
	b.visit("/approvals")
	b.until("!!document.querySelector('#part-open input[name=why]')")
	b.do(typed("#part-open input[name=why]", "not <today>"))
	b.click("#part-open button", "Refuse")
	p.journal("the refusal", func(e *foreshock.Event) bool {
		return e.Change != nil && e.Change.Actor == "ann" && e.Change.State == foreshock.Refused && strings.Contains(e.Change.Note, "not <today>")
	})

	b.visit("/policies")
	b.click("button", "Pause orders")
	p.journal("the policy's pause", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.Scope == "policy/orders" && e.Actor == "ann"
	})
	b.click(".card button", "Resume")
	p.journal("the policy's resumption", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.Scope == "policy/orders" && e.Pause.Lifted && e.Actor == "ann"
	})

	b.visit("/status")
	b.click("button", "Undo")
	p.journal("what was undone", func(e *foreshock.Event) bool {
		return e.Correction != nil && e.Correction.Undoes > 0 && e.Actor == "ann"
	})
	b.until("document.querySelector('.told')?.textContent.startsWith('Undone')")
	b.click("button", "Stop all")
	p.journal("that all is stopped", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.StopAll && !e.Pause.Lifted && e.Actor == "ann"
	})
	b.click(".paused button", "Resume")
	p.journal("that all goes on", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.StopAll && e.Pause.Lifted && e.Actor == "ann"
	})
	b.click("button", "Pause all actions")
	b.click(".paused button", "Resume")
	p.journal("that everything goes on", func(e *foreshock.Event) bool {
		return e.Pause != nil && e.Pause.Scope == "*" && !e.Pause.StopAll && e.Pause.Lifted
	})
}

// Who signs in with a token goes where he wanted to, under his name, and can sign out again.
func TestSignIn(t *testing.T) {
	p := running(t)
	b := p.open("")
	b.visit("/workloads/vol/ledger?range=1h")
	b.until("location.pathname === '/login'")
	b.do(typed("#token", readToken))
	b.click("button", "Sign in")
	b.until("location.pathname === '/workloads/vol/ledger' && location.search === '?range=1h'")
	b.until("document.querySelector('#live').textContent === 'live' && document.querySelector('.caller').textContent.includes('bob')")
	b.click("button", "Sign out")
	b.until("location.pathname === '/login'")
	b.visit("/")
	b.until("location.pathname === '/login'")
}

// Who may only read sees no button that does something, and cannot do it otherwise; nor can a page of another site.
func TestWhoMay(t *testing.T) {
	p := running(t)
	b := p.open(readToken)
	for _, page := range everyPage {
		b.visit(page.path)
		if n := value[int](b, "document.querySelectorAll('form[action^=\"/do/\"]').length"); n > 0 {
			t.Errorf("%s: who may only read is shown %d forms", page.name, n)
		}
	}
	post := func(token, origin string) int {
		r, err := http.NewRequest(http.MethodPost, p.url+"/do/pause", strings.NewReader("scope=*&back=/"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := post(readToken, ""); got != http.StatusForbidden {
		t.Errorf("who may only read: status %d", got)
	}
	if got := post(annToken, "https://elsewhere.example"); got != http.StatusForbidden {
		t.Errorf("from another site: status %d", got)
	}
	if got := post("no-token-that-is-known", ""); got != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", got)
	}
}
