package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/memcached"
	"github.com/foreshock-io/foreshock/store/redis"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// servers are real ones, with what opens a store in each. Clients are opened where the test's time passes; the servers have their own.
func servers(t *testing.T) map[string]func(t *testing.T, bound int) store.Profiles {
	t.Helper()
	listen := func(program, hint string, args func(port string) []string) string {
		port := fmt.Sprint(storetest.Port(t))
		address := "127.0.0.1:" + port
		storetest.NewServer(t, program, hint, func() error { return storetest.Dial(address) }, args(port)...).Start(t)
		return address
	}
	opened := func(t *testing.T, p store.Profiles, err error) store.Profiles {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ofRedis := listen("redis-server", "apt-get install redis-server", func(port string) []string {
		return []string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir()}
	})
	ofMemcached := listen("memcached", "apt-get install memcached", func(port string) []string {
		return []string{"-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "root"}
	})
	return map[string]func(*testing.T, int) store.Profiles{
		"redis": func(t *testing.T, _ int) store.Profiles {
			c := redis.Defaults()
			c.Addresses, c.Timeout = []string{ofRedis}, time.Minute
			p, err := redis.New(c)
			return opened(t, p, err)
		},
		"memcached": func(t *testing.T, bound int) store.Profiles {
			c := memcached.Defaults()
			c.Addresses, c.Timeout = []string{ofMemcached}, time.Minute
			if bound > 0 {
				c.MaxValue = bound
			}
			p, err := memcached.New(c)
			return opened(t, p, err)
		},
	}
}

// TestCostsInStores: what capacity has cost survives a kill and a stop in real servers.
func TestCostsInStores(t *testing.T) {
	for name, open := range servers(t) {
		synctest.Test(t, func(t *testing.T) {
			first := startCosting(t, open(t, 0), nil)
			first.watch(250)
			wasSeen, _, _ := first.knows()
			goesOn := func(lost int) {
				t.Helper()
				c := startCosting(t, open(t, 0), nil)
				time.Sleep(time.Second)
				if seen, _, ok := c.knows(); !ok || seen < wasSeen-lost {
					t.Errorf("%s: it has seen %d of %d minutes, advice %v; its log says %s", name, seen, wasSeen, ok, c.log.String())
				}
				c.stop()
			}
			goesOn(60) // as if the first were killed now
			first.stop()
			goesOn(0)
		})
	}
}

// TestCostsTooLarge: rehearsals that have become too large for the store are told of once an hour, the last one that was not stays, and nothing else is lost.
func TestCostsTooLarge(t *testing.T) {
	open := servers(t)["memcached"]
	synctest.Test(t, func(t *testing.T) {
		first := startCosting(t, open(t, 6800), nil)
		first.watch(800)
		wasSeen, _, _ := first.knows()
		log := first.log.String()
		if n := strings.Count(log, "a rehearsal cannot be saved"); n < 2 || n > 10 || strings.Count(log, "too large for the store") != n || strings.Count(log, "level=WARN") != n {
			t.Errorf("the log says %s", log)
		}
		first.stops(store.ErrTooLarge)
		second := startCosting(t, open(t, 0), nil)
		time.Sleep(time.Second)
		if seen, _, ok := second.knows(); !ok || seen < 120 || seen > wasSeen-60 {
			t.Errorf("%d of %d minutes are seen, advice %v", seen, wasSeen, ok)
		}
		var steps int64
		second.p.ask(volumeID, func(_ *owner, w *workload) { steps = w.profile.Steps })
		synctest.Wait()
		if steps < 799 {
			t.Errorf("of the profile %d steps were kept", steps)
		}
		second.stop()
	})
}
