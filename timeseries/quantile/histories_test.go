package quantile

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// same says whether two readings are, or both are missing.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// since is a column from its first reading on.
func since(column []float64) []float64 {
	for len(column) > 0 && math.IsNaN(column[0]) {
		column = column[1:]
	}
	return column
}

// Histories hold the rows that were added last, each reading as near as they say, whenever a column begins, and nothing that is damaged makes them panic.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHistories(rapid.IntRange(1, 200).Draw(t, "capacity"))
		reading := rapid.OneOf(rapid.Float64Range(1, 100), rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), 1e-12, 3e14}))
		columns := []int{Rough, 3, Columns - 1}
		begins := map[int]int{}
		for _, column := range columns {
			begins[column] = rapid.IntRange(0, 150).Draw(t, "begins")
		}
		all := map[int][]float64{}
		for i := range rapid.IntRange(0, 500).Draw(t, "rows") {
			row := NoRow()
			for _, column := range columns {
				if i >= begins[column] {
					row[column] = Encode(reading.Draw(t, "x"))
				}
				all[column] = append(all[column], Decode(row[column]))
			}
			h.Add(&row)
			for _, column := range columns {
				if last := h.Column(column).Last(); !same(last, all[column][i]) {
					t.Fatalf("%g is the last of column %d, not %g", last, column, all[column][i])
				}
			}
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		for _, column := range columns {
			rows := all[column]
			want := since(rows[max(0, len(rows)-int(h.Capacity)):])
			got := h.Column(column).Values(nil)
			if len(got) != len(want) {
				t.Fatalf("%d values, want %d", len(got), len(want))
			}
			for i, x := range want {
				near := math.Abs(math.Log(got[i]/x)) <= math.Log(MaxValue/MinValue)/500
				if column == Rough {
					near = got[i] > 1 == (x > 1) && (math.Abs(got[i]/x-1) < 0.07 || x < 1./16 || x > 80)
				}
				if math.IsNaN(x) != math.IsNaN(got[i]) || x == 0 != (got[i] == 0) || x > 0 && !near {
					t.Fatalf("value %d of column %d is %g, want %g", i, column, got[i], x)
				}
			}
		}
		if none := h.Column(1); !none.Empty() || len(none.Values(nil)) != 0 || !math.IsNaN(none.Last()) {
			t.Fatal("a column without readings has some")
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		h := Histories{
			Packed:   rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "packed"),
			Capacity: rapid.Uint32Range(0, 300).Draw(t, "capacity"),
			Head:     rapid.Uint16Range(0, 4).Draw(t, "head"),
			Begun:    rapid.Uint8().Draw(t, "begun"),
		}
		h.Packed = h.Packed[:len(h.Packed)-len(h.Packed)%max(1, h.blockBytes())]
		for range rapid.IntRange(0, 40).Draw(t, "recent") * h.columns() {
			h.Recent = append(h.Recent, Code(rapid.Uint16().Draw(t, "code")))
		}
		if h.Valid() != nil {
			return
		}
		for i := range 100 {
			row := NoRow()
			row[i%Columns] = Encode(float64(i))
			h.Add(&row)
		}
		for column := range Columns {
			h.Column(column).Values(nil)
		}
	})
}

// Histories that are made longer or shorter keep what there is of the last rows, and go on as others do.
func TestResize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.IntRange(1, 200).Draw(t, "before"), rapid.IntRange(1, 200).Draw(t, "after")
		had, more := rapid.IntRange(0, 500).Draw(t, "had"), rapid.IntRange(0, 500).Draw(t, "more")
		h := NewHistories(before)
		for i := range had + more {
			if i == had {
				h.Resize(after)
			}
			row := NoRow()
			row[3] = Encode(float64(1000 + i))
			h.Add(&row)
		}
		if more == 0 {
			h.Resize(after)
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		got := h.Column(3).Values(nil)
		if least := min(after, min(before, had)+more); len(got) < least || len(got) > after {
			t.Fatalf("%d rows, want %d to %d", len(got), least, after)
		}
		for i, x := range got {
			if want := float64(1000 + had + more - len(got) + i); math.Abs(x/want-1) > 0.01 {
				t.Fatalf("row %d is %g, not %g", i, x, want)
			}
		}
	})
}

// one is a column of some histories by itself.
type one struct {
	h      *Histories
	column int
}

func (o one) Add(x float64) {
	row := NoRow()
	row[o.column] = Encode(x)
	o.h.Add(&row)
}

func (o one) Values(dst []float64) []float64 { return o.h.Column(o.column).Values(dst) }

func TestHistoriesAreNearWhereReadingsAreAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := func(column int, factor, most float64) {
		t.Helper()
		h := NewHistories(1344)
		isNear(t, one{&h, column}, 2000, 1344, rng, factor, most)
	}
	f(1, 1.2, RelativeError) // each code has its level
	f(1, 2, 0.0014+2*RelativeError)
	f(1, 10, 0.0046+2*RelativeError)
	f(1, 1000, 0.014+2*RelativeError)
}

// What is about 1 is told to 6 %, and what is above 1 from what is below.
func TestRough(t *testing.T) {
	for x := 1. / 16; x < 80; x *= 1.01 {
		got := roughValue(roughLevel(Encode(x)))
		if math.Abs(math.Log2(got/x)) > 0.5/perOctave+0.001 {
			t.Errorf("%g is told as %g", x, got)
		}
	}
	f := func(x, want float64) {
		t.Helper()
		if got := roughValue(roughLevel(Encode(x))); !same(got, want) && !(math.Abs(got/want-1) < 1e-12) {
			t.Errorf("%g is told as %g, want %g", x, got, want)
		}
	}
	f(0, 0)
	f(math.NaN(), math.NaN())
	f(0.999, math.Exp2(-0.5/perOctave))
	f(1.001, math.Exp2(0.5/perOctave))
	f(1e-9, roughValue(1))
	f(100, roughValue(roughMissing-1))
}

type holder interface {
	Add(x float64)
	Values(dst []float64) []float64
}

// isNear adds so many readings that differ by a factor, and checks how many of them are held, and the greatest relative error with which these come out.
func isNear(t *testing.T, h holder, readings, holds int, rng *rand.Rand, factor, most float64) {
	t.Helper()
	all := make([]float64, readings)
	for i := range all {
		all[i] = 1000 * math.Pow(factor, rng.Float64())
		h.Add(all[i])
	}
	worst, held := 0.0, h.Values(nil)
	if len(held) != holds {
		t.Fatalf("%d readings are held, not %d", len(held), holds)
	}
	for i, x := range held {
		worst = max(worst, math.Abs(x/all[readings-holds+i]-1))
	}
	if worst > most {
		t.Errorf("readings that differ by a factor of %g are told with an error of %.4f, above %.4f", factor, worst, most)
	}
}

func TestHistoriesTakeAByteForEachReading(t *testing.T) {
	f := func(column, rows, most int) {
		t.Helper()
		h := NewHistories(1344)
		for range rows {
			one{&h, column}.Add(1)
		}
		if bytes := cap(h.Packed) + 2*cap(h.Recent); bytes > most {
			t.Errorf("%d bytes for %d rows of column %d", bytes, rows, column)
		}
	}
	f(1, 5000, 1600)
	f(Rough, 5000, 1072)
	f(1, 12, 32)
}

func TestDamagedHistoriesAreRefused(t *testing.T) {
	f := func(name string, damage func(h *Histories)) {
		t.Helper()
		h := NewHistories(100)
		for i := range 300 {
			one{&h, 1}.Add(float64(i))
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		if damage(&h); h.Valid() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	f("no capacity", func(h *Histories) { h.Capacity = 0 })
	f("a capacity that blocks exceed", func(h *Histories) { h.Capacity = 50 })
	f("half a block", func(h *Histories) { h.Packed = h.Packed[:50] })
	f("a head beyond the blocks", func(h *Histories) { h.Head = 4 })
	f("a head in a history that is not full", func(h *Histories) { h.Head, h.Packed = 1, h.Packed[:2*fineBytes] })
	f("too many recent", func(h *Histories) { h.Recent = append(h.Recent, make(Codes, 40)...) })
	f("blocks without anything recent", func(h *Histories) { h.Recent = nil })
	f("readings in no column", func(h *Histories) { h.Begun = 0 })
	f("half a row", func(h *Histories) { h.Begun |= 1 << 5 })
}
