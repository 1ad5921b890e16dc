package surprise

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Whatever comes in whichever order, the mean of each hour is right to a 16,000th of the greatest that there was since it was put down, and one that was not seen is none.
func TestMeansOfHoursInTwoBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := season{new(Season), make([]int16, dayHours)}
		s.clear()
		mean := rapid.OneOf(rapid.Float32Range(-1000, 1000), rapid.Float32Range(-1e30, 1e30), rapid.SampledFrom([]float32{0, 1, -1, -1024, 1e-30, math.SmallestNonzeroFloat32, 4e30}))
		want, most := map[int]float32{}, map[int]float64{}
		for range rapid.IntRange(1, 60).Draw(t, "means") {
			hour, x := rapid.IntRange(0, dayHours-1).Draw(t, "hour"), mean.Draw(t, "mean")
			s.put(hour, x)
			want[hour], most[hour] = x, 0
			for i := range want {
				for k := range want {
					most[i] = max(most[i], math.Abs(float64(want[k])))
				}
			}
		}
		for hour := range dayHours {
			x, seen := want[hour]
			got := s.settled(hour)
			if !seen {
				if got == got {
					t.Errorf("hour %d, which was not seen, has %g", hour, got)
				}
				continue
			}
			if !(math.Abs(float64(got)-float64(x)) <= most[hour]/16000) {
				t.Errorf("hour %d has %g, want %g", hour, got, x)
			}
		}
		if err := s.valid(); err != nil {
			t.Error(err)
		}
	})
}

func TestPlacesWaitInFiveBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Waiting
		var rows [wait][NumScales]Place
		for i := range rows {
			for k := range rows[i] {
				rows[i][k] = Place(rapid.IntRange(0, places-1).Draw(t, "place"))
			}
			w.put(uint32(i), rows[i])
		}
		for i, row := range rows {
			digits := w.row(uint32(i + wait))
			for k, want := range row {
				if got := Place(digits % places); got != want {
					t.Fatalf("row %d, scale %d: place %d, want %d", i, k, got, want)
				}
				digits /= places
			}
		}
	})
	if below, bucket := placeOf(7, 1).in(); below != 1 || bucket != 7 {
		t.Errorf("bucket %d, %d", bucket, below)
	}
	if !placeOf(0, 1).beyond(0) || placeOf(3, 1).beyond(placeOf(3, 0)) || !placeOf(4, 0).beyond(placeOf(3, 1)) {
		t.Error("places further out are not beyond")
	}
}
