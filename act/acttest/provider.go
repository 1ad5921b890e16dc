package acttest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Mood is how a provider behaves when it is asked for a change.
type Mood string

// The moods.
const (
	Fine            Mood = "ok"
	Slow            Mood = "slow"                      // applies and answers, after a while
	Erring          Mood = "error"                     // answers 500 and does nothing
	TimingOut       Mood = "timeout-but-applied"       // applies and never answers
	Resetting       Mood = "applied-then-reset"        // applies and breaks the connection
	Throttling      Mood = "429"                       // answers 429 and does nothing
	FailingLater    Mood = "accepted-then-failed"      // accepts, and fails afterwards
	Lost            Mood = "timeout-and-never-applied" // never answers and does nothing
	Denying         Mood = "denied"                    // answers 403 and does nothing
	InConflict      Mood = "conflict"                  // answers 409 and does nothing
	AcceptsOnly     Mood = "accepted-never-applied"    // accepts and does nothing
	quiet                = 150 * time.Millisecond      // of Slow
	defaultUnderWay      = 20 * time.Millisecond
)

// Moods are those of a campaign: what a caller can meet.
var Moods = []Mood{Fine, Slow, Erring, TimingOut, Resetting, Throttling, FailingLater, Lost}

// Volume is one resource of a provider.
type Volume struct {
	Allocated foreshock.Allocation                   `json:"allocated"`
	Rules     map[foreshock.Dimension]foreshock.Rule `json:"rules"`
	// Changes is how many may be made in a Window; 0 means any number.
	Changes int           `json:"changes"`
	Window  time.Duration `json:"window"`
	Owner   string        `json:"owner,omitempty"`
	Label   string        `json:"label,omitempty"` // a field that no change touches

	Last  *Modification `json:"last,omitempty"` // the last change that was accepted
	Times []time.Time   `json:"times,omitempty"`
}

// Modification is a change that was accepted.
type Modification struct {
	To    foreshock.Allocation `json:"to"`
	State string               `json:"state"` // modifying, completed, failed
	Ready time.Time            `json:"ready"`
}

// Provider is infrastructure that keeps its rules to the letter, takes no token that would make a repeated call harmless, and has moods. It
// writes down every call before it answers: it is the judge of what was sent and what took effect. It is safe for concurrent use.
type Provider struct {
	// UnderWay is how long a change takes after it was accepted; default 20ms.
	UnderWay time.Duration

	mu      sync.Mutex // guards the rest
	volumes map[string]*Volume
	mood    Mood            // of volumes that have none of their own
	moods   map[string]Mood // by volume
	entries []Entry
	file    *os.File
	gone    chan struct{} // closed when the calls that hang may end
}

// Entry is one line of a provider's own ledger.
type Entry struct {
	What     string               `json:"what"`   // "call" for each that arrived, then "effect", "refused" or "failed"
	Action   string               `json:"action"` // as the caller names it; the provider itself makes nothing of it
	Resource string               `json:"resource"`
	To       foreshock.Allocation `json:"to"`
	Why      string               `json:"why,omitempty"`
}

// NewProvider returns a provider with volumes. Where file is not nil, each line of its ledger is appended there and synced.
func NewProvider(volumes map[string]*Volume, file *os.File) *Provider {
	return &Provider{volumes: volumes, file: file, mood: Fine, moods: map[string]Mood{}, UnderWay: defaultUnderWay, gone: make(chan struct{})}
}

// Close lets the calls end that would hang for ever.
func (p *Provider) Close() { close(p.gone) }

// SetMood says how the calls from now on go: for one volume, or with "" for those that have no mood of their own.
func (p *Provider) SetMood(volume string, m Mood) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if volume == "" {
		p.mood = m
		return
	}
	p.moods[volume] = m
}

// Entries gives the ledger.
func (p *Provider) Entries() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Entry(nil), p.entries...)
}

// Volume gives a copy of a volume.
func (p *Provider) Volume(name string) Volume {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.volumes[name]
	v.settle()
	return *v
}

// Change lets a person change a volume behind everybody's back.
func (p *Provider) Change(name string, f func(*Volume)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.volumes[name])
}

// note writes a line down. The caller holds mu.
func (p *Provider) note(e Entry) {
	p.entries = append(p.entries, e)
	if p.file == nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = p.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = p.file.Sync()
	}
	if err != nil {
		panic(err) // a judge that cannot write is none
	}
}

// settle brings a change that was under way to its end.
func (v *Volume) settle() {
	m := v.Last
	if m == nil || m.State != "modifying" && m.State != "failing" || time.Now().Before(m.Ready) {
		return
	}
	ended := *m
	ended.State = "completed"
	if m.State == "failing" {
		ended.State = "failed"
	} else {
		v.Allocated = v.Allocated.Over(m.To)
	}
	v.Last = &ended
}

// Handler serves the provider.
//
//	GET  /volumes/NAME          the volume
//	POST /volumes/NAME          asks for the amounts in the body
//	PUT  /mood?is=MOOD&of=NAME  sets a Mood
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /volumes/{name}", p.get)
	mux.HandleFunc("POST /volumes/{name}", p.post)
	mux.HandleFunc("PUT /mood", func(_ http.ResponseWriter, r *http.Request) {
		p.SetMood(r.URL.Query().Get("of"), Mood(r.URL.Query().Get("is")))
	})
	return mux
}

func (p *Provider) get(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.volumes[r.PathValue("name")]
	if v == nil {
		http.Error(w, "no such volume", http.StatusNotFound)
		return
	}
	v.settle()
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Provider) post(w http.ResponseWriter, r *http.Request) {
	var to foreshock.Allocation
	if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	mood, status, why := p.take(Entry{Action: r.Header.Get("X-Action"), Resource: r.PathValue("name"), To: to})
	if status != http.StatusAccepted {
		http.Error(w, why, status)
		return
	}
	switch mood {
	case Slow:
		time.Sleep(quiet)
	case TimingOut, Lost:
		select {
		case <-p.gone:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case Resetting:
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusAccepted)
}

// take is what happens to a call, before anything is answered.
func (p *Provider) take(e Entry) (mood Mood, status int, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mood, own := p.moods[e.Resource]
	if !own {
		mood = p.mood
	}
	if mood == Slow { // half of the wait comes before the change
		p.mu.Unlock()
		time.Sleep(quiet)
		p.mu.Lock()
	}
	refuse := func(status int, why string) (Mood, int, string) {
		e.What, e.Why = "refused", why
		p.note(e)
		return mood, status, why
	}
	e.What = "call"
	p.note(e)
	v := p.volumes[e.Resource]
	if v == nil {
		return refuse(http.StatusNotFound, "no such volume")
	}
	v.settle()
	switch mood {
	case Erring:
		return refuse(http.StatusInternalServerError, "internal error")
	case Throttling:
		return refuse(http.StatusTooManyRequests, "too many requests")
	case Denying:
		return refuse(http.StatusForbidden, "not allowed")
	case InConflict:
		return refuse(http.StatusConflict, "another change came first")
	case Lost, AcceptsOnly:
		return mood, http.StatusAccepted, ""
	}
	if status, why := v.refusal(e.To); why != "" {
		return refuse(status, why)
	}
	v.Times = append(v.Times, time.Now())
	m := &Modification{To: e.To, State: "modifying", Ready: time.Now().Add(p.UnderWay)}
	e.What = "effect"
	if mood == FailingLater {
		m.State, e.What = "failing", "failed"
	}
	v.Last = m
	p.note(e)
	return mood, http.StatusAccepted, ""
}

// refusal is what is wrong with a change by the volume's rules.
func (v *Volume) refusal(to foreshock.Allocation) (status int, why string) {
	if v.Last != nil && (v.Last.State == "modifying" || v.Last.State == "failing") {
		return http.StatusConflict, "rule: a change is under way"
	}
	if v.left(time.Now()) <= 0 {
		return http.StatusConflict, "rule: the budget is spent"
	}
	if v.Allocated.Covers(to) {
		return http.StatusBadRequest, "rule: nothing would change"
	}
	for _, d := range to.Dimensions() {
		x, _ := to.Get(d)
		has, _ := v.Allocated.Get(d)
		rule, known := v.Rules[d]
		off := 0.0
		if rule.Quantum > 0 {
			off = math.Mod(x, rule.Quantum)
		}
		if !known || x < rule.Min || rule.Max > 0 && x > rule.Max || off != 0 || x < has && !rule.Down {
			return http.StatusBadRequest, fmt.Sprintf("rule: %s=%g", d, x)
		}
	}
	return 0, ""
}

// left is how many changes the budget has.
func (v *Volume) left(now time.Time) int {
	if v.Changes == 0 {
		return math.MaxInt
	}
	used := 0
	for _, t := range v.Times {
		if now.Sub(t) < v.Window {
			used++
		}
	}
	return v.Changes - used
}
