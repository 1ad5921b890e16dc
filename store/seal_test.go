package store_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

func TestSeal(t *testing.T) {
	f := func(id foreshock.ID, version uint32, payload []byte) {
		t.Helper()
		data := store.Seal(id, version, payload)
		gotVersion, got, err := store.Open(id, data)
		if err != nil || gotVersion != version || !bytes.Equal(got, payload) {
			t.Fatalf("got version %d, %d bytes, %v; want version %d, %d bytes", gotVersion, len(got), err, version, len(payload))
		}
		if len(data) != len(payload)+store.SealOverhead {
			t.Errorf("overhead is %d bytes, want %d", len(data)-len(payload), store.SealOverhead)
		}
	}
	f("disk/vda", 1, []byte("payload"))
	f("disk/vda", 0, nil)
	f("", 1<<32-1, make([]byte, 1<<20))
}

func TestOpenNotices(t *testing.T) {
	const id = foreshock.ID("disk/vda")
	payload := make([]byte, 300)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(payload)
	sealed := store.Seal(id, 3, payload)
	damaged := func(id foreshock.ID, data []byte, what string, at int) {
		t.Helper()
		if _, got, err := store.Open(id, data); !errors.Is(err, store.ErrDamaged) || got != nil {
			t.Fatalf("%s at %d: got %d bytes and %v, want ErrDamaged", what, at, len(got), err)
		}
	}
	for i := range sealed {
		damaged(id, sealed[:i], "cut", i)
		damaged(id, sealed[i+1:], "cut in front", i)
		for flip := 1; flip < 256; flip++ {
			data := bytes.Clone(sealed)
			data[i] ^= byte(flip)
			damaged(id, data, "flip", i)
		}
	}
	damaged(id, append(bytes.Clone(sealed), 0), "one byte more", len(sealed))
	damaged("disk/vdb", sealed, "another workload", 0)
	damaged("tenant-b/disk/vda", sealed, "another tenant", 0)
	damaged(id, nil, "nothing", 0)
}

// Whatever bytes a store answers, Open neither panics nor takes what was not sealed for the id.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add(store.Seal("a", 1, []byte("payload")))
	f.Add(store.Seal("b", 1, []byte("payload")))
	f.Fuzz(func(t *testing.T, data []byte) {
		version, payload, err := store.Open("a", data)
		if err == nil && !bytes.Equal(store.Seal("a", version, payload), data) {
			t.Errorf("%x was taken", data)
		}
	})
}
