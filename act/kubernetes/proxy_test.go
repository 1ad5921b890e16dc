package kubernetes

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

// proxy stands before the API server: it counts the changes and gives them moods. Everything else passes through.
type proxy struct {
	url     string
	forward *httputil.ReverseProxy
	// controller is what the cluster does after a change that took effect.
	controller func(mood acttest.Mood)

	mu    sync.Mutex // guards the rest
	mood  acttest.Mood
	calls int
	sent  []string // method and path of all that is not read
}

func newProxy(t *testing.T, s *kubetest.Server) *proxy {
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := s.Client()
	p := &proxy{mood: acttest.Fine, controller: func(acttest.Mood) {}}
	p.forward = &httputil.ReverseProxy{Transport: client.Transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewTLSServer(p) // over plain HTTP no client sends its token
	p.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		client.CloseIdleConnections()
	})
	return p
}

func (p *proxy) setMood(m acttest.Mood) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mood = m
}

func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.sent...)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.URL.Query().Has("dryRun") {
		p.forward.ServeHTTP(w, r)
		return
	}
	p.mu.Lock()
	p.sent = append(p.sent, r.Method+" "+r.URL.Path)
	if r.Method == http.MethodPatch {
		p.calls++
	}
	mood := p.mood
	p.mu.Unlock()
	if r.Method != http.MethodPatch {
		p.forward.ServeHTTP(w, r)
		return
	}
	p.patch(w, r, mood)
}

func (p *proxy) patch(w http.ResponseWriter, r *http.Request, mood acttest.Mood) {
	switch mood {
	case acttest.Erring:
		fault(w, 500, metav1.StatusReasonInternalError, "etcd is not to be reached")
	case acttest.Throttling:
		w.Header().Set("Retry-After", "1")
		fault(w, 429, metav1.StatusReasonTooManyRequests, "too many requests")
	case acttest.Denying:
		fault(w, 403, metav1.StatusReasonForbidden, `it is forbidden: User "foreshock" cannot patch it`)
	case acttest.InConflict:
		fault(w, 409, metav1.StatusReasonConflict, "the object has been modified")
	case acttest.Lost:
		_, _ = io.Copy(io.Discard, r.Body) // only then the end of the connection is noticed
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case acttest.AcceptsOnly:
		read, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Path, http.NoBody)
		if err != nil {
			panic(err)
		}
		read.Header.Set("Authorization", r.Header.Get("Authorization"))
		p.forward.ServeHTTP(w, read)
	default:
		p.carryOut(w, r, mood)
	}
}

// carryOut lets a change take effect, and the cluster do its part.
func (p *proxy) carryOut(w http.ResponseWriter, r *http.Request, mood acttest.Mood) {
	if mood == acttest.Slow {
		time.Sleep(75 * time.Millisecond)
	}
	answer := httptest.NewRecorder()
	p.forward.ServeHTTP(answer, r)
	if answer.Code < 300 {
		p.controller(mood)
	}
	switch mood {
	case acttest.Slow:
		time.Sleep(75 * time.Millisecond)
	case acttest.TimingOut:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case acttest.Resetting:
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// fault answers as the API server does.
func fault(w http.ResponseWriter, code int32, reason metav1.StatusReason, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(code))
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason, Message: text,
	})
}
