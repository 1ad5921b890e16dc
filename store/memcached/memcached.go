// Package memcached keeps profiles in Memcached. It is a cache: what it evicts, and all that it holds when it is restarted, is
// learned anew; and it cannot list what it holds.
package memcached

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"syscall"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"golang.org/x/sync/errgroup"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/store"
)

// Config is the memcached block of a configuration file.
type Config struct {
	Addresses []string      `yaml:"addresses"` // host:port, or unix:/path; profiles are spread over them
	TLS       *certs.Client `yaml:"tls"`
	Prefix    string        `yaml:"prefix"`          // of all keys; default "foreshock:prof:"
	TTL       time.Duration `yaml:"ttl"`             // after which goes what was not saved again: profiles are at each snapshot, costs of capacity each hour; default 0: never
	Timeout   time.Duration `yaml:"timeout"`         // for one answer; default 500ms
	MaxValue  int           `yaml:"max_value_bytes"` // the server's bound (its flag -I) less 512; default 1 MiB less 512
}

// Factory offers this store to configuration files as "memcached".
var Factory = store.Factory{Name: "memcached", New: func(decode func(any) error, _ store.Env) (store.Profiles, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg)
}}

// itemOverhead is what the server adds to a value: the key, and its own header.
const itemOverhead = 512

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{
		Addresses: []string{"127.0.0.1:11211"}, Prefix: "foreshock:prof:", Timeout: 500 * time.Millisecond, MaxValue: 1<<20 - itemOverhead,
	}
}

func (c Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Addresses) > 0, "addresses is empty; name a server, for example 127.0.0.1:11211")
	for i, a := range c.Addresses {
		path, unix := strings.CutPrefix(a, "unix:")
		check(unix && path != "" || !unix && strings.Contains(a, ":"), "addresses[%d] is %q; write host:port or unix:/path", i, a)
	}
	check(plain(c.Prefix) && len(c.Prefix) <= 128, "prefix %q must be at most 128 bytes, without spaces and control characters", c.Prefix)
	check(c.TTL == 0 || c.TTL >= time.Second, "ttl is %s; it must be 1s or more, or 0 for ever", c.TTL)
	check(c.Timeout >= time.Millisecond && c.Timeout <= time.Minute, "timeout is %s; it must be 1ms to 1m", c.Timeout)
	check(c.MaxValue > 0 && c.MaxValue <= 1<<30, "max_value_bytes is %d; it must be 1 to 1 GiB", c.MaxValue)
	return errors.Join(faults...)
}

// Profiles is a store.Profiles in Memcached.
type Profiles struct {
	cfg    Config
	client *memcache.Client
}

var _ store.Profiles = (*Profiles)(nil)

// New makes a store of the settings. It connects when it is used, so a server that is away now may come later.
func New(c Config) (*Profiles, error) {
	tlsConfig, err := c.TLS.Config()
	if err := errors.Join(c.check(), err); err != nil {
		return nil, err
	}
	client := memcache.NewFromSelector(serversOf(c.Addresses))
	client.Timeout, client.MaxIdleConns = c.Timeout, atOnce
	if tlsConfig != nil {
		client.DialContext = dialTLS(tlsConfig)
	}
	return &Profiles{c, client}, nil
}

const (
	// atOnce is how many values are written at the same time: each waits for its answer.
	atOnce = 8
	// perGet bounds what one question asks for.
	perGet = 200
	// maxKey is the longest key that the protocol allows.
	maxKey = 250
	// hashed stands behind the prefix of a key that is made of an id's hash.
	hashed = "#"
)

// key gives an id's key: the id itself where the protocol allows it, else 128 bits of its SHA-256. Should two ids ever share a key, a
// sealed value says which it belongs to.
func (p *Profiles) key(id foreshock.ID) string {
	if key := p.cfg.Prefix + string(id); len(key) <= maxKey && plain(key) && !strings.HasPrefix(string(id), hashed) {
		return key
	}
	sum := sha256.Sum256([]byte(id))
	return p.cfg.Prefix + hashed + hex.EncodeToString(sum[:16])
}

// plain says whether the text may be in a key.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Get gives the values that are there.
func (p *Profiles) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	found := make(map[foreshock.ID][]byte, len(ids))
	for from := 0; from < len(ids); from += perGet {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := ids[from:min(from+perGet, len(ids))]
		keys := make([]string, len(part))
		for i, id := range part {
			keys[i] = p.key(id)
		}
		var items map[string]*memcache.Item
		err := p.again(func() (err error) {
			items, err = p.client.GetMulti(keys)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("get profiles from memcached: %w", err)
		}
		for i, id := range part {
			if item, ok := items[keys[i]]; ok {
				found[id] = item.Value
			}
		}
	}
	return found, ctx.Err()
}

// Put stores a batch. Values above the bound, of the settings or of the server itself, are left out and named in the error.
func (p *Profiles) Put(ctx context.Context, batch []store.Entry) error {
	expires := expiration(p.cfg.TTL, time.Now())
	tooLarge := make([]error, len(batch))
	err := p.each(ctx, len(batch), func(i int) error {
		e := &batch[i]
		var err error
		if len(e.Value) <= p.cfg.MaxValue {
			if err = p.client.Set(&memcache.Item{Key: p.key(e.ID), Value: e.Value, Expiration: expires}); !refused(err) {
				return err
			}
		}
		tooLarge[i] = fmt.Errorf("put profiles into memcached: %q with its %d bytes is %w: the server's -I and max_value_bytes, %d, bound it", e.ID, len(e.Value), store.ErrTooLarge, p.cfg.MaxValue)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("put profiles into memcached: %w", err)
	}
	return errors.Join(append(tooLarge, err)...)
}

// refused says whether the server found a value too large; the client has no other sign of it.
func refused(err error) bool {
	return err != nil && strings.Contains(err.Error(), "SERVER_ERROR object too large for cache")
}

// Delete removes what is there of the ids.
func (p *Profiles) Delete(ctx context.Context, ids []foreshock.ID) error {
	err := p.each(ctx, len(ids), func(i int) error {
		if err := p.client.Delete(p.key(ids[i])); !errors.Is(err, memcache.ErrCacheMiss) {
			return err
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("delete profiles from memcached: %w", err)
	}
	return err
}

// each does n things, some at once, and ends with the first error, so that a server that is away costs one timeout.
func (p *Profiles) each(ctx context.Context, n int, do func(int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		if within.Err() != nil {
			break
		}
		group.Go(func() error { return p.again(func() error { return do(i) }) })
	}
	return errors.Join(group.Wait(), ctx.Err())
}

// again does something, and once more when the connection was one that the server has closed since it was last used.
func (p *Profiles) again(do func() error) error {
	err := do()
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		_ = p.client.Close() // only what is idle; the client goes on
		err = do()
	}
	return err
}

// expiration is how the protocol writes a time to live: seconds, but a date above thirty days.
func expiration(ttl time.Duration, now time.Time) int32 {
	const relative = 30 * 24 * time.Hour
	switch {
	case ttl <= 0:
		return 0
	case ttl <= relative:
		return int32(ttl / time.Second)
	}
	return int32(min(now.Add(ttl).Unix(), math.MaxInt32))
}

// Range answers store.ErrCannotList.
func (p *Profiles) Range(context.Context, func(store.Entry) error) error { return store.ErrCannotList }

// Close ends the connections.
func (p *Profiles) Close() error { return p.client.Close() }
