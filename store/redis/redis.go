// Package redis keeps profiles in Redis, Valkey, or what speaks their protocol: one server, a cluster, or servers that Sentinel
// watches. What Redis evicts or loses is learned anew.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/store"
)

// Config is the redis block of a configuration file.
type Config struct {
	Addresses    []string      `yaml:"addresses"`     // host:port, or unix:/path; several are a cluster's, or Sentinels
	Cluster      bool          `yaml:"cluster"`       // one address is that of a cluster too; several are always, unless master is set
	Master       string        `yaml:"master"`        // name of the master that Sentinel knows; the addresses are the Sentinels'
	DB           int           `yaml:"db"`            // database number; not with a cluster
	Username     string        `yaml:"username"`      // ACL user
	Password     string        `yaml:"password"`      // better in a file, or as ${env:NAME}
	PasswordFile string        `yaml:"password_file"` // read anew for each connection
	Sentinel     Sentinel      `yaml:"sentinel"`      // for the Sentinels themselves
	TLS          *certs.Client `yaml:"tls"`
	Prefix       string        `yaml:"prefix"`  // of all keys; default "foreshock:prof:"
	TTL          time.Duration `yaml:"ttl"`     // after which goes what was not saved again: profiles are at each snapshot, costs of capacity each hour; default 0: never
	Timeout      time.Duration `yaml:"timeout"` // for one answer; default 2s
}

// Sentinel is how to log in to the Sentinels.
type Sentinel struct {
	Username     string `yaml:"username"`
	Password     string `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Factory offers this store to configuration files as "redis".
var Factory = store.Factory{Name: "redis", New: func(decode func(any) error, env store.Env) (store.Profiles, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if env.Log != nil {
		logTo(env.Log)
	}
	return New(cfg)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{Addresses: []string{"127.0.0.1:6379"}, Prefix: "foreshock:prof:", Timeout: 2 * time.Second}
}

func (c Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Addresses) > 0, "addresses is empty; name a server, for example 127.0.0.1:6379")
	unix := false
	for i, a := range c.Addresses {
		path, is := strings.CutPrefix(a, "unix:")
		unix = unix || is
		check(is && path != "" || !is && strings.Contains(a, ":"), "addresses[%d] is %q; write host:port or unix:/path", i, a)
	}
	check(!unix || len(c.Addresses) == 1 && c.Master == "", "a unix socket is that of one server; name no other address, and no master")
	check(c.Master == "" || !c.Cluster, "master (Sentinel) and cluster exclude each other")
	check(c.DB == 0 || !c.cluster(), "db is %d; a cluster has only database 0", c.DB)
	check(c.DB >= 0, "db is %d; it must not be negative", c.DB)
	check(c.Password == "" || c.PasswordFile == "", "password and password_file exclude each other")
	check(c.Sentinel.Password == "" || c.Sentinel.PasswordFile == "", "sentinel.password and sentinel.password_file exclude each other")
	check(c.TTL == 0 || c.TTL >= time.Second, "ttl is %s; it must be 1s or more, or 0 for ever", c.TTL)
	check(c.Timeout >= time.Millisecond && c.Timeout <= time.Minute, "timeout is %s; it must be 1ms to 1m", c.Timeout)
	return errors.Join(faults...)
}

func (c Config) cluster() bool { return c.Cluster || len(c.Addresses) > 1 && c.Master == "" }

// password gives the password as it is now.
func password(text, file string) (string, error) {
	if file == "" {
		return text, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("password_file: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Profiles is a store.Profiles in Redis.
type Profiles struct {
	cfg    Config
	client redis.UniversalClient
}

var _ store.Profiles = (*Profiles)(nil)

// New makes a store of the settings. It connects when it is used, so a server that is away now may come later.
func New(c Config) (*Profiles, error) {
	tlsConfig, err := c.TLS.Config()
	_, noPassword := password(c.Password, c.PasswordFile)
	sentinelPassword, noSentinel := password(c.Sentinel.Password, c.Sentinel.PasswordFile)
	if err := errors.Join(c.check(), err, noPassword, noSentinel); err != nil {
		return nil, err
	}
	addresses := make([]string, len(c.Addresses))
	for i, a := range c.Addresses {
		addresses[i] = strings.TrimPrefix(a, "unix:") // a path needs no mark: it begins with /
	}
	options := &redis.UniversalOptions{
		Addrs: addresses, IsClusterMode: c.cluster(), MasterName: c.Master, DB: c.DB, TLSConfig: tlsConfig,
		CredentialsProviderContext: func(context.Context) (string, string, error) {
			p, err := password(c.Password, c.PasswordFile)
			return c.Username, p, err
		},
		SentinelUsername: c.Sentinel.Username, SentinelPassword: sentinelPassword,
	}
	bound(options, c.Timeout)
	return &Profiles{c, redis.NewUniversalClient(options)}, nil
}

// perCall bounds the commands of one pipeline, and bytesPerCall what they carry; the client then waits for the answers.
const (
	perCall      = 500
	bytesPerCall = 4 << 20
)

func (p *Profiles) key(id foreshock.ID) string { return p.cfg.Prefix + string(id) }

// Get gives the values that are there.
func (p *Profiles) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	found := make(map[foreshock.ID][]byte, len(ids))
	for from := 0; from < len(ids); from += perCall {
		part := ids[from:min(from+perCall, len(ids))]
		if err := p.get(ctx, p.client, part, found); err != nil {
			return nil, fmt.Errorf("get profiles from redis: %w", err)
		}
	}
	return found, ctx.Err()
}

func (p *Profiles) get(ctx context.Context, client redis.Cmdable, ids []foreshock.ID, found map[foreshock.ID][]byte) error {
	answers := make([]*redis.StringCmd, len(ids))
	err := p.pipe(ctx, client, func(pipe redis.Pipeliner) {
		for i, id := range ids {
			answers[i] = pipe.Get(ctx, p.key(id))
		}
	})
	if err != nil {
		return err
	}
	for i, a := range answers {
		value, err := a.Bytes()
		switch {
		case errors.Is(err, redis.Nil):
		case err != nil:
			return err
		default:
			found[ids[i]] = value
		}
	}
	return nil
}

// pipe sends the commands together; the client splits them by a cluster's slots. Where any but a missing value fails, so does pipe.
func (p *Profiles) pipe(ctx context.Context, client redis.Cmdable, fill func(redis.Pipeliner)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, patience*p.cfg.Timeout)
	defer cancel()
	pipe := client.Pipeline()
	fill(pipe)
	commands, err := pipe.Exec(within)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil || !errors.Is(err, redis.Nil) {
		return err
	}
	for _, c := range commands { // the first error was a missing value; there may be others behind it
		if err := c.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// Put stores a batch. A value that the server may refuse goes after the others and alone: a server that is sent one above its bound closes the connection.
func (p *Profiles) Put(ctx context.Context, batch []store.Entry) error {
	small := slices.DeleteFunc(slices.Clone(batch), refusable)
	for len(small) > 0 {
		n, size := 0, 0
		for n < min(len(small), perCall) && (n == 0 || size+len(small[n].Value) <= bytesPerCall) {
			size += len(small[n].Value)
			n++
		}
		if err := p.set(ctx, small[:n]); err != nil {
			return fmt.Errorf("put profiles into redis: %w", err)
		}
		small = small[n:]
	}
	var errs []error
	for _, e := range batch {
		if refusable(e) {
			errs = append(errs, p.putLarge(ctx, e))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// leastBound is the least that a server's proto-max-bulk-len can be.
const leastBound = 1 << 20

func refusable(e store.Entry) bool { return len(e.Value) > leastBound }

func (p *Profiles) set(ctx context.Context, entries []store.Entry) error {
	return p.pipe(ctx, p.client, func(pipe redis.Pipeliner) {
		for _, e := range entries {
			pipe.Set(ctx, p.key(e.ID), e.Value, p.cfg.TTL)
		}
	})
}

// putLarge stores a value that the server may refuse, by an answer or by closing the connection. That it does and is not away shows when it is asked.
func (p *Profiles) putLarge(ctx context.Context, e store.Entry) error {
	err := p.set(ctx, []store.Entry{e})
	if err == nil || ctx.Err() != nil {
		return err
	}
	if p.client.Ping(ctx).Err() != nil {
		return fmt.Errorf("put profiles into redis: %w", err)
	}
	return fmt.Errorf("put profiles into redis: %q with its %d bytes is %w: raise the server's proto-max-bulk-len and what else bounds it: %w", e.ID, len(e.Value), store.ErrTooLarge, err)
}

// Delete removes what is there of the ids.
func (p *Profiles) Delete(ctx context.Context, ids []foreshock.ID) error {
	for from := 0; from < len(ids); from += perCall {
		err := p.pipe(ctx, p.client, func(pipe redis.Pipeliner) {
			for _, id := range ids[from:min(from+perCall, len(ids))] {
				pipe.Del(ctx, p.key(id))
			}
		})
		if err != nil {
			return fmt.Errorf("delete profiles from redis: %w", err)
		}
	}
	return ctx.Err()
}

// Range calls f for each profile, one at a time. It looks through all keys of each master, those of others too.
func (p *Profiles) Range(ctx context.Context, f func(store.Entry) error) error {
	var caller error // what f answered
	var mu sync.Mutex
	seen := map[foreshock.ID]bool{} // a scan may name a key twice
	master := func(ctx context.Context, client *redis.Client) error {
		return p.scan(ctx, client, func(e store.Entry) error {
			mu.Lock()
			defer mu.Unlock()
			if caller != nil || seen[e.ID] {
				return caller
			}
			seen[e.ID] = true
			caller = f(e)
			return caller
		})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	switch client := p.client.(type) {
	case *redis.ClusterClient:
		err = client.ForEachMaster(ctx, master)
	case *redis.Client:
		err = master(ctx, client)
	}
	switch {
	case caller != nil:
		return caller
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("range profiles in redis: %w", err)
	}
	return nil
}

// scan goes through the profiles of one server.
func (p *Profiles) scan(ctx context.Context, client *redis.Client, f func(store.Entry) error) error {
	pattern := glob.Replace(p.cfg.Prefix) + "*"
	for cursor := uint64(0); ; {
		within, cancel := context.WithTimeout(ctx, patience*p.cfg.Timeout)
		keys, next, err := client.Scan(within, cursor, pattern, perCall).Result()
		cancel()
		if err != nil {
			return err
		}
		ids := make([]foreshock.ID, len(keys))
		for i, k := range keys {
			ids[i] = foreshock.ID(strings.TrimPrefix(k, p.cfg.Prefix))
		}
		values := make(map[foreshock.ID][]byte, len(ids))
		if err := p.get(ctx, client, ids, values); err != nil {
			return err
		}
		for id, value := range values {
			if err := f(store.Entry{ID: id, Value: value}); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// glob takes the meaning from characters that have one in a pattern.
var glob = strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `\`, `\\`)

// Close ends the connections.
func (p *Profiles) Close() error { return p.client.Close() }
