package profile

import (
	"errors"
	"fmt"
	"math"
	"unique"

	"github.com/fxamacker/cbor/v2"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// Version is that of the encoding. A program reads its own and older versions.
const Version = 8

// ErrNewer says that a newer program has written the profile.
var ErrNewer = errors.New("profile was written by a newer version")

// record is a profile as it is stored: CBOR (RFC 8949), floats in the shortest form that loses nothing, codes as byte
// strings, times in nanoseconds.
type record struct {
	Version uint
	Profile *foreshock.Profile
}

var encoding, decoding = func() (cbor.EncMode, cbor.DecMode) {
	enc, err := cbor.EncOptions{
		ShortestFloat: cbor.ShortestFloat16,
		Time:          cbor.TimeRFC3339NanoUTC,
		TextMarshaler: cbor.TextMarshalerNone,
	}.EncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	dec, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		MaxNestedLevels:  16,
		MaxArrayElements: mostCodes,
		MaxMapPairs:      256,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}()

// Encode writes a profile. Decode gives it back bit for bit.
func Encode(p *foreshock.Profile) ([]byte, error) {
	data, err := encoding.Marshal(&record{Version, p})
	if err != nil {
		return nil, fmt.Errorf("encode profile %s: %w", p.ID, err)
	}
	return data, nil
}

// Decode reads what Encode wrote. Everything is checked: damaged or foreign data give an error, never a profile that
// breaks what reads it.
func Decode(data []byte) (*foreshock.Profile, error) {
	var v struct{ Version uint }
	if err := decoding.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("decode profile: %w", err)
	}
	if v.Version > Version {
		return nil, fmt.Errorf("decode profile: %w: %d, this program reads up to %d", ErrNewer, v.Version, Version)
	}
	var r record
	if err := decoding.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode profile: %w", err)
	}
	if r.Version == 0 || r.Profile == nil {
		return nil, errors.New("decode profile: it is none")
	}
	if err := renew(r.Profile, r.Version, data); err != nil {
		return nil, fmt.Errorf("decode profile: %w", err)
	}
	if err := valid(r.Profile); err != nil {
		return nil, fmt.Errorf("decode profile: %w", err)
	}
	r.Profile.Source = unique.Make(r.Profile.Source).Value() // the same for many
	return r.Profile, nil
}

// checker collects the first fault.
type checker struct{ err error }

func (c *checker) must(ok bool, format string, args ...any) {
	if c.err == nil && !ok {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *checker) valid(what string, err error) {
	if c.err == nil && err != nil {
		c.err = fmt.Errorf("%s: %w", what, err)
	}
}

func (c *checker) history(what string, h *quantile.Histories) {
	c.valid(what, h.Valid())
	c.must(h.Capacity <= mostCodes, "%s: capacity %d is above %d", what, h.Capacity, mostCodes)
}

func valid(p *foreshock.Profile) error {
	var c checker
	c.valid("id", p.ID.Check())
	c.must(p.Length > 0, "step %s is not above 0", p.Length)
	c.must(p.Steps >= 0, "steps %d", p.Steps)
	c.must(p.Stage <= foreshock.Trusted, "stage %d", p.Stage)
	c.valid("steps", p.Row.Valid())
	c.valid("coarse step", coarseValid(p))
	for m, mp := range p.Metrics {
		if mp != nil && c.err == nil {
			c.valid(foreshock.Metric(m).String(), metricValid(mp))
		}
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		ceiling := p.CeilingOf(d)
		c.must(amount(ceiling), "ceiling %g", ceiling)
		l := p.LearnedOf(d)
		c.must(finite(l.Gain, l.Bias) && l.LeadTime >= 0 && l.Actions >= 0 && l.Helped >= 0, "what was learned of %s", d)
		c.must(share(l.Covered) && share(l.Quantile) && share(l.QuantileTold) && share(l.Stated) && l.Checks >= 0, "coverage of %s", d)
	}
	c.must(p.Backlog.Growing >= 0 && p.Backlog.Since >= 0 && p.Backlog.Unread >= 0 && amount(float64(p.Backlog.Ratio)) && amount(float64(p.Backlog.End)), "backlog %+v", p.Backlog)
	if p.Steps > 0 || p.History.Begun > 0 {
		c.history("history", &p.History)
	}
	c.must(len(p.Weights()) <= mostWeights, "%d weights of methods", len(p.Weights()))
	for _, w := range p.Weights() {
		c.must(w.Factor > 0 && finite(w.Factor), "weight %g of %s", w.Factor, w.Method)
	}
	t := &p.Threshold
	c.must(amount(t.Value) && amount(t.Bias) && amount(float64(t.Alarms)) && amount(float64(t.Lows)) && amount(t.Watched), "threshold %+v", *t)
	r := &p.Run
	c.must(r.Over >= 0 && r.Medium >= 0 && r.Quiet >= 0 && r.Lower >= 0, "run %+v", *r)
	if a := p.Current; a != nil {
		c.must(a.Severity <= foreshock.High && a.Worst <= foreshock.High && a.Metric < foreshock.NumMetrics && a.Stage <= foreshock.Trusted,
			"anomaly %s", a.ID)
		c.must(a.Incident == nil || len(a.Incident.Workloads) > 0, "anomaly %s: an incident of nobody", a.ID)
		c.must(len(a.Parts) <= foreshock.MaxMethods && finite(a.Score, a.Peak, a.Threshold, a.Observed, a.Expected, a.Lower, a.Upper),
			"anomaly %s", a.ID)
		for _, part := range a.Parts {
			c.must(part.Metric < foreshock.NumMetrics && finite(part.Deviation, part.Score, part.Weight, part.Expected, part.Lower, part.Upper),
				"anomaly %s: part %s", a.ID, part.Method)
		}
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if trial := p.TrialOf(d); trial != nil {
			c.valid("trial of "+d.String(), trialValid(d, trial))
		}
	}
	return c.err
}

func trialValid(d foreshock.Dimension, t *foreshock.Trial) error {
	var c checker
	c.must(amount(t.Headroom), "headroom %g", t.Headroom)
	for _, f := range []*foreshock.FollowUp{&t.Action, &t.Surge} {
		c.must(f.Begun.IsZero() || f.Dimension == d, "it is of another dimension")
		c.must(f.Kind <= foreshock.Shrink && amount(f.From) && amount(f.To) && amount(f.Peak) && amount(f.WatchedS) && amount(f.LateS) && amount(f.ThenLateS), "%+v", *f)
	}
	return c.err
}

func coarseValid(p *foreshock.Profile) error {
	k := &p.Coarse
	var c checker
	c.must(amount(float64(p.Highest)), "score %g", p.Highest)
	if p.Steps > 0 && p.Length > 0 {
		c.must(k.Length > 0 && k.Length%p.Length == 0, "length %s is no multiple of the step %s", k.Length, p.Length)
		c.must(k.Length > 0 && k.End().Equal(k.End().Truncate(k.Length)) && p.UpdatedAt <= k.EndsAt, "end %s", k.End())
	}
	return c.err
}

func metricValid(mp *foreshock.MetricProfile) error {
	var c checker
	c.valid("window", mp.Window.Valid())
	c.valid("rarity", mp.Rarity.Valid())
	c.must(amount(mp.Last), "last %g", mp.Last)
	c.must(amount(float64(mp.Sum)) && mp.Count >= 0 && finite(float64(mp.Peak)), "sum %g of %d, peak %g", mp.Sum, mp.Count, mp.Peak)
	s := mp.Season
	if s == nil {
		return c.err
	}
	c.must(len(s.Periods) <= 8 && s.Strength >= 0 && s.Strength <= 1, "%d seasons of strength %g", len(s.Periods), s.Strength)
	for _, period := range s.Periods {
		c.must(period >= 2 && s.Length > 0, "season of %d coarse steps", period)
	}
	return c.err
}

// mostWeights bounds the methods of which a weight is remembered, in use or not.
const mostWeights = 64

// share says whether x is within 0 to 1.
func share(x float64) bool { return x >= 0 && x <= 1 }

// amount says whether x is finite and not negative.
func amount(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }
