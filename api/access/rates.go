package access

import (
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/api/problem"
	"golang.org/x/time/rate"
)

// Rates bound how often one caller may call, in requests a second; at once it may make twice as many.
type Rates struct {
	Requests float64 `yaml:"requests"` // of a caller, but for samples; default 50
	Push     float64 `yaml:"push"`     // of a caller, of samples; default 1000
	Failures float64 `yaml:"failures"` // of an address that shows what is not valid; default 1, at once at least 20
}

var defaultRates = Rates{Requests: 50, Push: 1000, Failures: 1}

func (r *Rates) check() error {
	if !(r.Requests > 0 && r.Push > 0 && r.Failures > 0) {
		return errors.New("rates: requests, push and failures are requests a second, above 0; leave one out for its default")
	}
	return nil
}

// slow refuses a caller that calls too often. Where callers cannot be told apart, none is.
func (g *Guard) slow(w http.ResponseWriter, c Caller, role Role) error {
	if g.open {
		return nil
	}
	limit, key := g.config.Rates.Requests, c.Name
	if role == Push {
		limit, key = g.config.Rates.Push, "push "+c.Name
	}
	wait := g.rates.take(key, limit, int(math.Ceil(2*limit)), time.Now())
	if wait == 0 {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	return problem.New(http.StatusTooManyRequests, "%s calls more than %g times a second; access.rates says how often one may", c.Name, limit)
}

// failed counts against an address what it shows that is not valid, and gives err, or that there was too much. What is valid is let in, whatever
// else came from its address.
func (g *Guard) failed(r *http.Request, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		return err
	}
	limit := g.config.Rates.Failures
	if g.failures.take(address(r), limit, max(20, int(math.Ceil(2*limit))), time.Now()) > 0 {
		return tooMany(r)
	}
	return err
}

// mayTry refuses an address that has failed too often, before work is done for it.
func (g *Guard) mayTry(r *http.Request) error {
	if g.failures.empty(address(r), time.Now()) {
		return tooMany(r)
	}
	return nil
}

func tooMany(r *http.Request) error {
	return problem.New(http.StatusTooManyRequests, "%s has shown too much that is not valid; try again in a while", address(r))
}

// address is where a request comes from. What headers say of that is not believed.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// limiter holds a token bucket for each key. Its memory is bounded: full buckets are forgotten, and when too many are not full, all are.
type limiter struct {
	mu      sync.Mutex // guards buckets
	buckets map[string]*rate.Limiter
}

const mostBuckets = 10_000

func newLimiter() *limiter { return &limiter{buckets: map[string]*rate.Limiter{}} }

// take takes one from the bucket of a key, or says how long to wait for one.
func (l *limiter) take(key string, limit float64, burst int, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		l.shrink(now)
		b = rate.NewLimiter(rate.Limit(limit), burst)
		l.buckets[key] = b
	}
	reservation := b.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// empty says whether the bucket of a key has nothing.
func (l *limiter) empty(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	return b != nil && b.TokensAt(now) < 1
}

func (l *limiter) shrink(now time.Time) {
	if len(l.buckets) < mostBuckets {
		return
	}
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= mostBuckets {
		clear(l.buckets)
	}
}
