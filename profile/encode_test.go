package profile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// full is a profile in which everything is set.
func full(t testing.TB) *foreshock.Profile {
	f := newFeed(5 * time.Minute)
	f.p.Weigh([]foreshock.MethodWeight{{Method: "stl", Factor: 1.5}})
	for i := range 3*288 + 1 {
		v := volume(1000*(1.5+math.Sin(2*math.Pi*float64(i)/288)), 1e-3)
		f.step(v, nil)
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		s, err := FindSeason(SeasonInput(f.p, m))
		if err != nil {
			t.Fatal(err)
		}
		SetSeason(f.p, m, s)
	}
	f.p.Shift = &foreshock.Shift{From: f.now, Until: f.now.Add(time.Hour), ActionID: "a"}
	f.p.Learn(foreshock.DimIOPS, foreshock.Learned{LeadTime: time.Minute, Gain: 0.5, Actions: 3, Helped: 2, Bias: 0.1, Covered: 0.93, Checks: 7, Quantile: 0.96, QuantileTold: 0.96, Stated: 0.95})
	f.p.Metrics[foreshock.IOPS].Ceiling = 3000
	f.p.Run = foreshock.Run{Over: 3, Medium: 2}
	f.p.Current = &foreshock.Anomaly{
		ID: "x", Workload: f.p.ID, Start: f.now, Time: f.now.Add(123456789), Severity: foreshock.High, Worst: foreshock.High, Score: 3, Peak: 4,
		Threshold: 1, Metric: foreshock.Latency, Parts: []foreshock.Part{{Method: "zscore", Ready: true, Score: 2}}, Stage: foreshock.Trusted, Text: "t",
	}
	f.p.Try(foreshock.DimIOPS, &foreshock.Trial{
		Action: foreshock.FollowUp{Workload: f.p.ID, Policy: "p", Kind: foreshock.Grow, Dimension: foreshock.DimIOPS, From: 1000, To: 1500, Begun: f.now, Works: f.now.Add(time.Minute), Peak: 1200, WatchedS: 60},
		Until:  f.now.Add(time.Hour), Headroom: 0.25, Ends: f.now,
	})
	f.learn(foreshock.IOPS, 90000, 5) // something outside
	if len(f.p.Metrics[foreshock.IOPS].Season.Periods) == 0 || f.p.Metrics[foreshock.IOPS].Peak <= 0 || f.p.Metrics[foreshock.IOPS].Rarity.Outside == 0 {
		t.Fatalf("the profile is not full: %+v, %+v", f.p.Metrics[foreshock.IOPS], f.p.Coarse)
	}
	return f.p
}

func TestEncodeDecode(t *testing.T) {
	for _, p := range []*foreshock.Profile{New("a", "s", time.Second), full(t)} {
		data, err := Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Encode(got)
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(data) {
			t.Error("what was decoded encodes to something else")
		}
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	}
}

// Every cut and every changed byte gives an error or a profile that can be used.
func TestDamagedData(t *testing.T) {
	data, err := Encode(full(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 5 {
		if _, err := Decode(data[:n]); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, len(data))
		}
	}
	refused := 0
	for i := 0; i < len(data); i += 3 {
		damaged := append([]byte(nil), data...)
		damaged[i] ^= byte(1 + i*37%255)
		if p, err := Decode(damaged); err == nil {
			use(p)
		} else {
			refused++
		}
	}
	t.Logf("%d of %d changed bytes were refused here; the rest is for the store's checksum", refused, (len(data)+2)/3)
	for _, other := range []string{"", "{}", "\xa0", "\xf6", "\xa1gProfile\xf6", "hello"} {
		if _, err := Decode([]byte(other)); err == nil {
			t.Errorf("%q was accepted", other)
		}
	}
}

// use does with a profile what the program does.
func use(p *foreshock.Profile) {
	cfg := Default()
	at := p.Updated()
	if at.Year() > 2200 || at.Year() < 1900 {
		return // nothing comes after it
	}
	for i := range 3 {
		step := foreshock.Step{ID: p.ID, Time: at.Add(time.Duration(i+1) * p.Length), Length: p.Length, Values: volume(1000, 1e-3)}
		use := Demand(&step, p)
		Learn(p, &step, nil, &use, &cfg)
	}
	Summarize(p, at, &cfg)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		Expected(p, m, at)
		SeasonInput(p, m)
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	data, err := encoding.Marshal(&record{Version: Version + 1, Profile: New("a", "s", time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(data); !errors.Is(err, ErrNewer) {
		t.Errorf("%v, want %v", err, ErrNewer)
	}
}

// writtenBy is a profile that an older version has written.
func writtenBy(t *testing.T, version int) *foreshock.Profile {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("testdata/v%d.cbor", version))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A profile that version 1 has written, which kept no record of how rare readings are, is read: what is known is made from its windows, so that
// the workload goes on as it was. It has 400 steps of 10 s of a plain volume, 1,000 IOPS at 0.3 ms.
func TestVersion1IsRead(t *testing.T) {
	p := writtenBy(t, 1)
	if p.Steps != 400 || p.Stage != foreshock.Trusted {
		t.Errorf("%d steps, %s", p.Steps, p.Stage)
	}
	f := feed{p: p, cfg: Default(), now: p.Updated()}
	closeTo(t, "IOPS expected", f.expected(t, foreshock.IOPS), 1000, 0.05)
	closeTo(t, "latency expected", f.expected(t, foreshock.Latency), 300e-6, 0.1)
	judge := func(x float64) (j surprise.Judgement) {
		p.Metrics[foreshock.Latency].Rarity.Judge(&j, f.now.Add(p.Length/2).Unix(), x)
		return j
	}
	if j := judge(320e-6); !j.Ready || j.Outside || j.Surprise > 1.2 {
		t.Errorf("a usual latency: %+v", j)
	}
	if j := judge(9e-3); !j.Outside {
		t.Errorf("thirty times the usual latency: %+v", j)
	}
}

// surprises checks how surprising x IOPS would be next, in decades, to a share of one more than that.
func surprises(t *testing.T, p *foreshock.Profile, x, want, within float64) {
	t.Helper()
	var j surprise.Judgement
	p.Metrics[foreshock.IOPS].Rarity.Judge(&j, p.Updated().Add(p.Length/2).Unix(), x)
	closeTo(t, "surprise", 1+j.Surprise, 1+want, within)
}

// A profile that version 2 has written, of 904 steps of 5 minutes with a daily season, says of the next step what it said then, as far as
// its tails have the same in wider buckets.
func TestVersion2IsRead(t *testing.T) {
	p := writtenBy(t, 2)
	if p.Steps != 904 || p.Metrics[foreshock.IOPS].Rarity.Season != 0 {
		t.Errorf("%d steps, season %d", p.Steps, p.Metrics[foreshock.IOPS].Rarity.Season)
	}
	f := func(x, want float64) { t.Helper(); surprises(t, p, x, want, 0.01) }
	coarse := p.MeansOf(foreshock.IOPS).Values(nil)
	if len(coarse) != 301 || len(p.Scores().Values(nil)) != 301 || len(p.DemandOf(foreshock.DimIOPS).Values(nil)) != 301 {
		t.Fatalf("%d coarse steps, %d scores", len(coarse), len(p.Scores().Values(nil)))
	}
	closeTo(t, "a coarse step", coarse[2*96+24], 1524, 0.02) // six hours after midnight
	f(900, 2.113728644621189)
	f(1500, 0.03397899119190805)
	f(9000, 3.1693236421118756)
}

// A profile that version 3 has written, of 905 steps of 5 minutes with a daily season, the last of which is outside, says of the next step what it said
// then, as far as its tails have the same in wider buckets.
func TestVersion3IsRead(t *testing.T) {
	p := writtenBy(t, 3)
	iops := p.Metrics[foreshock.IOPS]
	f := func(x, want float64) { t.Helper(); surprises(t, p, x, want, 0.01) }
	f(900, 2.0631291008912593)
	f(1500, 1.3771468638903723)
	f(9000, 3.187863457552031)
	closeTo(t, "surprise of a step", p.Row.Judge(p.Updated().Unix(), 2), 1.6722153713698225, 1e-3)
	closeTo(t, "peak demand", float64(iops.Peak), 90000, quantile.RelativeError)
	normal := summarizeMetric(foreshock.IOPS, iops)
	closeTo(t, "mean", normal.Mean, 1182.4428492732568, 0.002)
	closeTo(t, "median", normal.P50, 1064.8405509592235, 0.005)
	closeTo(t, "readings", float64(normal.Count), 120, 0)
	closeTo(t, "ceiling", p.CeilingOf(foreshock.DimThroughput), 5e7, 0)
	if trial := p.TrialOf(foreshock.DimIOPS); trial == nil || trial.Headroom != 0.25 || !trial.Ends.Equal(p.Updated().Add(-p.Length)) {
		t.Errorf("the trial is %+v", trial)
	}
	if p.Steps != 905 || iops.Rarity.Outside != 1 || p.Threshold.Bias != 1.25 || p.Row.Daily.Used != 96 {
		t.Errorf("%d steps, %d outside, %+v", p.Steps, iops.Rarity.Outside, p.Threshold)
	}
}

// A profile that version 4 has written, of 866 steps of 5 minutes with a daily season, the last of which is outside, says of the next step what it said
// then, as far as readings of 24 bits tell.
func TestVersion4IsRead(t *testing.T) {
	p := writtenBy(t, 4)
	iops := p.Metrics[foreshock.IOPS]
	f := func(x, want float64) { t.Helper(); surprises(t, p, x, want, 1e-3) }
	f(900, 1.8975711346455075)
	f(1500, 0.27039087298743464)
	f(9000, 3.1833688777118443)
	closeTo(t, "surprise of a step", p.Row.Judge(p.Updated().Unix(), 2), 1.6582141044735907, 1e-3)
	expected := func(after int, want float64) {
		t.Helper()
		x, _ := Expected(p, foreshock.IOPS, p.Updated().Add(time.Duration(after)*p.Length))
		closeTo(t, "expected", x, want, 1e-4)
	}
	expected(1, 1649.3605745623906)
	expected(100, 2324.336770851453)
	normal := summarizeMetric(foreshock.IOPS, iops)
	closeTo(t, "mean", normal.Mean, 789.3883604678266, 0.002)
	closeTo(t, "median", normal.P50, 706.8012364886417, 0.005)
	closeTo(t, "readings", float64(normal.Count), 120, 0)
	if p.Steps != 866 || iops.Rarity.Outside != 1 || iops.Rarity.Week == nil || p.Row.Daily.Used != 96 {
		t.Errorf("%d steps, %d outside", p.Steps, iops.Rarity.Outside)
	}
}

// A profile that version 5 has written, of 866 steps of 5 minutes with a daily season, the last of which is outside, has its times in texts. It says of
// the next step what it said then.
func TestVersion5IsRead(t *testing.T) {
	p := writtenBy(t, 5)
	f := func(x, want float64) { t.Helper(); surprises(t, p, x, want, 1e-9) }
	f(900, 1.9137160442600682)
	f(1500, 0.7901942739153672)
	f(9000, 3.1390366573591275)
	x, _ := Expected(p, foreshock.IOPS, p.Updated().Add(100*p.Length))
	closeTo(t, "expected", x, 2344.259048461914, 1e-9)
	created, updated := time.Date(2026, 3, 2, 0, 5, 0, 0, time.UTC), time.Date(2026, 3, 5, 0, 10, 0, 0, time.UTC)
	if end := updated.Add(5 * time.Minute); !p.Created().Equal(created) || !p.Updated().Equal(updated) || !p.Coarse.End().Equal(end) {
		t.Errorf("from %s to %s, coarse step to %s", p.Created(), p.Updated(), p.Coarse.End())
	}
	want := foreshock.Threshold{Value: 1, Bias: 1.25, Alarms: 1.75, Lows: 3.3, DecayedAt: updated.UnixNano() - 7, RestsTill: updated.UnixNano() + 5}
	if p.Steps != 866 || !p.Counted || p.Threshold != want || p.LearnedOf(foreshock.DimIOPS).Actions != 3 {
		t.Errorf("%d steps, %+v, counted %t", p.Steps, p.Threshold, p.Counted)
	}
}

// Profiles that versions 6 and 7 have written, in which everything is set, are what this version would have made of the same steps.
func TestVersions6And7AreRead(t *testing.T) {
	for _, version := range []int{6, 7} {
		want, got := full(t), writtenBy(t, version)
		got.History.Resize(int(want.History.Capacity)) // the default was half of that
		want.Shift.Explained = got.Shift.Explained     // it was not known
		for m, mp := range want.Metrics {              // peaks were codes
			closeTo(t, "peak demand", float64(got.Metrics[m].Peak), float64(mp.Peak), quantile.RelativeError)
			got.Metrics[m].Peak = mp.Peak
			if r := &mp.Rarity; r.Outside > 0 { // readings outside had no change
				clear(r.Late[(r.Count-1)%32*5:][:5])
			}
		}
		// The error of a season had no bound.
		bound := cmp.FilterPath(func(p cmp.Path) bool { return strings.HasSuffix(p.String(), ".Error.Mean") }, cmpopts.EquateApprox(0, 1e-9))
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs(), bound); diff != "" {
			t.Errorf("version %d: %s", version, diff)
		}
	}
}

// Of a window that had more places the newest readings stay, as they are, also where it was not full yet.
func TestWiderWindowsAreRead(t *testing.T) {
	f := func(head, filled, want int) {
		t.Helper()
		var old olderMetric
		old.Window.Bytes = bytes.Repeat([]byte{255}, 360) // nothing was read yet
		old.Window.Scale, old.Window.Head = quantile.Scale{Low: 40000, Step: 1}, uint16(head)
		for i := range filled {
			old.Window.Bytes[(head+360-filled+i)%360] = byte(min(i, 250))
		}
		var w quantile.Compact
		if err := errors.Join(old.window(&w, 7), w.Valid()); err != nil {
			t.Fatal(err)
		}
		got := w.Values(nil)
		if len(got) != want {
			t.Fatalf("%d readings, want %d", len(got), want)
		}
		for i, x := range got {
			closeTo(t, "reading", x, quantile.Decode(quantile.Code(40000+min(filled-want+i, 250))), 1e-9)
		}
	}
	f(300, 360, 192)
	f(0, 360, 192)
	f(200, 200, 192)
	f(50, 50, 50)
}

func TestInvalidProfilesAreRefused(t *testing.T) {
	f := func(name string, damage func(p *foreshock.Profile)) {
		t.Helper()
		p := full(t)
		damage(p)
		data, err := Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(data); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	iops := foreshock.IOPS
	f("no id", func(p *foreshock.Profile) { p.ID = "" })
	f("a step of 0", func(p *foreshock.Profile) { p.Length = 0 })
	f("a head beyond the window", func(p *foreshock.Profile) { p.Metrics[iops].Window.Next = p.Metrics[iops].Window.Size })
	f("a huge history", func(p *foreshock.Profile) { p.History.Capacity = 1 << 23 })
	f("a history of half a block", func(p *foreshock.Profile) { p.History.Packed = p.History.Packed[1:] })
	f("a NaN level", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Levels[1].Mean = float32(math.NaN()) })
	f("an infinite spread", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Spread.Mean = float32(math.Inf(1)) })
	f("a step of no length", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Step = 0 })
	f("a tail of another sum", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Tails[2][1].Counts[3]++ })
	f("a place in no tail", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Farthest[1] = 99 })
	f("a season that is not there", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Season = 2 })
	f("places beyond the last", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Late[4] = 0xff })
	f("hours of a size that no reading has", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Day.Exponent = 200 })
	f("an hour beyond the day", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Day.Hour = 25 })
	f("an infinite hour", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Day.Here = float32(math.Inf(1)) })
	f("an hour of more than any reading", func(p *foreshock.Profile) { p.Metrics[iops].Rarity.Day.Here = 1e37 })
	f("a season of no length", func(p *foreshock.Profile) { p.Metrics[iops].Season.Length = 0 })
	f("a time of day of NaN", func(p *foreshock.Profile) { p.Row.Daily.Peak = float32(math.NaN()) })
	f("peaks of another sum", func(p *foreshock.Profile) { p.Row.Daily.Codes[7]++ })
	f("a slot beyond the day", func(p *foreshock.Profile) { p.Row.Daily.Slot = 97 })
	f("a coarse step that is no multiple", func(p *foreshock.Profile) { p.Coarse.Length++ })
	f("a coarse step that is over", func(p *foreshock.Profile) { p.Coarse.EndsAt -= int64(24 * time.Hour) })
	f("a metric beyond the list", func(p *foreshock.Profile) { p.Current.Metric = 9 })
	f("a threshold of NaN", func(p *foreshock.Profile) { p.Threshold.Value = math.NaN() })
	f("a trial of another dimension", func(p *foreshock.Profile) { p.TrialOf(foreshock.DimIOPS).Action.Dimension++ })
	f("a trial of NaN", func(p *foreshock.Profile) { p.TrialOf(foreshock.DimIOPS).Action.Peak = math.NaN() })
	f("a negative run", func(p *foreshock.Profile) { p.Run.Over = -1 })
}

func FuzzDecode(f *testing.F) {
	for _, p := range []*foreshock.Profile{New("a", "s", time.Second), full(f)} {
		data, err := Encode(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Decode(data); err == nil {
			use(p)
		}
	})
}
