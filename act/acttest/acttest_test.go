package acttest_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest"
)

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

// volume is one with the rules of a cloud's: a size that only grows, four changes a day.
func volume() *acttest.Volume {
	return &acttest.Volume{
		Allocated: amounts(float64(foreshock.DimIOPS), 3000, float64(foreshock.DimThroughput), 125<<20, float64(foreshock.DimSize), 100<<30),
		Rules: map[foreshock.Dimension]foreshock.Rule{
			foreshock.DimIOPS:       {Min: 3000, Max: 80000, Quantum: 1, Down: true},
			foreshock.DimThroughput: {Min: 125 << 20, Max: 2000 << 20, Quantum: 1 << 20, Down: true},
			foreshock.DimSize:       {Min: 1 << 30, Max: 64 << 40, Quantum: 1 << 30},
		},
		Changes: 4, Window: 24 * time.Hour, Label: "orders",
	}
}

func TestProvider(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		p := acttest.NewProvider(map[string]*acttest.Volume{"vol-1": volume()}, nil)
		server := httptest.NewServer(p.Handler())
		t.Cleanup(func() { p.Close(); server.Close() })
		return acttest.Subject{
			Target: acttest.Dial(server.URL), Resource: "vol-1", Missing: "vol-2",
			To: amounts(float64(foreshock.DimIOPS), 4500, float64(foreshock.DimSize), 120<<30),
			Calls: func() int {
				n := 0
				for _, e := range p.Entries() {
					if e.What == "call" {
						n++
					}
				}
				return n
			},
			Others: func() string { return p.Volume("vol-1").Label },
			Fault:  func(m acttest.Mood) bool { p.SetMood("", m); return true },
		}
	})
}
