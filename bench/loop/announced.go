package main

import (
	"math"
	"math/rand/v2"

	"github.com/foreshock-io/foreshock/simulate"
)

// herald says how surges come that demand alone gives no sign of: at random times, of which something else tells a while before. Requests become larger, as when
// a job reads its input before it works on it.
type herald struct {
	name  string
	every float64 // hours between surges, in the mean
	told  float64 // share of the surges that are announced
	empty float64 // announcements that no surge follows, for each surge
}

// heralds are the traces of -set announced: what an anomaly is worth where it tells more than demand does, and that it does no harm where it tells less.
var heralds = []herald{
	{"announced-8h", 8, 1, 0},
	{"announced-24h", 24, 1, 0},
	{"mostly-8h", 8, 0.7, 0.3},
	{"mostly-24h", 24, 0.7, 0.3},
	{"seldom-8h", 8, 0.3, 0.7},
	{"never-8h", 8, 0, 0},
}

const (
	heraldDays = 35
	ahead      = 15 // minutes from the beginning of an announcement to that of the surge
	telling    = 10 // minutes that an announcement lasts
	larger     = 3  // times as large are requests meanwhile
)

func announced() ([]*simulate.Trace, error) {
	return traces(heralds, 7, 14, func(h herald, random *rand.Rand) (string, []simulate.Row, error) { return h.name, h.rows(random), nil })
}

// rows has a daily rhythm with surges to two to four times as much for 20 to 60 minutes.
func (h herald) rows(random *rand.Rand) (rows []simulate.Row) {
	n := heraldDays * dayMinutes
	surge, size := make([]float64, n+1), make([]float64, n+1)
	spread := func(list []float64, from, minutes int, x float64) {
		for i := max(0, from); i < min(n, from+minutes); i++ {
			list[i] = x
		}
	}
	for at := 0.0; at < float64(n); {
		at += 60*h.every*random.ExpFloat64() + 90 // one after the other
		begin := int(at)
		if spread(surge, begin, 20+random.IntN(40), 2+2*random.Float64()); random.Float64() < h.told {
			spread(size, begin-ahead, telling, larger)
		}
		if random.Float64() < h.empty {
			spread(size, begin+int(60*h.every*random.Float64()), telling, larger)
		}
	}
	for i := range n {
		iops := 1500 * (1 + 0.3*math.Sin(2*math.Pi*float64(i)/dayMinutes)) * math.Exp(0.08*random.NormFloat64()) * math.Max(1, surge[i])
		rows = append(rows, simulate.Row{At: epoch + 60*int64(i), IOPS: iops, Bytes: iops * meanSize * math.Exp(0.1*random.NormFloat64()) * math.Max(1, size[i])})
	}
	return rows
}
