package profile

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// renew makes a profile that an older version has written what this one would have.
func renew(p *foreshock.Profile, version uint, data []byte) error {
	switch version {
	case 1:
		prime(p)
	case 2:
		return fromVersion2(p, data)
	}
	return nil
}

// prime makes the record of deviations, which version 1 had none of, from the readings in the windows.
func prime(p *foreshock.Profile) {
	step := max(p.Length, 1)
	for _, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		mp.Rarity = surprise.NewMetric(step.Seconds(), true)
		xs := mp.Window.Values(nil)
		for i, x := range xs {
			mp.Rarity.Observe(p.Updated.Add(time.Duration(i+1-len(xs))*step-step/2).Unix(), x)
		}
	}
}

// fromVersion2 reads the usual sizes of deviations, each of which had a weight of its own in version 2.
func fromVersion2(p *foreshock.Profile, data []byte) error {
	var old struct {
		Profile struct {
			Metrics [foreshock.NumMetrics]*struct {
				Rarity struct {
					Size [surprise.NumScales]struct{ Mean, Weight float64 }
				}
			}
		}
	}
	if err := decoding.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("version 2: %w", err)
	}
	for m, mp := range p.Metrics {
		if mp == nil || old.Profile.Metrics[m] == nil {
			continue
		}
		for i, size := range old.Profile.Metrics[m].Rarity.Size {
			mp.Rarity.Sizes[i], mp.Rarity.SizeWeight = size.Mean, size.Weight
		}
	}
	return nil
}
