package redis

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// patience is how many timeouts one call may take in all: to find the server, to dial, and to send and to be answered, twice.
const patience = 5

// bound takes care that a call ends soon when no server answers. The client's own defaults add up to minutes: it dials five times
// for each of four tries, and asks each node of a cluster where the others are.
func bound(o *redis.UniversalOptions, timeout time.Duration) {
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	o.MaxRetries = 1 // a connection that the server closed is noticed only when it is used
	o.MinRetryBackoff, o.MaxRetryBackoff = 8*time.Millisecond, 100*time.Millisecond
	o.PoolSize = 8
	o.DisableIdentity = true // a user's ACL need not allow CLIENT SETINFO
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// logTo sends what the client itself has to say, which it says for the whole process, to the log. It repeats itself with
// every failed dial, and the failed calls are reported anyway: so it is for those who look closely.
func logTo(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, args...))
	}
}
