package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

// Profiles is a store.Profiles in a bbolt file. A nil *Profiles is one that holds nothing.
type Profiles struct {
	db *bolt.DB
}

var (
	_      store.Profiles = (*Profiles)(nil)
	bucket                = []byte("profiles")
)

// perTransaction bounds what one transaction holds in memory, and how long the others wait for it.
const perTransaction = 2000

// OpenProfiles opens the profiles of a data folder, or makes both. A damaged file is put aside, with a line in the log: what was
// normal is then learned anew.
func OpenProfiles(dir string, log *slog.Logger) (*Profiles, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, profilesName)
	p, err := openProfiles(path, false)
	if err == nil {
		return p, syncFolder(dir)
	}
	if !errors.Is(err, store.ErrDamaged) {
		return nil, err
	}
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405")
	if err := os.Rename(path, aside); err != nil {
		return nil, fmt.Errorf("put damaged profiles aside: %w", err)
	}
	log.Error("profiles are damaged; all is learned anew", "err", err, "aside", aside)
	return openProfiles(path, false)
}

func openProfiles(path string, readOnly bool) (_ *Profiles, err error) {
	defer guard("open", &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if info, err := os.Stat(path); err != nil && (readOnly || !os.IsNotExist(err)) {
		return nil, fmt.Errorf("profiles: %w", err)
	} else if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("profiles %s: not a file", path)
	}
	db, err := bolt.Open(path, 0o640, &bolt.Options{
		Timeout: lockPatience, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType, NoStatistics: true,
	})
	if err != nil {
		return nil, openError(path, err)
	}
	p := &Profiles{db}
	if err := p.check(readOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("profiles %s: %w", path, err), db.Close())
	}
	return p, nil
}

// openError tells a file that is in use, or that the system does not let us open, from one that bbolt does not know.
func openError(path string, err error) error {
	system := syscall.Errno(0)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("profiles %s are in use by another process; stop it, or name another folder", path)
	case errors.As(err, &system):
		return fmt.Errorf("profiles %s: %w", path, err)
	}
	return fmt.Errorf("profiles %s: %w: %w", path, store.ErrDamaged, err)
}

// check finds a file that was cut, and makes the bucket.
func (p *Profiles) check(readOnly bool) error {
	err := p.db.View(func(tx *bolt.Tx) error {
		info, err := os.Stat(p.db.Path())
		if err == nil && info.Size() < tx.Size() {
			return fmt.Errorf("%w: the file has %d bytes of %d", store.ErrDamaged, info.Size(), tx.Size())
		}
		return err
	})
	if err != nil || readOnly {
		return err
	}
	return p.db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
}

// guard turns what bbolt does on a damaged file, which is to panic or to touch memory that has no file behind it, into an error.
// It is deferred.
func guard(what string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s profiles: %w: %v", what, store.ErrDamaged, r)
	}
}

// Get gives copies of the values that are there.
func (p *Profiles) Get(ctx context.Context, ids []foreshock.ID) (_ map[foreshock.ID][]byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer guard("get", &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	found := make(map[foreshock.ID][]byte, len(ids))
	if p == nil {
		return found, nil
	}
	err = p.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		for _, id := range ids {
			if value := b.Get([]byte(id)); value != nil {
				found[id] = append([]byte{}, value...)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("get profiles: %w", err)
	}
	return found, nil
}

// Put stores a batch in synced transactions.
func (p *Profiles) Put(ctx context.Context, batch []store.Entry) error {
	return p.change(ctx, "put", len(batch), func(b *bolt.Bucket, i int) error {
		return b.Put([]byte(batch[i].ID), batch[i].Value)
	})
}

// Delete removes what is there of the ids.
func (p *Profiles) Delete(ctx context.Context, ids []foreshock.ID) error {
	return p.change(ctx, "delete", len(ids), func(b *bolt.Bucket, i int) error {
		return b.Delete([]byte(ids[i]))
	})
}

// change does n changes.
func (p *Profiles) change(ctx context.Context, what string, n int, one func(*bolt.Bucket, int) error) (err error) {
	defer guard(what, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if p == nil {
		return fmt.Errorf("%s profiles: %w", what, bolterrors.ErrDatabaseReadOnly)
	}
	for from := 0; from < n; from += perTransaction {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := p.db.Update(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucket)
			for i := from; i < min(from+perTransaction, n); i++ {
				if err := one(b, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s profiles: %w", what, err)
		}
	}
	return ctx.Err()
}

// Range calls f for each profile with a copy of its value. F may call the store's other methods.
func (p *Profiles) Range(ctx context.Context, f func(store.Entry) error) error {
	var after []byte
	for p != nil {
		page, err := p.page(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := f(e); err != nil {
				return err
			}
		}
		after = []byte(page[len(page)-1].ID)
	}
	return ctx.Err()
}

// page gives some of the profiles behind a key, so that no transaction stays open while others work with them: an open one keeps the
// file from using its free pages.
func (p *Profiles) page(ctx context.Context, after []byte) (page []store.Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer guard("range", &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = p.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		k, v := c.Seek(after)
		if after != nil && string(k) == string(after) {
			k, v = c.Next()
		}
		for ; k != nil && len(page) < 500; k, v = c.Next() {
			page = append(page, store.Entry{ID: foreshock.ID(k), Value: append([]byte{}, v...)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("range profiles: %w", err)
	}
	return page, nil
}

// Close gives the file back.
func (p *Profiles) Close() error {
	if p == nil {
		return nil
	}
	return p.db.Close()
}
