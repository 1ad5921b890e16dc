package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// cloud takes actions down, and reads resources by the clock, as a provider's API does.
type cloud struct{ taken []foreshock.Action }

func (c *cloud) Submit(a foreshock.Action) error {
	c.taken = append(c.taken, a)
	return nil
}

func (c *cloud) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	r := foreshock.Resource{Target: target, Name: resource, At: time.Now(), Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 1e6, Down: true}}}
	r.Allocated.Set(foreshock.DimIOPS, 1000)
	return r, nil
}

// A source tells what was read minutes ago, and at start of a day. Of what is past nothing is done; what is as new as the source can be is acted on in time.
func TestDataThatComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		provider := new(cloud)
		s, o := leaving(t, provider)
		s.Policies[0].Mode, o.Forget, o.Owners = foreshock.Auto, 0, 1
		p := pipeline.New(s, o)
		go func() { _ = p.Run(ctx) }()
		const lag, period, past = 5 * time.Minute, time.Minute, 24 * time.Hour
		h, err := p.Register("vol/a", ingest.About{Source: "test", Step: period, Lateness: lag + 2*period})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // the resource is read
		synctest.Wait()
		begin := time.Now().Add(-past)
		push := func(i int) {
			list := readings(h, begin, i)
			if i > 22*60 {
				list[0].Value, list[1].Value = 999, 0.2 // all that there is, for the last two hours
			}
			if err := p.Push(ctx, list); err != nil {
				t.Fatal(err)
			}
		}
		old := int((past - lag) / period)
		for i := range old {
			push(i)
		}
		synctest.Wait()
		if late := int((lag + 8*period) / period); len(provider.taken) > late {
			t.Errorf("%d actions on what is past", len(provider.taken))
		}
		for _, a := range provider.taken {
			if ago := time.Since(a.Evidence); ago > lag+8*period {
				t.Errorf("an action on what was %s ago", ago)
			}
		}
		taken := 0
		for i := old; i < old+60; i++ {
			provider.taken = nil
			push(i)
			time.Sleep(period)
			synctest.Wait()
			taken += len(provider.taken)
			for _, a := range provider.taken {
				if !a.Expires.After(time.Now()) {
					t.Errorf("an action on what was %s ago is no longer valid since %s", time.Since(a.Evidence), time.Since(a.Expires))
				}
			}
		}
		if taken == 0 {
			t.Error("nothing was done in an hour in which there was too little")
		}
		cancel()
		synctest.Wait()
	})
}
