package decide

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// act makes one action of all that is wished, as far as the policy's mode lets it.
func (d *deliberation) act(kind foreshock.Kind) {
	if d.policy.Mode == foreshock.Observe {
		for _, w := range d.wishes {
			d.because(Observing, "would %s: the policy's mode is observe", w.change(kind))
		}
		d.out.Bound = Observing
		return
	}
	d.consent(kind)
	code := Raise
	if kind == foreshock.Shrink {
		code = Lower
	}
	for _, w := range d.wishes {
		d.because(code, "%s", w.change(kind))
	}
	d.out.Action = d.action()
}

// consent makes a proposal of what a person must agree to.
func (d *deliberation) consent(kind foreshock.Kind) {
	if d.policy.Mode == foreshock.Approve {
		d.ask = true
		d.because(Approval, "the policy's mode is approve: it waits for a person")
		d.out.Bound = Approval
		return
	}
	for _, w := range d.wishes {
		if kind == foreshock.Grow && !d.policy.Consent && (!w.rule.Down || w.Dimension == foreshock.DimSize) {
			d.ask = true
			d.because(Irreversible, "growth of %s cannot be undone and the policy does not consent to that: it waits for a person", w.Dimension)
			d.out.Bound = Irreversible
		}
	}
}

// change says what is done in words.
func (w *wish) change(kind foreshock.Kind) string {
	verb := "raise"
	if kind == foreshock.Shrink {
		verb = "lower"
	}
	return fmt.Sprintf("%s %s from %s to %s", verb, w.Dimension, w.text(w.have), w.text(w.to))
}

func (d *deliberation) action() *foreshock.Action {
	a := &foreshock.Action{
		Workload:  d.Step.ID,
		Policy:    d.policy.Name,
		Target:    d.policy.Target,
		Resource:  d.Resource.Name,
		From:      whole(d.Resource.Allocated),
		To:        d.out.To,
		Severity:  d.Finding.Severity,
		Emergency: d.emergency,
		Mode:      foreshock.Auto,
		Reasons:   slices.Clone(d.out.Reasons),
		Evidence:  d.Step.Time,
		Expires:   d.Now.Add(d.policy.Validity),
		LeadTime:  d.longest(),
		Grant:     d.grant,
		Spend:     d.spend(),
	}
	if d.ask {
		a.Mode = foreshock.Approve
		a.Expires = d.waits()
	}
	if d.undoes {
		a.Undoes = d.State.Undo.Undoes
	}
	a.ID = ActionID(a, d.Sequence)
	return a
}

// longest is the longest lead time among the wishes.
func (d *deliberation) longest() time.Duration {
	var lead time.Duration
	for _, w := range d.wishes {
		lead = max(lead, d.leadTime(w.Dimension))
	}
	return lead
}

// waits is how long a proposal waits for a person: not longer than the capacity is reserved for it.
func (d *deliberation) waits() time.Time {
	until := d.Now.Add(d.policy.Patience)
	if d.grant != "" && d.Grant.Expires.Before(until) {
		return d.Grant.Expires
	}
	return until
}

// whole leaves out what is no amount.
func whole(a foreshock.Allocation) foreshock.Allocation {
	for _, dim := range a.Dimensions() {
		if x, _ := a.Get(dim); !finite(x) {
			a.Set(dim, math.NaN())
		}
	}
	return a
}

// ActionID is the hash by which an action is known: 32 hexadecimal digits over workload, target, resource, amounts and the decision's
// sequence. The same decision has the same ID wherever it is made.
func ActionID(a *foreshock.Action, sequence uint64) string {
	return identify(sequence, []string{"action", string(a.Workload), a.Target, a.Resource}, a.From, a.To)
}

// RequestID is the ID by which a planner is asked for the capacity of a decision with Reserve. Asking again for the same amounts has the same ID.
func RequestID(d foreshock.Decision, sequence uint64) string {
	return identify(sequence, []string{"request", string(d.Workload), d.Policy}, d.To)
}

// identify hashes texts, with their lengths so that none can run into the next, amounts and a sequence.
func identify(sequence uint64, texts []string, amounts ...foreshock.Allocation) string {
	var b []byte
	for _, text := range texts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
		b = append(b, text...)
	}
	for _, a := range amounts {
		for dim := range foreshock.Dimension(foreshock.NumDimensions) {
			x, known := a.Get(dim)
			b = append(b, 0)
			if known {
				b[len(b)-1] = 1
			}
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, sequence))
	return hex.EncodeToString(sum[:16])
}

// Told is what was told of a decision last.
type Told struct {
	key      string
	want, to foreshock.Allocation
}

// News says whether a decision tells a person anything new, and takes it as told then: another kind, severity, bound or code of a reason, an action, or an amount that
// differs from the one that was told by more than a tenth. Digits would not do: what is at 1250 and a hair is 1200 and 1300 in turn.
func (t *Told) News(d *foreshock.Decision) bool {
	k := key(d)
	if k == t.key && near(d.Want, t.want) && near(d.To, t.to) {
		return false
	}
	*t = Told{k, d.Want, d.To}
	return true
}

func near(a, b foreshock.Allocation) bool {
	for dim := range foreshock.Dimension(foreshock.NumDimensions) {
		x, is := a.Get(dim)
		y, was := b.Get(dim)
		if is != was || is && !(math.Abs(x-y) <= 0.1*math.Abs(y)) {
			return false
		}
	}
	return true
}

func key(d *foreshock.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s|%s|%t|", d.Kind, d.Severity, d.Policy, d.Bound, d.Reserve)
	for _, r := range d.Reasons {
		if r.Code != Rounded { // whether an amount happens to be a multiple is no news
			b.WriteString(r.Code + " ")
		}
	}
	if d.Action != nil {
		b.WriteString("|" + d.Action.ID)
	}
	return b.String()
}
