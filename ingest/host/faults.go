package host

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"syscall"

	"github.com/foreshock-io/foreshock/ingest"
)

// dropUnreadable counts files that were there and could not be read.
const dropUnreadable ingest.Drop = "unreadable"

// faults counts what goes wrong and says each cause once.
type faults struct {
	log   *slog.Logger
	drops *ingest.Drops
	said  map[string]bool
}

// report counts one fault. The cause is one of a fixed few texts.
func (f *faults) report(cause string, reason ingest.Drop, err error) {
	f.drops.Add(name, reason, 1)
	f.once(slog.LevelWarn, cause, err)
}

// once says a cause if it was not said before.
func (f *faults) once(level slog.Level, cause string, err error) {
	if f.said == nil {
		f.said = map[string]bool{}
	}
	if !f.said[cause] {
		f.said[cause] = true
		f.log.Log(context.Background(), level, cause, "err", err)
	}
}

// gone says whether a file is not there (any more): a device or a control group was removed, or the kernel has no such file.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV)
}
